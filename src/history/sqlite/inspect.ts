import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openChunk } from '../codec/chunk.ts';
import { openChunkFile, setAside } from './chunk-file.ts';
import { LEDGER_FILE, openLedgerDatabase } from './ledger-file.ts';
import { isDamaged } from './own-file.ts';
import {
  type Database,
  inTransaction,
  leaveNoLog,
  type Sqlite,
  type SqlRow,
  type Statement,
} from './sqlite.ts';

/** A history's files, looked at from outside: sizes, what is damaged, and what can be saved. */

export interface FileSize {
  name: string;
  bytes: number;
}

/** Files of history, and those that were set aside; with their logs. */
export function fileSizes(folder: string): FileSize[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.sqlite(\.damaged-\d+)?$/.test(name))
    .sort()
    .map((name) => {
      const sizes = [name, `${name}-wal`].map(
        (one) => lstatSync(join(folder, one), { throwIfNoEntry: false })?.size ?? 0,
      );
      return { name, bytes: sizes.reduce((a, b) => a + b, 0) };
    });
}

export interface FileFinding {
  name: string;
  /** Null for a file that cannot be read at all. */
  chunks: number | null;
  /** Sentences; none where all is well. */
  problems: string[];
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Reads all of a file: SQLite's own check, and the checksum of every chunk. Nothing is changed. */
export function checkFile(sqlite: Sqlite, folder: string, name: string): FileFinding {
  const problems: string[] = [];
  try {
    const database = sqlite.open(join(folder, name), { readOnly: true });
    try {
      const [first] = database.prepare('PRAGMA quick_check(3)').all();
      const said = String(first?.quick_check ?? 'no answer');
      if (said !== 'ok') problems.push(said);
      let chunks = 0;
      const rows = name === LEDGER_FILE ? [] : database.prepare('SELECT id, bytes FROM chunk').iterate();
      for (const { id, bytes } of rows) {
        chunks += 1;
        const reason = damageOf(bytes ?? null);
        if (reason !== null) problems.push(`chunk ${id}: ${reason}`);
      }
      return { name, chunks, problems };
    } finally {
      database.close();
    }
  } catch (error) {
    return { name, chunks: null, problems: [...problems, reasonOf(error)] };
  }
}

function damageOf(bytes: SqlRow[string]): string | null {
  try {
    openChunk(bytes as Uint8Array);
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

export interface Repair {
  name: string;
  /** Where the file of before is now. */
  aside: string;
  saved: number;
  lost: number;
}

/** A new file of the same kind, with its tables and nothing in them. */
function makeFresh(sqlite: Sqlite, path: string, name: string): Database {
  if (name === LEDGER_FILE) {
    return openLedgerDatabase(sqlite, path).database;
  }
  const file = openChunkFile(sqlite, path);
  file.beginWriting();
  return file.database;
}

/**
 * Puts a damaged file aside and makes a new one of all in it that can be read and is whole. Nobody else may have it open.
 */
export function repairFile(sqlite: Sqlite, folder: string, name: string, nowMs: number): Repair {
  const path = join(folder, name);
  const aside = setAside(path, nowMs);
  const fresh = makeFresh(sqlite, path, name);
  const counts = { saved: 0, lost: 0 };
  try {
    const old = sqlite.open(aside, { readOnly: true });
    try {
      inTransaction(fresh, () => {
        for (const table of tablesOf(fresh)) copyTable(old, fresh, table, counts);
      });
    } finally {
      old.close();
    }
  } catch (error) {
    if (!isDamaged(error)) throw error;
  } finally {
    leaveNoLog(fresh);
    fresh.close();
  }
  return { name, aside, ...counts };
}

const tablesOf = (database: Database): string[] =>
  database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
    .map(({ name }) => String(name));

function copyTable(
  old: Database,
  fresh: Database,
  table: string,
  counts: { saved: number; lost: number },
): void {
  let put: Statement | null = null;
  for (const row of readable(() => old.prepare(`SELECT * FROM "${table}"`).iterate())) {
    if (table === 'chunk' && damageOf(row.bytes ?? null) !== null) {
      counts.lost += 1;
      continue;
    }
    const names = Object.keys(row);
    put ??= fresh.prepare(
      `INSERT OR REPLACE INTO "${table}" (${names.map((one) => `"${one}"`).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    );
    put.run(...Object.values(row));
    // Names of nodes are nothing by themselves.
    if (table !== 'node') counts.saved += 1;
  }
}

/** Rows up to the first that cannot be read. */
function* readable(begin: () => Iterable<SqlRow>): Iterable<SqlRow> {
  try {
    yield* begin();
  } catch (error) {
    if (!isDamaged(error) && !/no such table/.test(reasonOf(error))) throw error;
  }
}

/** What a query says, which may only read. Throws what SQLite says. `most`: rows. */
export function readSql(sqlite: Sqlite, path: string, sql: string, most: number): SqlRow[] {
  // Of a file that is only read it would still write a copy somewhere else.
  if (/\bvacuum\b/i.test(sql) && !/^[\s(]*(select|with|explain|values)\b/i.test(sql))
    throw new Error('vacuum writes a file; a query here may only read');
  const database = sqlite.open(path, { readOnly: true });
  try {
    const rows: SqlRow[] = [];
    for (const row of database.prepare(sql).iterate()) {
      rows.push(row);
      if (rows.length >= most) break;
    }
    return rows;
  } finally {
    database.close();
  }
}
