import { type JobRecord, noGpuTime, type UsageRow } from '../../src/history/ledger/records.ts';
import { createLedgerQueries } from '../../src/history/sqlite/ledger-queries.ts';
import { createLedgerTables, openLedgerTables } from '../../src/history/sqlite/ledger-tables.ts';
import { findSqlite } from '../../src/history/sqlite/sqlite.ts';
import type { LedgerReader } from '../../src/report/ledger.ts';

/** A small ledger in a real database, which lies in memory: two users' jobs of yesterday. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface PastLedger extends LedgerReader {
  /** Of the jobs: ann's job ran for two hours from there on. */
  startMs: number;
  close(): void;
}

export async function createPastLedger(nowMs = Date.now()): Promise<PastLedger> {
  const database = (await findSqlite()).open(':memory:');
  createLedgerTables(database);
  const tables = openLedgerTables(database);
  const queries = createLedgerQueries(database);
  const startMs = Math.floor(nowMs / DAY_MS) * DAY_MS - 20 * HOUR_MS;
  const day = Math.floor(startMs / DAY_MS);
  const job = (id: string, user: string, hours: number, change: Partial<JobRecord> = {}): JobRecord => ({
    ...noGpuTime(),
    id: `head1.${id}`,
    key: `slurm:${id}`,
    kind: 'slurm',
    jobId: id,
    name: '=cmd|calc',
    user,
    command: 'python train.py, "fast"',
    startMs,
    firstMs: startMs,
    lastMs: startMs + hours * HOUR_MS,
    endMs: startMs + hours * HOUR_MS,
    end: 'seen',
    heldMs: hours * HOUR_MS,
    activeMs: HOUR_MS,
    idleMs: (hours - 1) * HOUR_MS,
    toldMs: hours * HOUR_MS,
    percentMs: 45 * hours * HOUR_MS,
    energyJoules: 3_600_000,
    cpuMs: 8 * HOUR_MS,
    peakPercent: 99,
    byteMs: 0,
    bytesToldMs: 0,
    peakBytes: 70 * 1024 ** 3,
    peakResidentBytes: 1024 ** 3,
    shares: [
      {
        node: 'gpu01',
        model: 'H100',
        gpus: [{ index: 0, uuid: 'GPU-1', isHeld: false, isTouched: true, countedMs: null }],
        isOpen: false,
        nodeStartMs: startMs,
        firstMs: startMs,
        lastMs: startMs + hours * HOUR_MS,
        heldMs: hours * HOUR_MS,
        cpuMs: 8 * HOUR_MS,
        lastDay: day,
      },
    ],
    ...change,
  });
  const jobs = [job('1', 'ann', 2), job('2', 'bob', 1, { endMs: null, end: null })];
  const usage = jobs.map((record): UsageRow => {
    const { heldMs, activeMs, idleMs, untouchedMs, unknownMs, toldMs, percentMs, energyJoules, cpuMs, user } =
      record;
    return {
      ...{ heldMs, activeMs, idleMs, untouchedMs, unknownMs, toldMs, percentMs, energyJoules, cpuMs },
      ...{ day, user: user ?? '', node: 'gpu01', model: 'H100' },
      ...{ jobs: 1, jobsOfNode: 1, jobsOfModel: 1, newJobs: 1, newJobsOfNode: 1, newJobsOfModel: 1 },
    };
  });
  tables.write({ writer: 'head1', number: 1, jobs, usage });
  return {
    startMs,
    ledger: async (question) => queries.ledger(question, nowMs),
    jobs: async (question) => queries.jobs(question),
    hasUser: async (name) => queries.hasUser(name),
    hasJob: async (key) => queries.hasJob(key),
    close: () => database.close(),
  };
}
