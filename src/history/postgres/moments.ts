import { groupBy } from '../../lib/group-by.ts';
import type { BlobStore } from '../blob-store.ts';
import { eventOfRow, snapshotOfRow } from '../stored-rows.ts';
import { DAY_MS } from '../tiers.ts';
import { type NodeNumbers, storedText } from './node-numbers.ts';
import { bucketNumber, inRange, type Write } from './schema.ts';
import { byteaArray, type Server } from './server.ts';

/** What is kept of moments: frames, snapshots, events. */
type Moments = Pick<
  BlobStore,
  | 'writeFrame'
  | 'readFrame'
  | 'writeSnapshots'
  | 'readSnapshots'
  | 'snapshotsBetween'
  | 'writeEvents'
  | 'readEvents'
>;

const LAST_SNAPSHOTS = `
  WITH last AS (
    SELECT node, max(at) AS at FROM rollcall.snapshot WHERE at >= $1::bigint AND at <= $2::bigint GROUP BY node
  )
  SELECT name, at, bytes FROM last JOIN rollcall.snapshot USING (node, at) JOIN rollcall.node ON node.id = node`;
const SNAPSHOTS = `
  SELECT name, at, bytes FROM rollcall.snapshot JOIN rollcall.node ON node.id = snapshot.node
  WHERE at >= $1::bigint AND at < $2::bigint ORDER BY at, name`;
const LAST_EVENTS = `
  SELECT at, node, kind, severity, gpu, text FROM rollcall.event
  WHERE at >= $1::bigint AND at < $2::bigint AND ($3::text IS NULL OR node = $3) ORDER BY at DESC, id DESC LIMIT $4::int`;
const ADD_EVENTS = `
  INSERT INTO rollcall.event (at, node, kind, severity, gpu, text)
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[]) ON CONFLICT DO NOTHING`;
/** Their part of a store. */
export function momentsOn(query: Server['query'], nodes: NodeNumbers, write: Write): Moments {
  return {
    writeFrame: (bucketMs, bytes) =>
      write(
        'frame',
        bucketMs,
        `INSERT INTO rollcall.frame (bucket, bytes) VALUES ($1::int, $2::bytea)
         ON CONFLICT (bucket) DO UPDATE SET bytes = excluded.bytes`,
        [bucketNumber(bucketMs), bytes],
      ),
    async readFrame(bucketMs) {
      const [row] = await query('SELECT bytes FROM rollcall.frame WHERE bucket = $1::int', [
        bucketNumber(bucketMs),
      ]);
      return row === undefined ? null : (row.bytes as Buffer);
    },
    async writeSnapshots(snapshots) {
      for (const ofDay of groupBy(snapshots, ({ atMs }) => Math.floor(atMs / DAY_MS)).values()) {
        // One statement writes a row once.
        const last = [...new Map(ofDay.map((one) => [`${one.atMs} ${one.node}`, one])).values()];
        const numbers = await nodes.of(last.map(({ node }) => node));
        await write(
          'snapshot',
          ofDay[0]?.atMs ?? 0,
          `INSERT INTO rollcall.snapshot (node, at, bytes) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bytea[])
           ON CONFLICT (node, at) DO UPDATE SET bytes = excluded.bytes`,
          [numbers, last.map(({ atMs }) => atMs), byteaArray(last.map(({ bytes }) => bytes))],
        );
      }
    },
    async readSnapshots(atMs) {
      const fromMs = Math.floor((atMs - DAY_MS) / DAY_MS) * DAY_MS;
      return (await query(LAST_SNAPSHOTS, [fromMs, Math.floor(atMs)])).map(snapshotOfRow);
    },
    snapshotsBetween: async (fromMs, toMs) =>
      (await query(SNAPSHOTS, [inRange(fromMs), inRange(toMs)])).map(snapshotOfRow),
    async writeEvents(events) {
      if (events.length === 0) return;
      await query(ADD_EVENTS, [
        events.map(({ atMs }) => Math.round(atMs)),
        events.map(({ node }) => storedText(node)),
        events.map(({ kind }) => kind),
        events.map(({ severity }) => severity),
        events.map(({ gpuIndex }) => gpuIndex),
        events.map(({ text }) => storedText(text)),
      ]);
    },
    async readEvents(node, fromMs, toMs, most) {
      const name = node === null ? null : storedText(node);
      const rows = await query(LAST_EVENTS, [
        Math.floor(inRange(fromMs)),
        Math.ceil(inRange(toMs)),
        name,
        most,
      ]);
      return rows.map(eventOfRow).reverse();
    },
  };
}
