import { groupBy } from '../../lib/group-by.ts';
import type { PastEvent } from '../../report/history.ts';
import type { BlobStore, StoredSnapshot } from '../blob-store.ts';
import { DAY_MS, RAW, type TierName, tiers } from '../tiers.ts';
import { createNodeNumbers, storedText } from './node-numbers.ts';
import { bucketMsOf, bucketNumber, createPartitions, type Partitioned, prepareSchema } from './schema.ts';
import { byteaArray, connectServer, type PostgresRow, type Server } from './server.ts';

/**
 * History in PostgreSQL 15 or later: the same bytes as in files of SQLite, in plain SQL. Bytes are sent as they are; they
 * come back as hexadecimal text, since `pg` reads nothing else. Raw figures, minutes, frames and snapshots have a table for
 * each UTC day.
 */

export interface PostgresStoreOptions {
  /** `postgres://USER:PASSWORD@HOST:5432/DATABASE`; what it lacks is taken from PG… variables and ~/.pgpass. */
  url: string;
}

const OLDEST_VERSION = 150_000;

const LAST_SNAPSHOTS = `
  WITH last AS (
    SELECT node, max(at) AS at FROM rollcall.snapshot WHERE at >= $1::bigint AND at <= $2::bigint GROUP BY node
  )
  SELECT name, at, bytes FROM last JOIN rollcall.snapshot USING (node, at) JOIN rollcall.node ON node.id = node`;
const SNAPSHOTS = `
  SELECT name, at, bytes FROM rollcall.snapshot JOIN rollcall.node ON node.id = snapshot.node
  WHERE at >= $1::bigint AND at < $2::bigint ORDER BY at, name`;
const OLDEST_FRAME = `
  SELECT least((SELECT min(bucket)::bigint * 60000 FROM rollcall.frame), (SELECT min(at) FROM rollcall.snapshot)) AS at`;
const LAST_EVENTS = `
  SELECT at, node, kind, severity, gpu, text FROM rollcall.event
  WHERE at >= $1::bigint AND at < $2::bigint AND ($3::text IS NULL OR node = $3) ORDER BY at DESC, id DESC LIMIT $4::int`;
const ADD_EVENTS = `
  INSERT INTO rollcall.event (at, node, kind, severity, gpu, text)
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[]) ON CONFLICT DO NOTHING`;
const SIZE = `
  SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint AS size FROM pg_class
  WHERE relkind = 'r' AND relnamespace = 'rollcall'::regnamespace`;

const snapshotOf = ({ name, at, bytes }: PostgresRow): StoredSnapshot => ({
  node: String(name),
  atMs: Number(at),
  bytes: bytes as Buffer,
});

/** A row that this very program wrote. */
const eventOf = ({ at, node, kind, severity, gpu, text }: PostgresRow): PastEvent => ({
  atMs: Number(at),
  node: String(node),
  kind: kind as PastEvent['kind'],
  severity: severity as PastEvent['severity'],
  gpuIndex: gpu === null ? null : Number(gpu),
  text: String(text),
});

/** To add up hundreds of tables is not for every question. */
const SIZE_EVERY_MS = 60_000;

/** The numbers of buckets that begin in a range: a chunk is looked for by its place. */
function bucketsBetween(tier: TierName, fromMs: number, toMs: number): number[] {
  const stepMs = tiers.find(({ name }) => name === tier)?.bucketMs ?? RAW.bucketMs;
  const first = Math.ceil(fromMs / stepMs);
  const count = Math.max(0, Math.ceil(Math.min(toMs, Date.now() + DAY_MS) / stepMs) - first);
  return Array.from({ length: count }, (_, at) => bucketNumber((first + at) * stepMs));
}

/** PostgreSQL has no number for the end of an open range. */
const MOST_MS = 2 ** 31 * 60_000 - 60_000;
const inRange = (atMs: number) => Math.min(Math.max(atMs, 0), MOST_MS);

