import { createHmac, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PublicKey } from './host-key.ts';

/** A host name as `ssh-keygen -H` hides it. */
export function hashHostName(name: string, salt = randomBytes(20)): string {
  const hash = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${hash}`;
}

/** One line of known_hosts with its line end; `name` is `host` or `[host]:port`. */
export function knownHostsLine(name: string, key: PublicKey, hashed: boolean): string {
  return `${hashed ? hashHostName(name) : name} ${key.type} ${key.base64}\n`;
}

/** A link of one's own is fine (dotfiles are often kept that way), another user's is not. */
async function refuseForeignLink(file: string, userId: number): Promise<void> {
  const found = await lstat(file).catch(() => null);
  if (found?.isSymbolicLink() && found.uid !== userId) throw new Error(`${file} is another user's link`);
}

async function endsInsideLine(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== 0x0a;
}

/** Adds one line to the user's file, made with its folder where missing. Throws with a sentence. */
export async function recordHostKey(file: string, line: string, userId: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await refuseForeignLink(file, userId);
  const handle = await open(file, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.uid !== userId) throw new Error(`${file} is not a file of our own`);
    await handle.write(`${(await endsInsideLine(handle)) ? '\n' : ''}${line}`);
  } finally {
    await handle.close();
  }
}
