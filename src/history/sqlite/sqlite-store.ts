import { groupBy } from '../../lib/group-by.ts';
import type { BlobStore } from '../blob-store.ts';
import { eventOfRow, snapshotOfRow } from '../stored-rows.ts';
import { DAY_MS } from '../tiers.ts';
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

const LAST_SNAPSHOTS = `
  SELECT name, max(at) AS at, bytes FROM snapshot JOIN node ON node.id = snapshot.node WHERE at <= ? GROUP BY snapshot.node`;
const SNAPSHOTS = `
  SELECT name, at, bytes FROM snapshot JOIN node ON node.id = snapshot.node WHERE at >= ? AND at < ? ORDER BY at, name`;
const OLDEST_FRAME =
  'SELECT min(at) AS at FROM (SELECT min(bucket) AS at FROM frame UNION ALL SELECT min(at) FROM snapshot)';
const ADD_EVENT = `
  INSERT INTO event (at, node, kind, severity, gpu, text) SELECT ?1, ?2, ?3, ?4, ?5, ?6
  WHERE NOT EXISTS (SELECT 1 FROM event WHERE at = ?1 AND node = ?2 AND kind = ?3 AND gpu IS ?5 AND text = ?6)`;
const LAST_EVENTS = `
  SELECT at, node, kind, severity, gpu, text FROM event
  WHERE at >= ? AND at < ? AND (? IS NULL OR node = ?) ORDER BY at DESC, id DESC LIMIT ?`;

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
    async writeSnapshots(snapshots) {
      for (const [day, ofDay] of groupBy(snapshots, ({ atMs }) => Math.floor(atMs / DAY_MS)))
        files.write('frame', day * DAY_MS, (file) =>
          inTransaction(file.database, () => {
            for (const { node, atMs, bytes } of ofDay) file.putSnapshot(node, atMs, bytes);
          }),
        );
    },
    async readSnapshots(atMs) {
      const yesterday = { fromMs: atMs - DAY_MS, toMs: atMs + 1 };
      const rows = files.read('frame', yesterday, (file) => file.statement(LAST_SNAPSHOTS).all(atMs)).flat();
      // Later days come later.
      return [...new Map(rows.map((row) => [String(row.name), snapshotOfRow(row)])).values()];
    },
    async snapshotsBetween(fromMs, toMs) {
      const rows = files.read('frame', { fromMs, toMs }, (file) =>
        file.statement(SNAPSHOTS).all(fromMs, toMs),
      );
      return rows.flat().map(snapshotOfRow);
    },
    async writeEvents(events) {
      files.write('events', 0, (file) =>
        inTransaction(file.database, () => {
          for (const { atMs, node, kind, severity, gpuIndex, text } of events)
            file.statement(ADD_EVENT).run(Math.round(atMs), node, kind, severity, gpuIndex, text);
        }),
      );
    },
    async readEvents(node, fromMs, toMs, most) {
      const rows = files.read('events', ALWAYS, (file) =>
        file.statement(LAST_EVENTS).all(Math.floor(fromMs), Math.ceil(toMs), node, node, most),
      );
      return rows.flat().map(eventOfRow).reverse();
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
      const [row] = files.read('events', ALWAYS, (file) =>
        file.statement('SELECT value FROM mark WHERE name = ?').get(name),
      );
      return row === undefined ? null : Number(row.value);
    },
    async setMark(name, value) {
      files.write('events', 0, (file) =>
        file.statement('INSERT OR REPLACE INTO mark (name, value) VALUES (?, ?)').run(name, value),
      );
    },
    async prune(what, beforeMs) {
      if (what === 'event') {
        files.change('events', (file) =>
          file.statement('DELETE FROM event WHERE at < ?').run(Math.floor(beforeMs)),
        );
        return;
      }
      if (what === 'quarter' || what === 'day') files.change(what, (file) => file.removeBefore(beforeMs));
      else files.remove(what, beforeMs);
    },
    sizeBytes: async () => files.sizeBytes(),
    async oldestMs(what) {
      const known = files.read(what, ALWAYS, (file) => {
        if (what !== 'frame') return file.oldestMs();
        const atMs = file.statement(OLDEST_FRAME).get()?.at ?? null;
        return atMs === null ? null : Number(atMs);
      });
      return known.find((atMs) => atMs !== null) ?? null;
    },
    problems: () => files.problems,
    async close() {
      files.close();
    },
  };
}
