import type {
  LedgerAnswer,
  LedgerQuestion,
  LedgerRow,
  PastJobsAnswer,
  PastJobsQuestion,
} from '../../report/ledger.ts';
import { byHours, hoursOfTime, pastJobOf } from '../ledger/answers.ts';
import { dayOf } from '../ledger/days.ts';
import { dayRange } from '../ledger/range.ts';
import { addGpuTime, type GpuTime, noGpuTime } from '../ledger/records.ts';
import { DAY_MS } from '../tiers.ts';
import { createEdgeReader, type UsageGroup } from './ledger-edges.ts';
import {
  recordOfRow,
  shareOfRow,
  timeOfRow,
  toNumberOrNull,
  toText,
  toTextOrNull,
  usageSums,
} from './ledger-tables.ts';
import type { Database, SqlValue, Statement } from './sqlite.ts';

/** What is asked of the ledger in a file. */
export interface LedgerQueries {
  ledger(question: LedgerQuestion, nowMs: number): LedgerAnswer;
  jobs(question: PastJobsQuestion): PastJobsAnswer;
  hasUser(name: string): boolean;
  /** By its key, as in `ClusterJob`. */
  hasJob(key: string): boolean;
}

/** In which columns a job is counted once. */
const counts: Record<UsageGroup, { all: string; new: string }> = {
  user: { all: 'jobs', new: 'new_jobs' },
  node: { all: 'jobs_of_node', new: 'new_jobs_of_node' },
  model: { all: 'jobs_of_model', new: 'new_jobs_of_model' },
};

/**
 * Jobs that were there before the range are counted on its first day, unless an earlier part of a day has counted them.
 * Rows of a day lie together by user: those sums need no sorting, and what is left to sort are a user's days.
 */
function sumsSql(by: UsageGroup): string {
  const { all, new: fresh } = counts[by];
  const jobs = `SUM(CASE WHEN day = ?1 THEN ${all} ELSE ${fresh} END) AS jobs`;
  const days = 'FROM usage WHERE day >= ?2 AND day < ?3 AND (?4 IS NULL OR "user" = ?4) GROUP BY';
  if (by !== 'user') return `SELECT ${by} AS name, ${jobs}, ${usageSums} ${days} ${by}`;
  const daily = `SELECT "user" AS name, ${jobs}, ${usageSums} ${days} day, "user"`;
  return `SELECT name, SUM(jobs) AS jobs, ${usageSums} FROM (${daily}) AS daily GROUP BY name`;
}

/** Of a job what lies in the range (?1 to ?2), as if it had done the same all its life. */
const PART =
  '(CAST(MIN(MAX(last_ms, first_ms + 1), ?2) - MAX(first_ms, ?1) AS REAL) / (MAX(last_ms, first_ms + 1) - first_ms))';

const JOBS_SQL =
  `SELECT *, ${PART} AS part FROM job WHERE until_ms > ?1 AND last_ms >= ?1 AND first_ms < ?2 ` +
  'AND (?3 IS NULL OR "user" = ?3) ORDER BY (held_ms + unknown_ms) * part DESC, cpu_ms * part DESC, id LIMIT ?4';

const DAYS_SQL =
  `SELECT day, SUM(jobs) AS jobs, ${usageSums} FROM usage WHERE day >= ?1 AND day < ?2 ` +
  'AND (?3 IS NULL OR "user" = ?3) GROUP BY day ORDER BY day LIMIT ?4';

