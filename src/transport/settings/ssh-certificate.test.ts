import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasExpired, parseCertificateEnd } from './ssh-certificate.ts';

/** What ssh-keygen makes of a key of this type. */
function certify(type: string, validity: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
  const keygen = (...args: string[]) => execFileSync('ssh-keygen', ['-q', ...args], { cwd: folder });
  try {
    keygen('-t', 'ed25519', '-N', '', '-f', 'authority');
    keygen('-t', type, '-N', '', '-f', 'key');
    keygen('-s', 'authority', '-I', 'a key', '-n', 'ann,bob', '-V', validity, 'key.pub');
    return readFileSync(join(folder, 'key-cert.pub'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('parseCertificateEnd', () => {
  it.each(['ed25519', 'rsa', 'ecdsa'])('reads the end of a certificate for %s', (type) => {
    const endsMs = parseCertificateEnd(certify(type, '20200101000000Z:20200201000000Z'));
    expect(endsMs).toBe(Date.UTC(2020, 1, 1));
    expect(hasExpired({ path: '', endsMs })).toBe(true);
  });

  it('takes one without an end for good', () => {
    const endsMs = parseCertificateEnd(certify('ed25519', 'always:forever'));
    expect(hasExpired({ path: '', endsMs })).toBe(false);
  });

  it('says nothing of what is no certificate, or not a whole one', () => {
    const whole = certify('ed25519', 'always:forever');
    fc.assert(
      fc.property(fc.nat(200), (length) => {
        expect(parseCertificateEnd(whole.slice(0, length))).toBeNull();
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseCertificateEnd(text)).toBeNull();
      }),
    );
  });
});
