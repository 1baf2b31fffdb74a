import { join } from 'node:path';
import type { JobRecord, LedgerBatch } from '../ledger/records.ts';
import { setAside } from './chunk-file.ts';
import { createLedgerQueries, type LedgerQueries } from './ledger-queries.ts';
import { createLedgerTables, type LedgerTables, openLedgerTables } from './ledger-tables.ts';
import { isDamaged, type OwnFile, openOwnFile } from './own-file.ts';
import { leaveNoLog, type Sqlite } from './sqlite.ts';

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

interface Opened extends OwnFile {
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
    // Whoever removes it loses what it has, and not what comes after.
    if (!opened.isInPlace()) {
      leaveNoLog(opened.database);
      opened.database.close();
      opened = openFile(sqlite, path);
    }
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
  const { database, isInPlace } = openLedgerDatabase(sqlite, path);
  return { database, isInPlace, tables: openLedgerTables(database), queries: createLedgerQueries(database) };
}

/** The file with its tables, which are made where they are missing. Throws where it cannot be opened. */
export const openLedgerDatabase = (sqlite: Sqlite, path: string): OwnFile =>
  openOwnFile(sqlite, path, (database) => {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    createLedgerTables(database);
  });
