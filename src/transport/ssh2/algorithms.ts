import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2';
import { orderHostKeyAlgorithms } from '../host-keys/host-key.ts';
import type { SshSettings } from '../settings/ssh-settings-parse.ts';
import { StepError } from '../ssh-step-error.ts';

/** What ssh2 1.17 can do; it throws at anything else. */
const kexAlgorithms = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group-exchange-sha256',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group15-sha512',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group17-sha512',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group-exchange-sha1',
  'diffie-hellman-group14-sha1',
  'diffie-hellman-group1-sha1',
] as const satisfies readonly KexAlgorithm[];

const hostKeyAlgorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
  'ssh-dss',
] as const satisfies readonly ServerHostKeyAlgorithm[];

const ciphers = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
  'chacha20-poly1305@openssh.com',
  'aes128-cbc',
  'aes192-cbc',
  'aes256-cbc',
  '3des-cbc',
] as const satisfies readonly CipherAlgorithm[];

const macs = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha1-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
  'hmac-sha1',
  'hmac-md5',
  'hmac-sha2-256-96',
  'hmac-sha2-512-96',
  'hmac-sha1-96',
  'hmac-md5-96',
] as const satisfies readonly MacAlgorithm[];

function keepSupported<Name extends string>(
  subject: string,
  allowed: readonly string[],
  supported: readonly Name[],
): Name[] {
  const kept = allowed.flatMap((name) => supported.filter((candidate) => candidate === name));
  if (kept.length > 0) return kept;
  throw new StepError({
    cause: 'key-exchange',
    detail: `of the ${subject} that the ssh configuration allows, none works here`,
  });
}

const isChacha = (name: string) => name.startsWith('chacha20');
const isGcm = (name: string) => name.includes('-gcm@');

/**
 * Among what the configuration allows, AES-GCM first and ChaCha20 last: OpenSSH's default order would
 * choose ChaCha20 for every node, which without ssh2's native addon costs the head a quarter more CPU.
 */
export function orderCiphers<Name extends string>(allowed: readonly Name[]): Name[] {
  const rank = (name: Name) => (isGcm(name) ? 0 : isChacha(name) ? 2 : 1);
  return [...allowed].sort((a, b) => rank(a) - rank(b));
}

/** What to offer the server: the user's own lists as far as ssh2 can, keys that are known first. */
export function chooseAlgorithms(settings: SshSettings, knownTypes: Iterable<string>): Algorithms {
  const hostKeys = keepSupported('host key algorithms', settings.hostKeyAlgorithms, hostKeyAlgorithms);
  return {
    kex: keepSupported('key exchange methods', settings.kexAlgorithms, kexAlgorithms),
    serverHostKey: keepSupported(
      'host key algorithms',
      orderHostKeyAlgorithms(hostKeys, knownTypes),
      hostKeyAlgorithms,
    ),
    cipher: orderCiphers(keepSupported('ciphers', settings.ciphers, ciphers)),
    hmac: keepSupported('MACs', settings.macs, macs),
  };
}
