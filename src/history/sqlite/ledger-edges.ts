import { DAY_MS } from '../ledger/days.ts';
import type { EdgeDay } from '../ledger/range.ts';
import { addGpuTime, type GpuTime } from '../ledger/records.ts';
import { text, timeOf } from './ledger-tables.ts';
import type { Database, SqlRow } from './sqlite.ts';

/**
 * A part of a day: rows of usage tell whole days, so each of them counts as far as the shares of its jobs lie in the part,
 * by the hours that these held and the time of cores that they took.
 */

export type RowGroup = 'user' | 'node' | 'model';

/** What is found of a part of a day. */
export interface EdgeSums {
  /** By what rows are grouped by. */
  times: Map<string, GpuTime>;
  jobs: Map<string, number>;
}

interface Weights {
  gpuInside: number;
  gpuAll: number;
  cpuInside: number;
  cpuAll: number;
  inside: number;
  all: number;
}

/** Jobs of a part of a day. `newOnly`: those that began in it; the others were counted in an earlier part of the range. */
export function createEdgeReader(database: Database) {
  const shares = database.prepare(
    'SELECT job_share.job, job_share."user", job_share.node, job_share.model, job_share.first_ms, job_share.last_ms, ' +
      'job_share.held_ms, job_share.cpu_ms, job.first_ms AS job_first_ms FROM job_share JOIN job ON job.id = job_share.job ' +
      'WHERE job_share.last_ms >= ? AND job_share.first_ms < ?',
  );
  const ofDay = database.prepare('SELECT * FROM usage WHERE day = ?');

  return (edge: EdgeDay, by: RowGroup, newOnly: boolean, add: () => GpuTime): EdgeSums => {
    const startMs = edge.day * DAY_MS;
    const weights = new Map<string, Weights>();
    const seen = new Map<string, Set<string>>();
    for (const row of shares.iterate(startMs, startMs + DAY_MS)) {
      weigh(weights, row, edge);
      const isNew = Number(by === 'user' ? row.job_first_ms : row.first_ms) >= edge.fromMs;
      if (!isIn(row, edge) || (newOnly && !isNew)) continue;
      const key = text(row[by]);
      const jobs = seen.get(key);
      if (jobs) jobs.add(text(row.job));
      else seen.set(key, new Set([text(row.job)]));
    }
    const times = new Map<string, GpuTime>();
    for (const row of ofDay.iterate(edge.day)) {
      const parts = partsOf(weights.get(keyOf(row)), edge);
      const { cpuMs, ...time } = timeOf(row);
      const key = text(row[by]);
      const sum = times.get(key) ?? add();
      addGpuTime(sum, time, parts.gpu);
      addGpuTime(sum, { cpuMs }, parts.cpu);
      times.set(key, sum);
    }
    return { times, jobs: new Map(Array.from(seen, ([key, jobs]) => [key, jobs.size])) };
  };
}

const keyOf = ({ user, node, model }: SqlRow) => `${text(user)}\n${text(node)}\n${text(model)}`;

/** A job that was seen once only was there for a moment. */
const lastOf = (row: SqlRow) => Math.max(Number(row.last_ms), Number(row.first_ms) + 1);

const isIn = (row: SqlRow, { fromMs, toMs }: EdgeDay) => lastOf(row) > fromMs && Number(row.first_ms) < toMs;

const overlapMs = (row: SqlRow, fromMs: number, toMs: number) =>
  Math.max(0, Math.min(lastOf(row), toMs) - Math.max(Number(row.first_ms), fromMs));

function weigh(weights: Map<string, Weights>, row: SqlRow, { day, fromMs, toMs }: EdgeDay): void {
  const key = keyOf(row);
  const sum = weights.get(key) ?? { gpuInside: 0, gpuAll: 0, cpuInside: 0, cpuAll: 0, inside: 0, all: 0 };
  const all = overlapMs(row, day * DAY_MS, (day + 1) * DAY_MS);
  const inside = overlapMs(row, fromMs, toMs);
  const lengthMs = lastOf(row) - Number(row.first_ms);
  const gpu = Number(row.held_ms) / lengthMs;
  const cpu = Number(row.cpu_ms) / lengthMs;
  sum.gpuInside += inside * gpu;
  sum.gpuAll += all * gpu;
  sum.cpuInside += inside * cpu;
  sum.cpuAll += all * cpu;
  sum.inside += inside;
  sum.all += all;
  weights.set(key, sum);
}

/** Of jobs that are kept no more the hours are spread over the day. */
function partsOf(weights: Weights | undefined, { fromMs, toMs }: EdgeDay): { gpu: number; cpu: number } {
  const ofDay = (toMs - fromMs) / DAY_MS;
  if (weights === undefined || weights.all === 0) return { gpu: ofDay, cpu: ofDay };
  const usual = weights.inside / weights.all;
  return {
    gpu: weights.gpuAll > 0 ? weights.gpuInside / weights.gpuAll : usual,
    cpu: weights.cpuAll > 0 ? weights.cpuInside / weights.cpuAll : usual,
  };
}
