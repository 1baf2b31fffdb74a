import type { BlobStore } from '../blob-store.ts';
import { RAW, type TierName, tiers } from '../tiers.ts';
import { momentsOn } from './moments.ts';
import { createNodeNumbers } from './node-numbers.ts';
import { bucketMsOf, bucketNumber, createPartitions, createWrite, inRange, prepareSchema } from './schema.ts';
import { byteaArray, connectServer, type Server } from './server.ts';

/**
 * History in PostgreSQL 15 or later: the same bytes as in files of SQLite, in plain SQL. Bytes are sent as they are; they
 * come back as hexadecimal text, since `pg` reads nothing else. Raw figures, minutes, frames and snapshots have a table for
 * each UTC day.
 */

export interface PostgresStoreOptions {
  /** `postgres://USER:PASSWORD@HOST:5432/DATABASE`; what it lacks is taken from PG… variables and ~/.pgpass. */
  url: string;
  /** Whoever writes what the time brings does so alone: two would spoil each other's open half hour. */
  isAlone: boolean;
}

/** The lock of the one head that writes. */
const WRITER = 5_070_401_215;
const OLDEST_VERSION = 150_000;

const OLDEST_FRAME = `
  SELECT least((SELECT min(bucket)::bigint * 60000 FROM rollcall.frame), (SELECT min(at) FROM rollcall.snapshot)) AS at`;
const SIZE = `
  SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint AS size FROM pg_class
  WHERE relkind = 'r' AND relnamespace = 'rollcall'::regnamespace`;

/** To add up hundreds of tables is not for every question. */
const SIZE_EVERY_MS = 60_000;

const stepOf = (tier: TierName): number => tiers.find(({ name }) => name === tier)?.bucketMs ?? RAW.bucketMs;

/** The numbers of buckets that begin in a range. */
function bucketsBetween(tier: TierName, fromMs: number, toMs: number): number[] {
  const stepMs = stepOf(tier);
  const first = Math.ceil(fromMs / stepMs);
  const length = Math.max(0, Math.ceil(toMs / stepMs) - first);
  return Array.from({ length }, (_, at) => bucketNumber((first + at) * stepMs));
}

/** Beyond it the range is made shorter by what there is. */
const MANY_BUCKETS = 2_000;

/** Makes its tables where they are missing. Rejects with a sentence, which has no password. */
export async function createPostgresStore({ url, isAlone }: PostgresStoreOptions): Promise<BlobStore> {
  const server = connectServer(url);
  try {
    const [row] = await server.query(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number`,
    );
    if (Number(row?.number) < OLDEST_VERSION)
      throw new Error(`${server.place}: PostgreSQL ${row?.version} is too old; 15 or later is needed`);
    if (isAlone && !(await server.hold(WRITER)))
      throw new Error(
        `${server.place}: another head keeps its history in it; stop that one, or name another database in [history] url`,
      );
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
  const write = createWrite(server, partitions);
  let size = { bytes: 0, askedMs: Number.NEGATIVE_INFINITY };

  async function extent(tier: TierName): Promise<{ fromMs: number; toMs: number }> {
    const [row] = await query(`SELECT min(bucket) AS first, max(bucket) AS last FROM rollcall.${tier}`);
    return { fromMs: bucketMsOf(row?.first ?? 0), toMs: bucketMsOf(row?.last ?? -1) + 1 };
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
      // A chunk is looked for by its place: its table has no order by nodes.
      const isLong = (toMs - fromMs) / stepOf(tier) > MANY_BUCKETS;
      const known = isLong ? await extent(tier) : { fromMs, toMs };
      const buckets = bucketsBetween(tier, Math.max(fromMs, known.fromMs), Math.min(toMs, known.toMs));
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
    ...momentsOn(query, nodes, write),
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
    async oldestMs(what) {
      const [row] =
        what === 'frame'
          ? await query(OLDEST_FRAME)
          : await query(`SELECT min(bucket)::bigint * 60000 AS at FROM rollcall.${what}`);
      return typeof row?.at === 'string' ? Number(row.at) : null;
    },
    problems: () => [],
    close: server.close,
  };
}
