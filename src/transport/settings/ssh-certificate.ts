/** A certificate of a key, as far as it matters here. */
export interface Certificate {
  path: string;
  /** When it stops counting, by the clock; null where that cannot be read. */
  endsMs: number | null;
}

/** The fields of each type of key, which stand in the middle of its certificate. */
const keyFields = new Map([
  ['ssh-ed25519', 1],
  ['ssh-rsa', 2],
  ['ssh-dss', 4],
  ['ecdsa-sha2-nistp256', 2],
  ['ecdsa-sha2-nistp384', 2],
  ['ecdsa-sha2-nistp521', 2],
  ['sk-ssh-ed25519', 2],
  ['sk-ecdsa-sha2-nistp256', 3],
]);

/** Reads when a certificate stops counting, in epoch milliseconds (PROTOCOL.certkeys); null where it says nothing of it. */
export function parseCertificateEnd(text: string): number | null {
  const found = /^\s*(\S+)-cert-v\d+@openssh\.com\s+([A-Za-z0-9+/=]+)/.exec(text);
  const fields = keyFields.get(found?.[1] ?? '');
  if (fields === undefined) return null;
  const data = Buffer.from(found?.[2] ?? '', 'base64');
  let at = 0;
  const skip = (count: number) => {
    for (let left = count; left > 0; left -= 1) at += 4 + data.readUInt32BE(at);
  };
  try {
    // Type and nonce stand before the key; serial number and kind, id and names, and the beginning behind it.
    skip(2 + fields);
    at += 8 + 4;
    skip(2);
    at += 8;
    return Number(data.readBigUInt64BE(at)) * 1000;
  } catch {
    return null;
  }
}

/** Those that are made anew every day are often a day old. */
export const hasExpired = ({ endsMs }: Certificate) => endsMs !== null && endsMs <= Date.now();
