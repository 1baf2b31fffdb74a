import ssh2, { type ParsedKey } from 'ssh2';
import { describe, expect, it } from 'vitest';
import { parsePrivate } from './identities.ts';

const kinds = [
  { name: 'ed25519', digests: [undefined], make: () => ssh2.utils.generateKeyPairSync('ed25519') },
  {
    name: 'rsa',
    digests: [undefined, 'sha256', 'sha512'],
    make: () => ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }),
  },
  ...([256, 384, 521] as const).map((bits) => ({
    name: `ecdsa ${bits}`,
    digests: [undefined],
    make: () => ssh2.utils.generateKeyPairSync('ecdsa', { bits }),
  })),
];

describe('parsePrivate', () => {
  it.each(kinds)('reads a $name key that signs as ssh2 itself does', ({ make, digests }) => {
    const pair = make();
    const parsed = parsePrivate(pair.private);
    if (!('privateKey' in parsed)) throw new Error(parsed.problem);
    const shown = ssh2.utils.parseKey(pair.public) as ParsedKey;
    for (const digest of digests) {
      const data = Buffer.from(`to be signed ${digest}`);
      const signature = parsed.privateKey.sign(data, digest);
      expect(shown.verify(data, signature, digest)).toBe(true);
      expect(shown.verify(Buffer.from('something else'), signature, digest)).toBe(false);
      expect(parsed.privateKey.sign(data.toString(), digest)).toBeInstanceOf(Buffer);
    }
  });

  it('answers with ssh2’s own error where a key cannot sign so', () => {
    const parsed = parsePrivate(ssh2.utils.generateKeyPairSync('ed25519').private);
    if (!('privateKey' in parsed)) throw new Error(parsed.problem);
    expect(parsed.privateKey.sign(Buffer.from('x'), 'no-such-digest')).toBeInstanceOf(Error);
  });
});
