import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The accounts where a key alone got in last: `ann@10.0.0.1:22`. A server that has taken a key and then wants a password
 * may be another one than it was, and gets none unless a person says so.
 */
export interface KeyLogins {
  has(accountId: string): boolean;
  add(accountId: string): void;
  remove(accountId: string): void;
  /** Writes what has changed. */
  dispose(): void;
}

const SAVE_AFTER_MS = 1_000;
const MAX_ACCOUNTS = 50_000;
const MAX_ID_LENGTH = 600;

function read(file: string): Set<string> {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const ids = Array.isArray(found) ? (found as unknown[]) : [];
    return new Set(ids.filter((id): id is string => typeof id === 'string').slice(-MAX_ACCOUNTS));
  } catch {
    return new Set();
  }
}

function write(file: string, ids: ReadonlySet<string>): void {
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, `${JSON.stringify([...ids], null, 1)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, file);
  } catch {
    // It is kept in memory all the same, as long as this head runs.
    remove(temporary);
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It never was.
  }
}

/** `file` stands in a folder of our own; null keeps all in memory. Several processes may share it. */
export function createKeyLogins(file: string | null): KeyLogins {
  const known = file === null ? new Set<string>() : read(file);
  /** Since the last writing: true for those that came, false for those that went. */
  const changes = new Map<string, boolean>();
  let timer: NodeJS.Timeout | null = null;

  function save(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (file === null || changes.size === 0) return;
    // Another process may have written meanwhile.
    const ids = read(file);
    for (const [id, isIn] of changes) {
      ids.delete(id);
      if (isIn) ids.add(id);
    }
    changes.clear();
    write(file, new Set([...ids].slice(-MAX_ACCOUNTS)));
  }

  function change(id: string, isIn: boolean): void {
    if (known.has(id) === isIn || id.length > MAX_ID_LENGTH) return;
    if (isIn) known.add(id);
    else known.delete(id);
    changes.set(id, isIn);
    timer ??= setTimeout(save, SAVE_AFTER_MS).unref();
  }

  return {
    has: (id) => known.has(id),
    add: (id) => change(id, true),
    remove: (id) => change(id, false),
    dispose: save,
  };
}
