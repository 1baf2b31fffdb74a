import { existsSync, renameSync } from 'node:fs';
import { DAY_MS } from '../tiers.ts';
import { type OwnFile, openOwnFile } from './own-file.ts';
import { type Database, leaveNoLog, type Sqlite, type Statement } from './sqlite.ts';

/** A file of one day and one kind of figures, or of all days: chunks by bucket and node, frames, a journal, marks. */

export interface ChunkFile {
  database: Database;
  /** As of `OwnFile`. */
  isInPlace(): boolean;
  /** Before the first change: a file that is only read stays as it is. */
  beginWriting(): void;
  put(bucketMs: number, node: string, bytes: Uint8Array): void;
  putSnapshot(node: string, atMs: number, bytes: Uint8Array): void;
  /** Of buckets that begin in the range, oldest first. */
  chunks(node: string, fromMs: number, toMs: number): { bucketMs: number; bytes: Uint8Array }[];
  nodes(fromMs: number, toMs: number): string[];
  removeBefore(bucketMs: number): void;
  /** Of the oldest chunk; null where there is none. */
  oldestMs(): number | null;
  statement(sql: string): Statement;
  close(): void;
}

/**
 * The place of a chunk is its number: minutes of its bucket since 1970, then the node, so that a bucket lies together and
 * what is old is a beginning of the file.
 */
const NODES = 2 ** 21;
const MINUTE_MS = 60_000;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS node (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS chunk (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS frame (bucket INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS snapshot (
    node INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (node, at)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, node TEXT NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL,
    gpu INTEGER, text TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS event_at ON event (at);
  CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, bucket INTEGER NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`;
/** Raised where the tables change; files of a later one are left alone. */
export const FILE_VERSION = 1;

/** Opens a file, and makes it where it is missing. Throws; `isDamaged` tells whether it is the file's fault. */
export function openChunkFile(sqlite: Sqlite, path: string): ChunkFile {
  return fileOn(
    openOwnFile(sqlite, path, (database) => {
      const version = Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
      if (version > FILE_VERSION)
        throw new Error(
          `it is of a later Rollcall (format ${version}); name another folder in [history] dir`,
        );
      if (version < FILE_VERSION) database.exec(`${SCHEMA}; PRAGMA user_version = ${FILE_VERSION}`);
    }),
  );
}

function fileOn({ database, isInPlace }: OwnFile): ChunkFile {
  const statements = new Map<string, Statement>();
  const statement = (sql: string) => {
    const known = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  const ids = new Map<string, number>();
  let isWritten = false;

  function idOf(node: string, isWanted: boolean): number | null {
    const known = ids.get(node);
    if (known !== undefined) return known;
    if (isWanted) statement('INSERT OR IGNORE INTO node (name) VALUES (?)').run(node);
    const found = statement('SELECT id FROM node WHERE name = ?').get(node);
    if (found === undefined) return null;
    ids.set(node, Number(found.id));
    return Number(found.id);
  }

  const placeOf = (bucketMs: number, id: number) => (bucketMs / MINUTE_MS) * NODES + id;

  return {
    database,
    isInPlace,
    statement,
    beginWriting() {
      if (isWritten) return;
      isWritten = true;
      // A log that readers do not wait for, and of which a power cut takes the last second at most.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    },
    put(bucketMs, node, bytes) {
      const id = idOf(node, true) ?? 0;
      statement('INSERT OR REPLACE INTO chunk (id, bytes) VALUES (?, ?)').run(placeOf(bucketMs, id), bytes);
    },
    putSnapshot(node, atMs, bytes) {
      const id = idOf(node, true) ?? 0;
      statement('INSERT OR REPLACE INTO snapshot (node, at, bytes) VALUES (?, ?, ?)').run(id, atMs, bytes);
    },
    chunks(node, fromMs, toMs) {
      const id = idOf(node, false);
      if (id === null) return [];
      const found: { bucketMs: number; bytes: Uint8Array }[] = [];
      for (const bucketMs of bucketsBetween(fromMs, toMs)) {
        const row = statement('SELECT bytes FROM chunk WHERE id = ?').get(placeOf(bucketMs, id));
        if (row?.bytes instanceof Uint8Array) found.push({ bucketMs, bytes: row.bytes });
      }
      return found;
    },
    nodes: (fromMs, toMs) =>
      statement(
        `SELECT DISTINCT name FROM chunk JOIN node ON node.id = chunk.id % ${NODES} WHERE chunk.id >= ? AND chunk.id < ?`,
      )
        .all(placeOf(fromMs, 0), placeOf(toMs, 0))
        .map(({ name }) => String(name)),
    removeBefore(bucketMs) {
      statement('DELETE FROM chunk WHERE id < ?').run(placeOf(bucketMs, 0));
    },
    oldestMs() {
      const id = statement('SELECT min(id) AS id FROM chunk').get()?.id ?? null;
      return id === null ? null : Math.floor(Number(id) / NODES) * MINUTE_MS;
    },
    close() {
      statements.clear();
      if (isWritten) leaveNoLog(database);
      database.close();
    },
  };
}

/** Every bucket begins at a whole half hour; those of a day are 48 at most. */
const SHORTEST_BUCKET_MS = 30 * MINUTE_MS;

function* bucketsBetween(fromMs: number, toMs: number): Iterable<number> {
  const step = toMs - fromMs > 2 * DAY_MS ? DAY_MS : SHORTEST_BUCKET_MS;
  for (let at = Math.ceil(fromMs / step) * step; at < toMs; at += step) yield at;
}

/** Puts a damaged file beside its place, with what belongs to it; nothing is deleted. The new path. */
export function setAside(path: string, nowMs: number): string {
  const aside = `${path}.damaged-${nowMs}`;
  for (const ending of ['', '-wal', '-shm'])
    if (existsSync(path + ending)) renameSync(path + ending, aside + ending);
  return aside;
}
