import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { processIdentity } from './process-identity.ts';

/**
 * One head for a state folder. The lock is a file that names its holder: a link of a file that was written whole, so
 * that one of two starts makes it and nobody reads half of it. That of a process that is gone is taken away by whoever
 * makes a folder named after that process: one of all who see it, so that nobody takes a newer lock away by mistake.
 */

const holderSchema = z.object({ pid: z.number().int(), startTicks: z.number(), bootId: z.string() });
type Holder = z.infer<typeof holderSchema>;

export interface StateLock {
  /** Gives it back; somebody else's stays. */
  release(): void;
}

export class LockTaken extends Error {
  override name = 'LockTaken';
  readonly pid: number;
  constructor(folder: string, pid: number) {
    super(`another head (pid ${pid}) has just been started with the state folder ${folder}`);
    this.pid = pid;
  }
}

const TRIES = 100;
const PAUSE_MS = 50;
/** A start that was killed while it took a lock away leaves its folder. */
const BROKEN_MS = 10_000;

const lockPath = (folder: string) => join(folder, 'lock');

function readHolder(folder: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(lockPath(folder), 'utf8')));
  } catch {
    return null;
  }
}

const isSame = (a: Holder, b: Holder) =>
  a.pid === b.pid && a.startTicks === b.startTicks && a.bootId === b.bootId;

function isAlive(holder: Holder): boolean {
  const found = processIdentity(holder.pid);
  return found !== null && isSame({ pid: holder.pid, ...found }, holder);
}

/** The process that holds the lock now; null for nobody. */
export function lockHolder(folder: string): number | null {
  const holder = readHolder(folder);
  return holder !== null && isAlive(holder) ? holder.pid : null;
}

/** True where the file did not exist and does now. */
function makeLock(folder: string, own: Holder): boolean {
  const draft = join(folder, `lock.${own.pid}`);
  writeFileSync(draft, `${JSON.stringify(own)}\n`, { mode: 0o600 });
  try {
    linkSync(draft, lockPath(folder));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

function isOldFolder(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > BROKEN_MS;
  } catch {
    return false;
  }
}

/** Takes a dead process's lock away, or one that cannot be read. */
function clearLock(folder: string, dead: Holder | null): void {
  const turn = join(folder, `lock.clearing.${dead?.pid ?? 0}.${dead?.startTicks ?? 0}`);
  try {
    mkdirSync(turn);
  } catch {
    if (isOldFolder(turn)) rmdirSync(turn);
    return;
  }
  try {
    const found = readHolder(folder);
    const isStill = dead === null ? found === null : found !== null && isSame(found, dead);
    if (isStill) renameSync(lockPath(folder), `${turn}/lock`);
  } catch {
    // It has gone meanwhile.
  } finally {
    rmSync(turn, { recursive: true, force: true });
  }
}

/** Takes the lock of a state folder. Throws `LockTaken` where a living process has it. */
export async function takeStateLock(folder: string): Promise<StateLock> {
  const own = { pid: process.pid, ...(processIdentity(process.pid) ?? { startTicks: 0, bootId: '' }) };
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (makeLock(folder, own)) {
      return {
        release() {
          const found = readHolder(folder);
          if (found !== null && isSame(found, own)) rmSync(lockPath(folder), { force: true });
        },
      };
    }
    const holder = readHolder(folder);
    if (holder !== null && isAlive(holder)) throw new LockTaken(folder, holder.pid);
    clearLock(folder, holder);
    await sleep(PAUSE_MS * Math.random());
  }
  throw new Error(`${lockPath(folder)} can neither be taken nor cleared; remove it if no head runs`);
}
