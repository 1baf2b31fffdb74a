import { chmodSync, lstatSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database, Sqlite } from './sqlite.ts';

/** A file that is open, and whether its name still leads to it. */
export interface OwnFile {
  database: Database;
  /** False once somebody has removed it or put another in its place: what is written to it is lost. */
  isInPlace(): boolean;
}

/** File systems of networks, by their magic numbers (linux/magic.h and their own): they share no memory between programs. */
const networkTypes = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x0bd00bd0, 0x47504653, 0x19830326, 0x00c36400,
  0x01021997,
]);

/** Whether other machines may have the folder open too. */
export function isNetworkFolder(folder: string): boolean {
  return networkTypes.has(statfsSync(folder).type >>> 0);
}

const lookAt = (path: string) => lstatSync(path, { throwIfNoEntry: false });

/**
 * Opens a file, which is made where it is missing, for its owner alone, and lets `prepare` do the first things with it.
 * Throws a sentence that begins with its path; a link or a folder of that name is nothing to write to.
 */
export function openOwnFile(sqlite: Sqlite, path: string, prepare: (database: Database) => void): OwnFile {
  const before = lookAt(path);
  if (before !== undefined && !before.isFile()) throw new Error(`${path} is no plain file; move it away`);
  try {
    const database = sqlite.open(path);
    try {
      if (before === undefined) chmodSync(path, 0o600);
      // Without it SQLite keeps an index of its log in memory that several programs share.
      if (isNetworkFolder(dirname(path))) database.exec('PRAGMA locking_mode = EXCLUSIVE');
      prepare(database);
    } catch (error) {
      database.close();
      throw error;
    }
    const opened = lookAt(path);
    return {
      database,
      isInPlace() {
        const now = lookAt(path);
        return now !== undefined && now.ino === opened?.ino && now.dev === opened.dev;
      },
    };
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Whether SQLite says that the file itself is broken. */
export function isDamaged(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // The name of a file may have such a word in it.
  const said = error.cause instanceof Error ? error.cause : error;
  return /malformed|not a database|file is encrypted/i.test(said.message);
}
