import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openOwnFile } from './own-file.ts';
import type { Sqlite } from './sqlite.ts';

/** Gives it back. */
export type Unlock = () => void;

/**
 * One head for a folder: two would close each other's half hours. The lock is one of the file system, so that none is left
 * by a head that was killed. Throws a sentence where somebody has it, or where the folder cannot be used.
 */
export function lockFolder(sqlite: Sqlite, folder: string): Unlock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    const { database } = openOwnFile(sqlite, join(folder, 'lock'), (file) =>
      file.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE'),
    );
    return () => database.close();
  } catch (error) {
    if (!(error instanceof Error) || !/database is locked/.test(error.message)) throw error;
    throw new Error(
      `another head has its history in ${folder}; end it, or name another folder in [history] dir`,
    );
  }
}
