import { createHash } from 'node:crypto';
import { chownSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  fingerprint,
  keyTypeName,
  orderHostKeyAlgorithms,
  type PublicKey,
  parseWireKey,
  rsaBits,
  sizeProblem,
} from './host-key.ts';
import { judgeHostKey, type KnownKey, knownHostsName, parseFoundKeys } from './known-hosts.ts';
import { hashHostName, knownHostsLine, recordHostKey } from './known-hosts-record.ts';

const types = ['ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256'] as const;
const publicKey = fc.record({
  type: fc.constantFrom(...types),
  base64: fc.constantFrom('AAA1', 'AAA2', 'AAA3', 'AAA4'),
});
const known = fc.array(
  fc.record({
    type: fc.constantFrom(...types),
    base64: fc.constantFrom('AAA1', 'AAA2', 'AAA3', 'AAA4'),
    marker: fc.constantFrom<KnownKey['marker'][]>('none', 'revoked', 'certificate-authority'),
    file: fc.constant('/f'),
    line: fc.nat(),
  }),
);

describe('judgeHostKey', () => {
  it('never lets a revoked key in, whatever else is known', () => {
    fc.assert(
      fc.property(publicKey, known, (key, keys) => {
        const revoked = { ...key, marker: 'revoked' as const, file: '/f', line: 1 };
        expect(judgeHostKey(key, [...keys, revoked]).kind).toBe('revoked');
      }),
    );
  });

  it('says match only for the very same key', () => {
    fc.assert(
      fc.property(publicKey, known, (key, keys) => {
        const verdict = judgeHostKey(key, keys);
        const same = keys.some((other) => other.base64 === key.base64 && other.marker === 'none');
        if (verdict.kind === 'match') expect(same).toBe(true);
        if (same) expect(['match', 'revoked']).toContain(verdict.kind);
      }),
    );
  });

  it('says unknown only where no plain key is known', () => {
    fc.assert(
      fc.property(publicKey, known, (key, keys) => {
        const verdict = judgeHostKey(key, keys);
        if (verdict.kind === 'unknown') expect(keys.every((other) => other.marker !== 'none')).toBe(true);
        const hasAuthority = keys.some((other) => other.marker === 'certificate-authority');
        if (verdict.kind === 'changed') expect(verdict.authorityToo).toBe(hasAuthority);
        if (keys.length === 0) expect(verdict).toEqual({ kind: 'unknown', authorityOnly: false });
      }),
    );
  });
});

describe('host keys', () => {
  it('offers known types first and all others after them', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(['ssh-ed25519', 'rsa-sha2-512', 'ecdsa-sha2-nistp256']),
        fc.subarray([...types]),
        (allowed, seen) => {
          const ordered = orderHostKeyAlgorithms(allowed, seen);
          expect([...ordered].sort()).toEqual([...allowed].sort());
        },
      ),
    );
    expect(orderHostKeyAlgorithms(['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256'], ['ssh-rsa'])).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
    ]);
  });

  it('names and fingerprints keys as ssh does', () => {
    const base64 = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
    const wire = Buffer.from(base64, 'base64');
    expect(parseWireKey(wire)).toEqual({ type: 'ssh-ed25519', base64 });
    expect(fingerprint({ type: 'ssh-ed25519', base64 })).toBe(
      `SHA256:${createHash('sha256').update(wire).digest('base64').replace('=', '')}`,
    );
    expect(
      ['ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp521', 'sk-ssh-ed25519@openssh.com'].map(keyTypeName),
    ).toEqual(['ED25519', 'RSA', 'ECDSA', 'ED25519']);
  });

  it('measures RSA keys as ssh does', () => {
    const key = (bits: number): PublicKey => {
      const made = ssh2.utils.generateKeyPairSync('rsa', { bits });
      return parseWireKey(Buffer.from(made.public.split(' ')[1] ?? '', 'base64'));
    };
    expect(rsaBits(key(1024))).toBe(1024);
    expect(sizeProblem(key(1024), 2048)).toBe('it has 1024 bits, and RequiredRSASize is 2048');
    expect(sizeProblem(key(2048), 2048)).toBeNull();
    fc.assert(fc.property(publicKey, (other) => sizeProblem(other, 4096) === null));
  });

  it('does not choke on a key that is none', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseWireKey(Buffer.from(bytes))));
  });

  it('knows under which name ssh looks', () => {
    expect(knownHostsName({ hostKeyAlias: null, hostName: 'GPU01', port: 22 })).toBe('gpu01');
    expect(knownHostsName({ hostKeyAlias: null, hostName: 'gpu01', port: 2222 })).toBe('[gpu01]:2222');
    expect(knownHostsName({ hostKeyAlias: 'Alias', hostName: 'gpu01', port: 2222 })).toBe('Alias');
  });
});

