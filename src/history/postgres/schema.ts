import { DAY_MS, dayName, type TierName } from '../tiers.ts';
import type { Server } from './server.ts';

/** Tables in the schema `rollcall`. Buckets are minutes since 1970, other times epoch ms. */

export const partitioned = ['raw', 'minute', 'frame', 'snapshot'] as const;
export type Partitioned = (typeof partitioned)[number];

const MINUTE_MS = 60_000;
const MINUTES_PER_DAY = DAY_MS / MINUTE_MS;
/** Epoch ms → minutes; of a moment within a bucket, what comes after it. */
export const bucketNumber = (atMs: number): number => Math.ceil(atMs / MINUTE_MS);
/** Epoch ms of what a row has. */
export const bucketMsOf = (bucket: unknown): number => Number(bucket) * MINUTE_MS;

/** PostgreSQL has no number for the end of an open range. */
const MOST_MS = 2 ** 31 * 60_000 - 60_000;
/** A moment that a bucket can have. */
export const inRange = (atMs: number) => Math.min(Math.max(atMs, 0), MOST_MS);

/** Raised where the tables change; a database of a later one is left alone. */
const VERSION = 1;
/** Two heads that start at once make the tables one after the other. Any number that nobody else takes. */
const LOCK = 5_070_401_214;

const chunkTable = (name: string, suffix: string) => `
  CREATE TABLE rollcall.${name} (node int NOT NULL, bucket int NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (bucket, node))
    ${suffix};
  ALTER TABLE rollcall.${name} ALTER bytes SET STORAGE EXTERNAL;`;

/** Bytes are compressed already: `EXTERNAL` keeps them as they are. */
const TABLES = `
  CREATE TABLE rollcall.version (version int NOT NULL);
  CREATE TABLE rollcall.node (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);
  ${chunkTable('raw', 'PARTITION BY RANGE (bucket)')}
  ${chunkTable('minute', 'PARTITION BY RANGE (bucket)')}
  ${chunkTable('quarter', '')}
  ${chunkTable('day', '')}
  CREATE TABLE rollcall.frame (bucket int PRIMARY KEY, bytes bytea NOT NULL) PARTITION BY RANGE (bucket);
  ALTER TABLE rollcall.frame ALTER bytes SET STORAGE EXTERNAL;
  CREATE TABLE rollcall.snapshot (node int NOT NULL, at bigint NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (node, at))
    PARTITION BY RANGE (at);
  ALTER TABLE rollcall.snapshot ALTER bytes SET STORAGE EXTERNAL;
  CREATE TABLE rollcall.event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL, node text NOT NULL, kind text NOT NULL,
    severity text NOT NULL, gpu int, text text NOT NULL
  );
  CREATE UNIQUE INDEX event_once ON rollcall.event (at, node, kind, coalesce(gpu, -1), md5(text));
  CREATE TABLE rollcall.journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bucket int NOT NULL, bytes bytea NOT NULL
  );
  ALTER TABLE rollcall.journal ALTER bytes SET STORAGE EXTERNAL;
  CREATE TABLE rollcall.mark (name text PRIMARY KEY, value bigint NOT NULL);
  INSERT INTO rollcall.version VALUES (${VERSION});`;

/** Makes the tables where they are missing. Rejects with a sentence where the database is another's. */
export async function prepareSchema(server: Server): Promise<void> {
  await server.transaction(async (query) => {
    await query('SELECT pg_advisory_xact_lock($1::bigint)', [LOCK]);
    const [{ found } = { found: null }] = await query(
      `SELECT to_regclass('rollcall.version')::text AS found`,
    );
    if (found === null) {
      // Somebody who may not make schemas can be given an empty one.
      const [{ schema } = { schema: null }] = await query(
        `SELECT to_regnamespace('rollcall')::text AS schema`,
      );
      if (schema === null) await query('CREATE SCHEMA rollcall');
      await query(TABLES);
      return;
    }
    const [row] = await query('SELECT max(version) AS version FROM rollcall.version');
    const version = Number(row?.version ?? 0);
    if (version > VERSION)
      throw new Error(
        `the history in it is of a later Rollcall (format ${version}); name another database in [history] url`,
      );
  });
}

/** Tables by UTC day: what is old goes with its table. */
export interface Partitions {
  /** Makes the one for a moment where it is missing. */
  ready(table: Partitioned, atMs: number): Promise<void>;
  /** Days that end before go. */
  dropBefore(table: Partitioned, beforeMs: number): Promise<void>;
}

/** Knows none yet. */
export function createPartitions(server: Server): Partitions {
  const known = new Set<string>();
  const nameOf = (table: Partitioned, dayMs: number) => `${table}_${dayName(dayMs).replaceAll('-', '')}`;
  return {
    async ready(table, atMs) {
      const dayMs = Math.floor(atMs / DAY_MS) * DAY_MS;
      const name = nameOf(table, dayMs);
      if (known.has(name)) return;
      const from = table === 'snapshot' ? dayMs : bucketNumber(dayMs);
      const to = from + (table === 'snapshot' ? DAY_MS : MINUTES_PER_DAY);
      await server.transaction(async (query) => {
        await query('SELECT pg_advisory_xact_lock($1::bigint)', [LOCK]);
        await query(
          `CREATE TABLE IF NOT EXISTS rollcall.${name} PARTITION OF rollcall.${table} FOR VALUES FROM (${from}) TO (${to})`,
        );
      });
      known.add(name);
    },
    async dropBefore(table, beforeMs) {
      const rows = await server.query(
        `SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = to_regclass($1) AND relname ~ '_[0-9]{8}$'`,
        [`rollcall.${table}`],
      );
      for (const { relname } of rows) {
        const name = String(relname);
        const day = name.slice(-8).replace(/(....)(..)(..)/, '$1-$2-$3');
        const isOver = Date.parse(day) + DAY_MS <= beforeMs;
        if (!isOver || name !== nameOf(table, Date.parse(day))) continue;
        known.delete(name);
        await server.query(`DROP TABLE IF EXISTS rollcall.${name}`);
      }
    },
  };
}

/** Writes into a table, of which the day's part is made where it is missing. */
export type Write = (
  table: TierName | Partitioned,
  atMs: number,
  ...statement: Parameters<Server['query']>
) => Promise<void>;

/** Rejects as `query` does. */
export const createWrite =
  ({ query }: Server, partitions: Partitions): Write =>
  async (table, atMs, ...statement) => {
    if (table !== 'quarter' && table !== 'day') await partitions.ready(table, atMs);
    await query(...statement);
  };
