import { createHash } from 'node:crypto';

/** A public key as known_hosts writes it: `ssh-ed25519 AAAA…`. */
export interface PublicKey {
  type: string;
  base64: string;
}

/** Reads the type out of a key as it comes over the wire. */
export function parseWireKey(key: Buffer): PublicKey {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return { type: key.subarray(4, 4 + length).toString('latin1'), base64: key.toString('base64') };
}

/** As ssh prints it: `SHA256:…`. */
export function fingerprint(key: PublicKey): string {
  const hash = createHash('sha256').update(Buffer.from(key.base64, 'base64')).digest('base64');
  return `SHA256:${hash.replace(/=+$/, '')}`;
}

/** As ssh calls it in its messages: ED25519, RSA, ECDSA. */
export function keyTypeName(type: string): string {
  const name = /^(?:sk-)?(?:ssh|ecdsa)-(ed25519|rsa|dss|sha2)/.exec(type)?.[1] ?? type;
  return name === 'sha2' ? 'ECDSA' : name.toUpperCase();
}

/** The signature algorithms that a server with such a key may offer. */
export function algorithmsOfType(type: string): string[] {
  return type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type];
}

/**
 * Which host key algorithms to ask for, best first. As in ssh, those of the keys that are known come
 * first, so that a server with several keys is not taken for a changed one.
 */
export function orderHostKeyAlgorithms(allowed: readonly string[], knownTypes: Iterable<string>): string[] {
  const known = new Set([...knownTypes].flatMap(algorithmsOfType));
  return [...allowed.filter((name) => known.has(name)), ...allowed.filter((name) => !known.has(name))];
}