describe('parseFoundKeys', () => {
  it('reads what ssh-keygen -F prints, markers and hashes included', () => {
    const text = [
      '# Host n1 found: line 1 REVOKED',
      '@revoked * ssh-rsa AAAAB3Nza',
      '# Host n1 found: line 2 CA',
      '@cert-authority *.x,n1 ssh-ed25519 AAAAC3Nza',
      '# Host n1 found: line 7 ',
      '|1|cW6g1aS7C0nRqpDZ3lv=|xUCubYIWFTWYXNG6JXp= ecdsa-sha2-nistp256 AAAAE2Vj # a comment',
      '',
    ].join('\n');
    expect(parseFoundKeys(text, '/k')).toEqual([
      { type: 'ssh-rsa', base64: 'AAAAB3Nza', marker: 'revoked', file: '/k', line: 1 },
      { type: 'ssh-ed25519', base64: 'AAAAC3Nza', marker: 'certificate-authority', file: '/k', line: 2 },
      { type: 'ecdsa-sha2-nistp256', base64: 'AAAAE2Vj', marker: 'none', file: '/k', line: 7 },
    ]);
  });
});

describe('recordHostKey', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const { uid } = userInfo();
  const key = { type: 'ssh-ed25519', base64: 'AAAA' };

  it('writes whole lines, also after a file that ends inside one', async () => {
    const file = join(folder, 'known_hosts');
    writeFileSync(file, 'n1 ssh-ed25519 AAAB', { mode: 0o600 });
    const lines = Array.from({ length: 20 }, (_, index) => knownHostsLine(`h${index}`, key, false));
    await recordHostKey(file, lines[0] ?? '', uid);
    await Promise.all(lines.slice(1).map((line) => recordHostKey(file, line, uid)));
    const written = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(written).toHaveLength(21);
    expect(written.every((line) => /^\w+ ssh-ed25519 AAA[AB]$/.test(line))).toBe(true);
  });

  it('makes file and folder for the user alone', async () => {
    const file = join(folder, 'a', 'known_hosts');
    await recordHostKey(file, 'x ssh-rsa AAAA\n', uid);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
  });

  it('follows the user’s own link', async () => {
    writeFileSync(join(folder, 'real'), '');
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    await recordHostKey(join(folder, 'link'), 'x ssh-rsa AAAA\n', uid);
    expect(readFileSync(join(folder, 'real'), 'utf8')).toBe('x ssh-rsa AAAA\n');
  });

  it.runIf(uid === 0)('does not write to another user’s file', async () => {
    const file = join(folder, 'foreign');
    writeFileSync(file, '');
    chownSync(file, 1234, 1234);
    await expect(recordHostKey(file, 'x\n', uid)).rejects.toThrow('not a file of our own');
  });

  it('hides names as ssh-keygen -H does', () => {
    const salt = Buffer.from('UXO2D2jgb4Ys6XjIFwaqkJwLqEE=', 'base64');
    expect(hashHostName('n1', salt)).toMatch(/^\|1\|UXO2D2jgb4Ys6XjIFwaqkJwLqEE=\|[A-Za-z0-9+/]{27}=$/);
  });
});
