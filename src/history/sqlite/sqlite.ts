/**
 * The SQLite that this machine has: the one in Node.js where it is whole, else the package with the same interface. Only
 * what is used of it is described here.
 */

export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

export interface Statement {
  run(...values: SqlValue[]): { changes: number | bigint };
  /** Undefined where there is none. */
  get(...values: SqlValue[]): SqlRow | undefined;
  all(...values: SqlValue[]): SqlRow[];
  iterate(...values: SqlValue[]): IterableIterator<SqlRow>;
}

/**
 * An open file. With the package, a database that nobody holds any more is closed under its living statements: whoever
 * keeps a statement keeps this too. And `close` leaves the file open until its statements are collected, which nobody can
 * hasten: `leaveNoLog` before it.
 */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export interface Sqlite {
  /** For people: whose it is. */
  name: 'node:sqlite' | '@photostructure/sqlite';
  /** As `3.53.0`. */
  version: string;
  /** Creates the file where it is missing, unless it is only read. Throws where it cannot be opened. */
  open(path: string, options?: { readOnly?: boolean }): Database;
}

/** Before it, two connections could damage a file (SQLite's "WAL-reset" fault, fixed in 3.51.3). */
const OLDEST = [3, 51, 3] as const;
/** Two connections that want to write wait for each other. */
const BUSY_MS = 5_000;

interface SqliteModule {
  DatabaseSync: new (path: string, options: { readOnly: boolean; timeout: number }) => Database;
}

/** Node.js before 20.16 has no way to ask for a module that may be missing, and no SQLite either. */
const builtinOf = (name: string): unknown => process.getBuiltinModule?.(name);

/** Rejects with a sentence where this machine has none that can be used. `builtin`: as Node.js gives its own modules. */
export async function findSqlite(builtin: (name: string) => unknown = builtinOf): Promise<Sqlite> {
  const own = builtin('node:sqlite') as SqliteModule | undefined;
  if (own !== undefined) {
    const sqlite = sqliteOf('node:sqlite', own);
    if (isRecent(sqlite.version)) return sqlite;
  }
  try {
    return sqliteOf('@photostructure/sqlite', (await import('@photostructure/sqlite')) as SqliteModule);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `there is no SQLite for Node.js ${process.version} on ${process.platform} ${process.arch}: ${reason}; ` +
        'use Node.js 24 or later, or install the packages again (npm ci)',
    );
  }
}

function sqliteOf(name: Sqlite['name'], { DatabaseSync }: SqliteModule): Sqlite {
  const open: Sqlite['open'] = (path, { readOnly = false } = {}) =>
    new DatabaseSync(path, { readOnly, timeout: BUSY_MS });
  const probe = open(':memory:');
  const version = String(probe.prepare('SELECT sqlite_version() AS version').get()?.version ?? '0');
  probe.close();
  return { name, version, open };
}

/** `version`: `3.51.3` or longer. */
export function isRecent(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [at, least] of OLDEST.entries()) {
    const part = parts[at] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** Writes into the file what stands in its log, and takes the log away; where somebody else has it open too, it stays. */
export function leaveNoLog(database: Database): void {
  try {
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE');
  } catch {
    // Whoever closes it last, or opens it next, does it.
  }
}

/** Runs `action` in one transaction: all of it counts, or nothing. */
export function inTransaction<Result>(database: Database, action: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = action();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      database.exec('ROLLBACK');
    } catch {
      // A full disk has ended the transaction already; the first error says more.
    }
    throw error;
  }
}
