import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { folderReason } from '../lib/file-reason.ts';
import { ConfigError } from './config.ts';
import { processIdentity } from './process-identity.ts';
import { shortSocketPath } from './socket-path.ts';
import { lockHolder } from './state-lock.ts';

/** The head's own files. */
export interface StateFolder {
  path: string;
  /** Names the head to its monitors; the same for every run with this folder. */
  headId: string;
  /** What changes something needs this token. */
  token: string;
  logPath: string;
  recordPath: string;
  socketPath: string;
  runtimesPath: string;
}

const recordSchema = z.object({
  pid: z.number().int(),
  startTicks: z.number(),
  bootId: z.string(),
  url: z.string(),
  nodeList: z.string(),
  sshConfig: z.string().nullable(),
  demo: z.boolean(),
});
/** What a running head leaves for the commands that look for it. */
export type HeadRecord = z.infer<typeof recordSchema>;

function readSecret(path: string, bytes: number): string | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text.length === 2 * bytes && /^[0-9a-f]+$/.test(text) ? text : null;
  } catch {
    return null;
  }
}

/** False where there is a file already. */
function isLinked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * A file that was cut short is no secret any more: it is made anew. Of several starts at once one makes it, as a link
 * of a file that was written whole, and all read the same.
 */
function secretOf(path: string, bytes: number): string {
  const known = readSecret(path, bytes);
  if (known !== null) return known;
  const made = randomBytes(bytes).toString('hex');
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, `${made}\n`, { mode: 0o600 });
    if (!isLinked(draft, path) && readSecret(path, bytes) === null) renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  const kept = readSecret(path, bytes);
  if (kept === null) throw new Error(`${path} cannot be written`);
  return kept;
}

/** A folder with other things in it is not ours to lock. */
function closeToOthers(path: string): void {
  const names = readdirSync(path);
  if (names.length > 0 && !names.includes('head-id'))
    throw new Error('it is open to others and holds other files');
  chmodSync(path, 0o700);
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    // Node.js says "no such file" here, whatever the system said: of a disk that cannot be written, for instance.
    let missing = path;
    while (!existsSync(dirname(missing))) missing = dirname(missing);
    mkdirSync(missing, { mode: 0o700 });
    throw error;
  }
}

/** Makes the folder with mode 0700 where it is missing. Throws `ConfigError` where it is not ours. */
export function openStateFolder(path: string): StateFolder {
  try {
    makeFolder(path);
    const found = lstatSync(path);
    if (!found.isDirectory() || found.uid !== process.getuid?.())
      throw new Error('it is not a folder of yours');
    if ((found.mode & 0o077) !== 0) closeToOthers(path);
    return {
      path,
      headId: secretOf(join(path, 'head-id'), 6),
      token: secretOf(join(path, 'token'), 24),
      logPath: join(path, 'head.log'),
      recordPath: join(path, 'head.json'),
      socketPath: shortSocketPath(path),
      runtimesPath: join(path, 'runtimes'),
    };
  } catch (error) {
    throw new ConfigError(`state-dir = "${path}" cannot be used: ${folderReason(error)}`);
  }
}

/** Writes which head runs, for commands that look for it; replaced at once. */
export function writeRecord(folder: StateFolder, record: HeadRecord): void {
  const temporary = `${folder.recordPath}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, folder.recordPath);
}

/** Removes what the head with this pid left; record and socket of another one stay, also of one that just starts. */
export function removeRecord(folder: StateFolder, pid: number): void {
  const owner = readRecord(folder)?.pid ?? lockHolder(folder.path) ?? pid;
  if (owner === pid) clearRecord(folder);
}

/** For the holder of the folder's lock: whatever an earlier head left. */
export function clearRecord(folder: StateFolder): void {
  rmSync(folder.recordPath, { force: true });
  rmSync(folder.socketPath, { force: true });
}

/** The record of the last head that did not end in order, or that runs; null without one. */
export function readRecord(folder: StateFolder): HeadRecord | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(folder.recordPath, 'utf8')));
  } catch {
    return null;
  }
}

/** Whether the head of a record runs now. */
export function isRunning(record: HeadRecord): boolean {
  const found = processIdentity(record.pid);
  return found !== null && found.startTicks === record.startTicks && found.bootId === record.bootId;
}
