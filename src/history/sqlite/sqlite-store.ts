import type { BlobStore } from '../blob-store.ts';
import { ALWAYS, openHistoryFiles } from './history-files.ts';
import { inTransaction, type Sqlite } from './sqlite.ts';

/**
 * History in files of SQLite. Raw figures, minutes and frames have a file for each UTC day: what is old is removed with
 * its file, and what is damaged is one day of one kind. The journal lies beside the raw figures of its day.
 */

export interface SqliteStoreOptions {
  folder: string;
  sqlite: Sqlite;
  nowMs?: () => number;
}

/** Throws a sentence where the folder cannot be used. */
export function createSqliteStore({ folder, sqlite, nowMs = Date.now }: SqliteStoreOptions): BlobStore {
  const files = openHistoryFiles(folder, sqlite, nowMs);
  return {
    engine: `${sqlite.name}, SQLite ${sqlite.version}, Node.js ${process.version}`,
    place: folder,
    async writeChunks(tier, bucketMs, chunks) {
      files.write(tier, bucketMs, (file) =>
        inTransaction(file.database, () => {
          for (const [node, bytes] of chunks) file.put(bucketMs, node, bytes);
        }),
      );
    },
    readChunks: async (tier, node, fromMs, toMs) =>
      files.read(tier, { fromMs, toMs }, (file, part) => file.chunks(node, part.fromMs, part.toMs)).flat(),
    async nodesOf(tier, fromMs, toMs) {
      const names = files.read(tier, { fromMs, toMs }, (file, part) => file.nodes(part.fromMs, part.toMs));
      return [...new Set(names.flat())];
    },
    async writeFrame(bucketMs, bytes) {
      files.write('frame', bucketMs, (file) =>
        file.statement('INSERT OR REPLACE INTO frame (bucket, bytes) VALUES (?, ?)').run(bucketMs, bytes),
      );
    },
    async readFrame(bucketMs) {
      const [row] = files.read('frame', { fromMs: bucketMs, toMs: bucketMs + 1 }, (file) =>
        file.statement('SELECT bytes FROM frame WHERE bucket = ?').get(bucketMs),
      );
      return row?.bytes instanceof Uint8Array ? row.bytes : null;
    },
    async appendJournal(bucketMs, bytes) {
      files.write('raw', bucketMs, (file) =>
        file.statement('INSERT INTO journal (bucket, bytes) VALUES (?, ?)').run(bucketMs, bytes),
      );
    },
    async readJournal() {
      const rows = files.read('raw', ALWAYS, (file) =>
        file.statement('SELECT bucket, bytes FROM journal ORDER BY id').all(),
      );
      return rows
        .flat()
        .map(({ bucket, bytes }) => ({ bucketMs: Number(bucket), bytes: bytes as Uint8Array }));
    },
    async dropJournal(bucketMs) {
      files.write('raw', bucketMs, (file) =>
        file.statement('DELETE FROM journal WHERE bucket = ?').run(bucketMs),
      );
    },
    async mark(name) {
      const [row] = files.read('ledger', ALWAYS, (file) =>
        file.statement('SELECT value FROM mark WHERE name = ?').get(name),
      );
      return row === undefined ? null : Number(row.value);
    },
    async setMark(name, value) {
      files.write('ledger', 0, (file) =>
        file.statement('INSERT OR REPLACE INTO mark (name, value) VALUES (?, ?)').run(name, value),
      );
    },
    async prune(what, beforeMs) {
      if (what === 'quarter' || what === 'day') files.change(what, (file) => file.removeBefore(beforeMs));
      else files.remove(what, beforeMs);
    },
    sizeBytes: async () => files.sizeBytes(),
    async oldestMs(tier) {
      const known = files.read(tier, ALWAYS, (file) => file.oldestMs());
      return known.find((atMs) => atMs !== null) ?? null;
    },
    problems: () => files.problems,
    async close() {
      files.close();
    },
  };
}
