import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import { headLimitOf } from '../head-limits.ts';

/** One IdentityFile, as far as it can be used. */
export interface IdentityFile {
  path: string;
  /** The public half in base64, where it is known: it is how a key of the agent is recognised. */
  publicKey: string | null;
  type: string | null;
  privateKey: ParsedKey | null;
  /** Why the private half cannot be used. */
  problem: string | null;
  /** What a passphrase opens; null where it needs none. */
  encrypted: string | null;
  /** One of the names that ssh tries without being told, and it is not there. */
  absentDefault: boolean;
}

const MAX_BYTES = 64 * 1024;
const DEFAULT_NAMES = /^id_(rsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|xmss|dsa)$/;
const KEY_MAGIC = 'openssh-key-v1\0';

/** The text of a file that may be a key; null where it cannot be one. Rejects where the head can open no file. */
export async function readSmall(path: string): Promise<string | null> {
  try {
    const { size, isFile } = await stat(path).then((found) => ({ size: found.size, isFile: found.isFile() }));
    return isFile && size <= MAX_BYTES ? await readFile(path, 'utf8') : null;
  } catch (error) {
    if (headLimitOf(error) !== null) throw error;
    return null;
  }
}

function parsePublic(text: string): { publicKey: string; type: string } | null {
  const found = /^\s*((?:sk-)?(?:ssh|ecdsa)-[\w.@-]+)\s+([A-Za-z0-9+/=]+)/m.exec(text);
  return found?.[1] && found[2] ? { type: found[1], publicKey: found[2] } : null;
}

/** OpenSSH's own format carries the public half in clear even where the private one is encrypted. */
export function readEmbeddedPublic(text: string): { publicKey: string; type: string } | null {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  if (body === undefined) return null;
  const data = Buffer.from(body, 'base64');
  if (!data.toString('latin1').startsWith(KEY_MAGIC)) return null;
  try {
    let at = KEY_MAGIC.length;
    const next = () => {
      const length = data.readUInt32BE(at);
      const value = data.subarray(at + 4, at + 4 + length);
      at += 4 + length;
      return value;
    };
    for (const _ of ['cipher', 'kdf', 'kdf options']) next();
    at += 4;
    const key = next();
    return { publicKey: key.toString('base64'), type: key.toString('latin1', 4, 4 + key.readUInt32BE(0)) };
  } catch {
    return null;
  }
}

/** ssh ignores a key of one's own that others can read. */
async function findPermissionProblem(path: string, userId: number): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  if (found === null || found.uid !== userId || (found.mode & 0o077) === 0) return null;
  return 'others can read it, so ssh ignores it too: chmod 600';
}

/** What ssh2 signs with where it names no digest itself. */
const usualDigests = new Map<string, string | null>([
  ['ssh-ed25519', null],
  ['ssh-rsa', 'sha1'],
  ['ecdsa-sha2-nistp256', 'sha256'],
  ['ecdsa-sha2-nistp384', 'sha384'],
  ['ecdsa-sha2-nistp521', 'sha512'],
]);

/** ssh2 reads the key's text anew for every signature, which takes ten times as long as an ed25519 signature does. */
function readForSigning(key: ParsedKey): ParsedKey {
  const usual = usualDigests.get(key.type);
  if (usual === undefined) return key;
  const signSlowly = key.sign.bind(key);
  let read: KeyObject | null = null;
  key.sign = (data, digest) => {
    try {
      read ??= createPrivateKey(key.getPrivatePEM());
      return sign(digest ?? usual, Buffer.from(data), read);
    } catch {
      // It answers with an error where this one throws.
      return signSlowly(data, digest);
    }
  };
  return key;
}

type PrivateHalf = { privateKey: ParsedKey } | { problem: string; encrypted: boolean };

/** Reads the private half, with its passphrase where it has one. */
export function parsePrivate(text: string, passphrase?: string): PrivateHalf {
  const parsed = ssh2.utils.parseKey(text, passphrase);
  if (parsed instanceof Error) {
    const encrypted = /encrypted|passphrase/i.test(parsed.message);
    return { problem: encrypted ? 'it has a passphrase' : parsed.message, encrypted };
  }
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!key?.isPrivateKey()) return { problem: 'its private half is not there', encrypted: false };
  return { privateKey: readForSigning(key) };
}

/** Reads one IdentityFile as ssh would. */
export async function readIdentity(path: string, home: string, userId: number): Promise<IdentityFile> {
  const text = await readSmall(path);
  const beside = parsePublic((await readSmall(`${path}.pub`)) ?? '');
  const absentDefault =
    text === null &&
    dirname(path) === join(home, '.ssh') &&
    DEFAULT_NAMES.test(basename(path)) &&
    beside === null;
  const empty = { path, publicKey: null, type: null, privateKey: null, encrypted: null, absentDefault };
  if (text === null) return { ...empty, ...beside, problem: 'it cannot be read' };
  const publicHalf = parsePublic(text) ?? readEmbeddedPublic(text) ?? beside;
  const wrong = parsePublic(text) ? null : await findPermissionProblem(path, userId);
  if (wrong !== null) return { ...empty, problem: wrong };
  const parsed = parsePrivate(text);
  if ('problem' in parsed) {
    const encrypted = parsed.encrypted ? text : null;
    return { ...empty, ...publicHalf, problem: parsed.problem, encrypted };
  }
  const { privateKey } = parsed;
  const publicKey = privateKey.getPublicSSH().toString('base64');
  return { ...empty, publicKey, type: privateKey.type, privateKey, problem: null };
}
