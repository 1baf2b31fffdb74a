import { chmodSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { JobRecord, LedgerBatch } from '../ledger/records.ts';
import { isDamaged, isNetworkFolder, setAside } from './chunk-file.ts';
import { createLedgerQueries, type LedgerQueries } from './ledger-queries.ts';
import { createLedgerTables, type LedgerTables, openLedgerTables } from './ledger-tables.ts';
import { type Database, leaveNoLog, type Sqlite } from './sqlite.ts';

/** `ledger.sqlite`: open as long as the head runs. */
export interface LedgerFile {
  write(batch: LedgerBatch): void;
  openJobs(): JobRecord[];
  /** Asks; a file that turns out to be damaged is set aside, and the answer is of an empty one. */
  ask<Answer>(question: (queries: LedgerQueries) => Answer): Answer;
  /** As `LedgerTables.prune`. */
  prune(limits: Parameters<LedgerTables['prune']>[0]): boolean;
  /** Sentences about what was set aside. */
  problems: string[];
  close(): void;
}

export const LEDGER_FILE = 'ledger.sqlite';

interface Opened {
  database: Database;
  tables: LedgerTables;
  queries: LedgerQueries;
}

/** Makes the file where it is missing. Throws where it cannot be opened. */
export function openLedgerFile(sqlite: Sqlite, folder: string, nowMs: () => number = Date.now): LedgerFile {
  const path = join(folder, LEDGER_FILE);
  const problems: string[] = [];
  let opened = openOrSetAside();

  function openOrSetAside(): Opened {
    try {
      return openFile(sqlite, path);
    } catch (error) {
      noteDamage(error);
      return openFile(sqlite, path);
    }
  }

  /** Rethrows what is no damage. */
  function noteDamage(error: unknown): void {
    if (!isDamaged(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(
      `the ledger is damaged (${reason}): it was set aside as ${setAside(path, nowMs())}, and a new one begun`,
    );
  }

  function attempt<Result>(action: (file: Opened) => Result): Result {
    try {
      return action(opened);
    } catch (error) {
      if (isDamaged(error)) opened.database.close();
      noteDamage(error);
      opened = openFile(sqlite, path);
      return action(opened);
    }
  }

  return {
    write: (batch) => attempt(({ tables }) => tables.write(batch)),
    openJobs: () => attempt(({ tables }) => tables.openJobs()),
    ask: (question) => attempt(({ queries }) => question(queries)),
    prune: (limits) => attempt(({ tables }) => tables.prune(limits)),
    problems,
    close() {
      leaveNoLog(opened.database);
      opened.database.close();
    },
  };
}

function openFile(sqlite: Sqlite, path: string): Opened {
  const database = openLedgerDatabase(sqlite, path);
  try {
    createLedgerTables(database);
    return { database, tables: openLedgerTables(database), queries: createLedgerQueries(database) };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The file, for writing; made without tables where it is missing. Throws where it cannot be opened. */
export function openLedgerDatabase(sqlite: Sqlite, path: string): Database {
  const isNew = !existsSync(path);
  const database = sqlite.open(path);
  try {
    if (isNew) chmodSync(path, 0o600);
    if (isNetworkFolder(dirname(path))) database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
