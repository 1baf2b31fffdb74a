import type { EdgeDay } from '../ledger/range.ts';
import type { GpuTime } from '../ledger/records.ts';
import { DAY_MS } from '../tiers.ts';
import { gpuTimeColumns, timeOfRow, toText } from './ledger-tables.ts';
import type { Database, Statement } from './sqlite.ts';

/**
 * A part of a day: rows of usage tell whole days, so each of them counts as far as the shares of its jobs lie in the part,
 * by the hours that these held and the time of cores that they took.
 */

export type UsageGroup = 'user' | 'node' | 'model';

/** What one user, node or model has of a part of a day. */
export interface EdgeSum {
  key: string;
  time: GpuTime;
  jobs: number;
}

/**
 * Shares that touch the day (?1: its first moment), with what of them lies in the part (?2 to ?3). What lasted no longer
 * than a day ended on this day or the next; what lasted longer has an index of its own.
 */
const SHARES = (() => {
  const until = 'MAX(last_ms, first_ms + 1)';
  const columns =
    `job, "user", node, model, job_first_ms, first_ms, held_ms, cpu_ms, ${until} - first_ms AS length, ` +
    `MAX(0, MIN(${until}, ?1 + ${DAY_MS}) - MAX(first_ms, ?1)) AS all_ms, ` +
    `MAX(0, MIN(${until}, ?3) - MAX(first_ms, ?2)) AS inside`;
  const touching = `SELECT ${columns} FROM job_share WHERE first_ms < ?1 + ${DAY_MS} AND last_ms >= ?1`;
  return (
    `${touching} AND last_ms < ?1 + ${2 * DAY_MS} UNION ALL ` +
    `${touching} + ${2 * DAY_MS} AND last_ms - first_ms > ${DAY_MS}`
  );
})();

/** Of jobs that are kept no more the hours are spread over the day. */
const partSql = (weight: 'gpu' | 'cpu') =>
  `COALESCE(${weight}_inside / NULLIF(${weight}_all, 0), inside / NULLIF(all_ms, 0), (?3 - ?2) / ${DAY_MS}.0)`;

const weighed = (column: 'held_ms' | 'cpu_ms', ms: 'inside' | 'all_ms') =>
  `SUM(1.0 * ${column} * ${ms} / length)`;

function timesSql(by: UsageGroup): string {
  const weights =
    `SELECT "user" AS u, node AS n, model AS m, ${weighed('held_ms', 'inside')} AS gpu_inside, ` +
    `${weighed('held_ms', 'all_ms')} AS gpu_all, ${weighed('cpu_ms', 'inside')} AS cpu_inside, ` +
    `${weighed('cpu_ms', 'all_ms')} AS cpu_all, SUM(1.0 * inside) AS inside, SUM(all_ms) AS all_ms ` +
    'FROM share GROUP BY "user", node, model';
  const sums = gpuTimeColumns.map((name) => `SUM(${name} * gpu_part) AS ${name}`).join(', ');
  return (
    `WITH share AS (${SHARES}), weight AS (${weights}), part AS (SELECT usage.*, ${partSql('gpu')} AS gpu_part, ` +
    `${partSql('cpu')} AS cpu_part FROM usage LEFT JOIN weight ON u = "user" AND n = node AND m = model ` +
    `WHERE day = ?1 / ${DAY_MS} AND (?4 IS NULL OR "user" = ?4)) SELECT "${by}" AS name, ${sums}, SUM(cpu_ms * cpu_part) AS cpu_ms FROM part GROUP BY "${by}"`
  );
}

/** ?5: 1 where only those count that began in the part. */
function jobsSql(by: UsageGroup): string {
  const first = by === 'user' ? 'job_first_ms' : 'first_ms';
  return (
    `SELECT "${by}" AS name, COUNT(DISTINCT job) AS jobs FROM (${SHARES}) AS share ` +
    `WHERE inside > 0 AND (?4 IS NULL OR "user" = ?4) AND (?5 = 0 OR ${first} >= ?2) GROUP BY "${by}"`
  );
}

/** `newOnly`: jobs count where they began in the part; the others were counted in an earlier part of the range. */
export type EdgeReader = (edge: EdgeDay, by: UsageGroup, user: string | null, newOnly: boolean) => EdgeSum[];

/** Keeps the database open while it is used. */
export function createEdgeReader(database: Database): EdgeReader {
  const kept = new Map<string, Statement>();
  const statement = (sql: string) => {
    const made = kept.get(sql) ?? database.prepare(sql);
    kept.set(sql, made);
    return made;
  };

  return ({ day, fromMs, toMs }, by, user, newOnly) => {
    const range = [day * DAY_MS, fromMs, toMs, user];
    const jobs = new Map(
      statement(jobsSql(by))
        .all(...range, newOnly ? 1 : 0)
        .map((row) => [toText(row.name), Number(row.jobs)]),
    );
    const times = new Map(
      statement(timesSql(by))
        .all(...range)
        .map((row) => [toText(row.name), timeOfRow(row)]),
    );
    return [...new Set([...times.keys(), ...jobs.keys()])].map((key) => ({
      key,
      time: times.get(key) ?? timeOfRow({}),
      jobs: jobs.get(key) ?? 0,
    }));
  };
}
