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

/** The size of an RSA key; null for all others, and where it cannot be read. */
export function rsaBits({ type, base64 }: PublicKey): number | null {
  if (type !== 'ssh-rsa') return null;
  const data = Buffer.from(base64, 'base64');
  try {
    const afterType = 4 + data.readUInt32BE(0);
    const afterExponent = afterType + 4 + data.readUInt32BE(afterType);
    const length = data.readUInt32BE(afterExponent);
    const modulus = data.toString('hex', afterExponent + 4, afterExponent + 4 + length);
    return BigInt(`0x${modulus}`).toString(2).length;
  } catch {
    return null;
  }
}

/** What RequiredRSASize has against a key; null for nothing. */
export function sizeProblem(key: PublicKey, requiredRsaBits: number): string | null {
  const bits = rsaBits(key);
  return bits === null || bits >= requiredRsaBits
    ? null
    : `it has ${bits} bits, and RequiredRSASize is ${requiredRsaBits}`;
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