/** Of a database with the tables; keeps it open while it is used. Each question reads one state of it. */
export function createLedgerQueries(database: Database): LedgerQueries {
  const sums = new Map<UsageGroup, Statement>();
  const readEdge = createEdgeReader(database);
  const largest = database.prepare(JOBS_SQL);
  const daily = database.prepare(DAYS_SQL);
  const oneOfUser = database.prepare('SELECT 1 AS one FROM usage WHERE "user" = ? LIMIT 1');
  const oneOfKey = database.prepare('SELECT 1 AS one FROM job WHERE key = ? LIMIT 1');
  const sharesOf = database.prepare('SELECT * FROM job_share WHERE job = ? ORDER BY first_ms, node, model');
  const pages = new Map<string, Statement>();

  function statement<Key>(kept: Map<Key, Statement>, key: Key, sql: () => string): Statement {
    const made = kept.get(key) ?? database.prepare(sql());
    kept.set(key, made);
    return made;
  }

  function rowsBy(by: UsageGroup, { fromMs, toMs, user }: LedgerQuestion, nowMs: number): LedgerRow[] {
    const { first, end, before, after } = dayRange(fromMs, toMs, nowMs);
    const times = new Map<string, GpuTime>();
    const jobs = new Map<string, number>();
    const take = (key: string, time: GpuTime, count: number) => {
      const known = times.get(key) ?? noGpuTime();
      addGpuTime(known, time);
      times.set(key, known);
      jobs.set(key, (jobs.get(key) ?? 0) + count);
    };
    if (first < end) {
      const days = statement(sums, by, () => sumsSql(by)).iterate(
        before === null ? first : first - 1,
        first,
        end,
        user,
      );
      for (const row of days) take(toText(row.name), timeOfRow(row), Number(row.jobs));
    }
    for (const edge of [before, after]) {
      if (edge === null) continue;
      const isLater = edge === after && (before !== null || first < end);
      for (const { key, time, jobs: count } of readEdge(edge, by, user, isLater)) take(key, time, count);
    }
    return Array.from(times, ([key, time]) => ({
      key: key === '' ? null : key,
      user: by === 'user' && key !== '' ? key : user,
      jobs: jobs.get(key) ?? 0,
      ...hoursOfTime(time),
    })).filter(isSomething);
  }

  function rowsByJob({ fromMs, toMs, user, most }: LedgerQuestion): LedgerRow[] {
    return largest.all(fromMs, toMs, user, most + 1).map((row) => {
      const time = noGpuTime();
      addGpuTime(time, timeOfRow(row), Math.max(0, Number(row.part)));
      return {
        key: toText(row.key),
        user: toTextOrNull(row.user),
        name: toTextOrNull(row.name),
        jobs: 1,
        ...hoursOfTime(time),
      };
    });
  }

  function answerByDay({ by, fromMs, toMs, user, most }: LedgerQuestion): LedgerAnswer {
    const [first, end] = [dayOf(fromMs), dayOf(toMs - 1) + 1];
    const rows = daily.all(first, end, user, most + 1).map((row) => ({
      key: new Date(Number(row.day) * DAY_MS).toISOString().slice(0, 10),
      user,
      jobs: Number(row.jobs),
      ...hoursOfTime(timeOfRow(row)),
    }));
    return {
      by,
      fromMs: first * DAY_MS,
      toMs: end * DAY_MS,
      rows: rows.slice(0, most),
      isCut: rows.length > most,
    };
  }

  return {
    ledger(question, nowMs) {
      const { by, fromMs, toMs, most } = question;
      if (by === 'day') return answerByDay(question);
      const rows = by === 'job' ? rowsByJob(question) : rowsBy(by, question, nowMs).sort(byHours);
      return { by, fromMs, toMs, rows: rows.slice(0, most), isCut: rows.length > most };
    },
    jobs(question) {
      const { fromMs, toMs, most } = question;
      const { sql, values } = pageSql(question);
      const found = statement(pages, sql, () => sql).all(...values, most + 1);
      const rows = found.slice(0, most);
      const last = rows.at(-1);
      return {
        fromMs,
        toMs,
        jobs: rows.map((row) => pastJobOf(recordOfRow(row, sharesOf.all(toText(row.id)).map(shareOfRow)))),
        next: found.length > most && last ? `${toNumberOrNull(last.until_ms)}~${toText(last.id)}` : null,
      };
    },
    hasUser: (name) => oneOfUser.get(name) !== undefined,
    hasJob: (key) => oneOfKey.get(key) !== undefined,
  };
}

/** A day on which a row has nothing to tell of the part that was asked for. */
const isSomething = ({ jobs, gpuHoursHeld, gpuHoursUnknown, cpuHours }: LedgerRow) =>
  jobs > 0 || gpuHoursHeld > 0 || gpuHoursUnknown > 0 || (cpuHours ?? 0) > 0;

/** A job may be told to have ended a little later than it was counted. */
const ENDS_MS = 86_400_000;

function pageSql({ fromMs, toMs, job, user, node, kind, ended, before }: PastJobsQuestion): {
  sql: string;
  values: SqlValue[];
} {
  const conditions: [string, ...SqlValue[]][] = [['until_ms >= ? AND first_ms < ?', fromMs, toMs]];
  if (ended === true) conditions.push(['end_ms < ?', toMs]);
  if (ended === false) conditions.push(['end_ms IS NULL']);
  if (job !== null) conditions.push(['key = ?', job]);
  if (user !== null) conditions.push(['"user" = ?', user]);
  if (kind !== null) conditions.push(['kind = ?', kind]);
  if (node !== null)
    conditions.push([
      'id IN (SELECT job FROM job_share WHERE node = ? AND last_ms >= ?)',
      node,
      fromMs - ENDS_MS,
    ]);
  if (before !== null) {
    const at = before.indexOf('~');
    const untilMs = Number(before.slice(0, at));
    const id = before.slice(at + 1);
    conditions.push(['(until_ms < ? OR (until_ms = ? AND id < ?))', untilMs, untilMs, id]);
  }
  return {
    sql: `SELECT * FROM job WHERE ${conditions.map(([condition]) => condition).join(' AND ')} ORDER BY until_ms DESC, id DESC LIMIT ?`,
    values: conditions.flatMap(([, ...values]) => values),
  };
}