/** Makes its tables where they are missing. Rejects with a sentence, which has no password. */
export async function createPostgresStore({ url }: PostgresStoreOptions): Promise<BlobStore> {
  const server = connectServer(url);
  try {
    const [row] = await server.query(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number`,
    );
    if (Number(row?.number) < OLDEST_VERSION)
      throw new Error(`${server.place}: PostgreSQL ${row?.version} is too old; 15 or later is needed`);
    await prepareSchema(server);
    return storeOn(server, String(row?.version));
  } catch (error) {
    await server.close();
    throw error;
  }
}

function storeOn(server: Server, version: string): BlobStore {
  const { query } = server;
  const nodes = createNodeNumbers(query);
  const partitions = createPartitions(server);
  let size = { bytes: 0, askedMs: Number.NEGATIVE_INFINITY };

  async function write(table: TierName | Partitioned, atMs: number, ...statement: Parameters<typeof query>) {
    if (table !== 'quarter' && table !== 'day') await partitions.ready(table, atMs);
    await query(...statement);
  }

  async function oldestMs(what: TierName | 'frame'): Promise<number | null> {
    const [row] =
      what === 'frame'
        ? await query(OLDEST_FRAME)
        : await query(`SELECT min(bucket)::bigint * 60000 AS at FROM rollcall.${what}`);
    return typeof row?.at === 'string' ? Number(row.at) : null;
  }

  return {
    engine: `pg, PostgreSQL ${version}, Node.js ${process.version}`,
    place: server.place,
    async writeChunks(tier, bucketMs, chunks) {
      if (chunks.length === 0) return;
      const numbers = await nodes.of(chunks.map(([node]) => node));
      await write(
        tier,
        bucketMs,
        `INSERT INTO rollcall.${tier} (node, bucket, bytes)
         SELECT node, $1::int, bytes FROM unnest($2::int[], $3::bytea[]) AS chunk (node, bytes)
         ON CONFLICT (bucket, node) DO UPDATE SET bytes = excluded.bytes`,
        [bucketNumber(bucketMs), numbers, byteaArray(chunks.map(([, bytes]) => bytes))],
      );
    },
    async readChunks(tier, node, fromMs, toMs) {
      const number = await nodes.find(node);
      if (number === null) return [];
      const buckets = bucketsBetween(tier, Math.max(fromMs, (await oldestMs(tier)) ?? toMs), toMs);
      const rows = await query(
        `SELECT bucket, bytes FROM rollcall.${tier} WHERE bucket = ANY ($1::int[]) AND node = $2::int ORDER BY bucket`,
        [buckets, number],
      );
      return rows.map(({ bucket, bytes }) => ({ bucketMs: bucketMsOf(bucket), bytes: bytes as Buffer }));
    },
    async nodesOf(tier, fromMs, toMs) {
      const rows = await query(
        `SELECT name FROM rollcall.node WHERE id IN
           (SELECT node FROM rollcall.${tier} WHERE bucket >= $1::int AND bucket < $2::int)`,
        [bucketNumber(inRange(fromMs)), bucketNumber(inRange(toMs))],
      );
      return rows.map(({ name }) => String(name));
    },
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
      return (await query(LAST_SNAPSHOTS, [fromMs, Math.floor(atMs)])).map(snapshotOf);
    },
    snapshotsBetween: async (fromMs, toMs) =>
      (await query(SNAPSHOTS, [inRange(fromMs), inRange(toMs)])).map(snapshotOf),
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
      return rows.map(eventOf).reverse();
    },
    async appendJournal(bucketMs, bytes) {
      await query('INSERT INTO rollcall.journal (bucket, bytes) VALUES ($1::int, $2::bytea)', [
        bucketNumber(bucketMs),
        bytes,
      ]);
    },
    async readJournal() {
      const rows = await query('SELECT bucket, bytes FROM rollcall.journal ORDER BY id');
      return rows.map(({ bucket, bytes }) => ({ bucketMs: bucketMsOf(bucket), bytes: bytes as Buffer }));
    },
    async dropJournal(bucketMs) {
      await query('DELETE FROM rollcall.journal WHERE bucket = $1::int', [bucketNumber(bucketMs)]);
    },
    async mark(name) {
      const [row] = await query('SELECT value FROM rollcall.mark WHERE name = $1', [name]);
      return row === undefined ? null : Number(row.value);
    },
    async setMark(name, value) {
      await query(
        `INSERT INTO rollcall.mark (name, value) VALUES ($1, $2::bigint)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
        [name, value],
      );
    },
    async prune(what, beforeMs) {
      size.askedMs = Number.NEGATIVE_INFINITY;
      if (what === 'event')
        await query('DELETE FROM rollcall.event WHERE at < $1::bigint', [Math.floor(beforeMs)]);
      else if (what === 'quarter' || what === 'day')
        await query(`DELETE FROM rollcall.${what} WHERE bucket < $1::int`, [bucketNumber(beforeMs)]);
      else {
        await partitions.dropBefore(what, beforeMs);
        if (what === 'frame') await partitions.dropBefore('snapshot', beforeMs);
      }
    },
    async sizeBytes() {
      if (Date.now() - size.askedMs > SIZE_EVERY_MS) {
        const [row] = await query(SIZE);
        size = { bytes: Number(row?.size ?? 0), askedMs: Date.now() };
      }
      return size.bytes;
    },
    oldestMs,
    problems: () => [],
    close: server.close,
  };
}
