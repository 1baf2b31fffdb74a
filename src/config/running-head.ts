import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileReason } from '../lib/file-reason.ts';
import { ConfigError } from './config-error.ts';
import { processIdentity } from './process-identity.ts';
import { shortSocketPath } from './socket-path.ts';
import type { HeadRecord, StateFolder } from './state-folder.ts';

/**
 * The running head, for commands that ask it. They trust what their own head wrote and need no schema for it; nor do
 * they make a state folder where there is none.
 */

export interface RunningHead {
  record: HeadRecord;
  folder: Pick<StateFolder, 'path' | 'logPath' | 'socketPath' | 'token'>;
}

/** The head that runs with a state folder; null where none does. Throws `ConfigError` for a folder that is not ours. */
export function findRunningHead(path: string): RunningHead | null {
  if (!isOwnFolder(path)) return null;
  const record = readOwnRecord(join(path, 'head.json'));
  if (record === null || !runsNow(record)) return null;
  const folder = {
    path,
    logPath: join(path, 'head.log'),
    socketPath: shortSocketPath(path),
    token: readText(join(path, 'token')) ?? '',
  };
  return { record, folder };
}

/** Whether it is there. In one that others may write to, the socket may be theirs, and it would be given the token. */
function isOwnFolder(path: string): boolean {
  const refuse = (reason: string) => new ConfigError(`state-dir = "${path}" cannot be used: ${reason}`);
  const found = lstatOf(path, refuse);
  if (found === null) return false;
  if (!found.isDirectory() || found.uid !== process.getuid?.()) throw refuse('it is not a folder of yours');
  if ((found.mode & 0o022) !== 0) throw refuse('others may write into it; make it yours alone: chmod 700');
  return true;
}

function lstatOf(path: string, refuse: (reason: string) => ConfigError) {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    throw refuse(fileReason(error));
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

function readOwnRecord(path: string): HeadRecord | null {
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as Partial<HeadRecord> | null;
    const isWhole =
      typeof found?.pid === 'number' && typeof found.startTicks === 'number' && typeof found.url === 'string';
    return isWhole ? (found as HeadRecord) : null;
  } catch {
    return null;
  }
}

/** Whether the process of a record is this very one, and not another with its number. */
function runsNow({ pid, startTicks, bootId }: HeadRecord): boolean {
  const found = processIdentity(pid);
  return found !== null && found.startTicks === startTicks && found.bootId === bootId;
}
