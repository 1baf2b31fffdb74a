import type { JobKind } from '../../protocol/job-kinds.ts';
import type {
  GpuTime,
  HeldGpu,
  JobEnd,
  JobRecord,
  LedgerBatch,
  ShareRecord,
  UsageRow,
} from '../ledger/records.ts';
import { DAY_MS } from '../tiers.ts';
import { type Database, inTransaction, type SqlRow, type SqlValue } from './sqlite.ts';

/** The ledger in a file: jobs, what they have of each node, and what users took day by day. */

/** Of a job that has not ended: later than all that have. */
export const RUNNING_UNTIL_MS = 253_402_300_799_000;

const timeColumns = {
  heldMs: 'held_ms',
  activeMs: 'active_ms',
  idleMs: 'idle_ms',
  untouchedMs: 'untouched_ms',
  unknownMs: 'unknown_ms',
  toldMs: 'told_ms',
  percentMs: 'percent_ms',
} as const satisfies Partial<Record<keyof GpuTime, string>>;
/** Null where it was never told. */
const toldColumns = { energyJoules: 'energy_joules', cpuMs: 'cpu_ms' } as const;

const countColumns = {
  jobs: 'jobs',
  jobsOfNode: 'jobs_of_node',
  jobsOfModel: 'jobs_of_model',
  newJobs: 'new_jobs',
  newJobsOfNode: 'new_jobs_of_node',
  newJobsOfModel: 'new_jobs_of_model',
} as const satisfies Partial<Record<keyof UsageRow, string>>;

const summed = [...Object.values(countColumns), ...Object.values(timeColumns)];
const told = Object.values(toldColumns);

/** What time on GPUs is kept in; time of cores is not. */
export const gpuTimeColumns: readonly string[] = [...Object.values(timeColumns), toldColumns.energyJoules];

/** All that is added up of usage, for queries. */
export const usageSums = [...Object.values(timeColumns), ...told]
  .map((name) => `SUM(${name}) AS ${name}`)
  .join(', ');

const jobColumns = [
  'id',
  'key',
  'kind',
  'job_id',
  'name',
  '"user"',
  'command',
  'start_ms',
  'first_ms',
  'last_ms',
  'end_ms',
  'ended',
  'until_ms',
  'peak_percent',
  'byte_ms',
  'bytes_told_ms',
  'peak_bytes',
  'peak_resident_bytes',
  ...Object.values(timeColumns),
  ...told,
];

/** Creates what is missing. */
export function createLedgerTables(database: Database): void {
  const times = Object.values(timeColumns)
    .map((name) => `${name} ${name === 'percent_ms' ? 'REAL' : 'INTEGER'} NOT NULL`)
    .join(', ');
  const counts = Object.values(countColumns)
    .map((name) => `${name} INTEGER NOT NULL`)
    .join(', ');
  database.exec(`
    CREATE TABLE IF NOT EXISTS job (
      id TEXT NOT NULL PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL, job_id TEXT NOT NULL, name TEXT, "user" TEXT,
      command TEXT, start_ms INTEGER, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, end_ms INTEGER, ended TEXT,
      until_ms INTEGER NOT NULL, peak_percent REAL, byte_ms REAL NOT NULL, bytes_told_ms INTEGER NOT NULL,
      peak_bytes INTEGER, peak_resident_bytes INTEGER, ${times}, energy_joules REAL, cpu_ms INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS job_by_time ON job (until_ms, id);
    CREATE INDEX IF NOT EXISTS job_by_user ON job ("user", until_ms, id);
    CREATE INDEX IF NOT EXISTS job_by_key ON job (key, until_ms, id);
    CREATE TABLE IF NOT EXISTS job_share (
      job TEXT NOT NULL, node TEXT NOT NULL, model TEXT NOT NULL, "user" TEXT NOT NULL, is_open INTEGER NOT NULL,
      node_start_ms INTEGER, job_first_ms INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
      held_ms INTEGER NOT NULL, cpu_ms INTEGER NOT NULL, last_day INTEGER, gpus TEXT NOT NULL, PRIMARY KEY (job, node, model)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS job_share_by_time ON job_share (last_ms, first_ms, "user", node, model, job_first_ms, held_ms, cpu_ms);
    CREATE INDEX IF NOT EXISTS long_job_share ON job_share (last_ms, first_ms) WHERE last_ms - first_ms > ${DAY_MS};
    CREATE INDEX IF NOT EXISTS job_share_by_node ON job_share (node, last_ms);
    CREATE TABLE IF NOT EXISTS usage (
      day INTEGER NOT NULL, "user" TEXT NOT NULL, node TEXT NOT NULL, model TEXT NOT NULL, ${counts}, ${times},
      energy_joules REAL, cpu_ms INTEGER, PRIMARY KEY (day, "user", node, model)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS usage_by_user ON usage ("user", day);
    CREATE TABLE IF NOT EXISTS ledger_batch (writer TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL);
  `);
}

const marks = (count: number) => Array(count).fill('?').join(', ');

function addingSql(): string {
  const keys = ['day', '"user"', 'node', 'model'];
  const all = [...keys, ...summed, ...told];
  const adds = summed.map((name) => `${name} = usage.${name} + excluded.${name}`);
  const addsTold = told.map(
    (name) =>
      `${name} = CASE WHEN excluded.${name} IS NULL THEN usage.${name} ELSE COALESCE(usage.${name}, 0) + excluded.${name} END`,
  );
  return (
    `INSERT INTO usage (${all.join(', ')}) VALUES (${marks(all.length)}) ` +
    `ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${[...adds, ...addsTold].join(', ')}`
  );
}

export interface LedgerTables {
  /** In one transaction; a batch that was written before changes nothing. Throws where it cannot be written. */
  write(batch: LedgerBatch): void;
  /** All jobs that have not ended, for `Ledger.restore`. */
  openJobs(): JobRecord[];
  /**
   * Removes jobs that ended before one moment and days before another, so many rows at a time; true where there may be
   * more. Null keeps them for ever.
   */
  prune(limits: { jobsBeforeMs: number | null; daysBefore: number | null; most: number }): boolean;
}

/** Of a database with the tables; keeps it open while it is used. */
export function openLedgerTables(database: Database): LedgerTables {
  const putJob = database.prepare(
    `INSERT INTO job (${jobColumns.join(', ')}) VALUES (${marks(jobColumns.length)}) ON CONFLICT (id) DO UPDATE SET ` +
      jobColumns
        .slice(1)
        .map((name) => `${name} = excluded.${name}`)
        .join(', '),
  );
  const dropShares = database.prepare('DELETE FROM job_share WHERE job = ?');
  const putShare = database.prepare(
    'INSERT INTO job_share (job, node, model, "user", is_open, node_start_ms, job_first_ms, first_ms, last_ms, held_ms, ' +
      `cpu_ms, last_day, gpus) VALUES (${marks(13)})`,
  );
  const addUsage = database.prepare(addingSql());
  const numberOf = database.prepare('SELECT number FROM ledger_batch WHERE writer = ?');
  const putNumber = database.prepare(
    'INSERT INTO ledger_batch (writer, number) VALUES (?, ?) ON CONFLICT (writer) DO UPDATE SET number = excluded.number',
  );
  const running = database.prepare('SELECT * FROM job WHERE until_ms = ? ORDER BY first_ms, id');
  const sharesOf = database.prepare('SELECT * FROM job_share WHERE job = ? ORDER BY first_ms, node, model');
  const oldJobs = database.prepare('SELECT id FROM job WHERE until_ms < ? ORDER BY until_ms LIMIT ?');
  const dropJob = database.prepare('DELETE FROM job WHERE id = ?');
  const oldDay = database.prepare('SELECT MIN(day) AS day FROM usage');
  const dropDay = database.prepare('DELETE FROM usage WHERE day = ?');

  function writeJob(record: JobRecord): void {
    putJob.run(...jobValues(record));
    dropShares.run(record.id);
    for (const share of record.shares) putShare.run(...shareValues(record, share));
  }

  return {
    write({ writer, number, jobs, usage }) {
      inTransaction(database, () => {
        if (Number(numberOf.get(writer)?.number ?? 0) >= number) return;
        for (const record of jobs) writeJob(record);
        for (const row of usage) addUsage.run(...usageValues(row));
        putNumber.run(writer, number);
      });
    },
    openJobs: () =>
      running
        .all(RUNNING_UNTIL_MS)
        .map((row) => recordOfRow(row, sharesOf.all(toText(row.id)).map(shareOfRow))),
    prune({ jobsBeforeMs, daysBefore, most }) {
      return inTransaction(database, () => {
        const ids = jobsBeforeMs === null ? [] : oldJobs.all(jobsBeforeMs, most).map(({ id }) => toText(id));
        for (const id of ids) {
          dropShares.run(id);
          dropJob.run(id);
        }
        const first = daysBefore === null ? null : (oldDay.get()?.day ?? null);
        const isOld = first !== null && daysBefore !== null && Number(first) < daysBefore;
        if (isOld) dropDay.run(first);
        return ids.length === most || isOld;
      });
    },
  };
}

function jobValues(record: JobRecord): SqlValue[] {
  return [
    record.id,
    record.key,
    record.kind,
    record.jobId,
    record.name,
    record.user,
    record.command,
    record.startMs,
    record.firstMs,
    record.lastMs,
    record.endMs,
    record.end,
    record.endMs ?? RUNNING_UNTIL_MS,
    record.peakPercent,
    record.byteMs,
    record.bytesToldMs,
    record.peakBytes,
    record.peakResidentBytes,
    ...timeValues(record),
  ];
}

const timeValues = (time: GpuTime): SqlValue[] => [
  ...keysOf(timeColumns).map((name) => time[name]),
  ...keysOf(toldColumns).map((name) => time[name]),
];

const keysOf = <Key extends string>(columns: Readonly<Record<Key, string>>) => Object.keys(columns) as Key[];

const shareValues = ({ id, user, firstMs }: JobRecord, share: ShareRecord): SqlValue[] => [
  id,
  share.node,
  share.model,
  user ?? '',
  share.isOpen ? 1 : 0,
  share.nodeStartMs,
  firstMs,
  share.firstMs,
  share.lastMs,
  share.heldMs,
  share.cpuMs,
  share.lastDay,
  JSON.stringify(share.gpus),
];

const usageValues = (row: UsageRow): SqlValue[] => [
  row.day,
  row.user,
  row.node,
  row.model,
  ...keysOf(countColumns).map((name) => row[name]),
  ...timeValues(row),
];

/** '' for null. */
export const toText = (value: SqlValue | undefined): string => String(value ?? '');
/** Null stays null. */
export const toTextOrNull = (value: SqlValue | undefined): string | null =>
  value == null ? null : String(value);
/** Null stays null. */
export const toNumberOrNull = (value: SqlValue | undefined): number | null =>
  value == null ? null : Number(value);

/** A row with columns of time, summed or not. */
export const timeOfRow = (row: SqlRow): GpuTime => ({
  heldMs: Number(row.held_ms ?? 0),
  activeMs: Number(row.active_ms ?? 0),
  idleMs: Number(row.idle_ms ?? 0),
  untouchedMs: Number(row.untouched_ms ?? 0),
  unknownMs: Number(row.unknown_ms ?? 0),
  toldMs: Number(row.told_ms ?? 0),
  percentMs: Number(row.percent_ms ?? 0),
  energyJoules: toNumberOrNull(row.energy_joules),
  cpuMs: toNumberOrNull(row.cpu_ms),
});

/** A row of `job` with those of `job_share`. */
export function recordOfRow(row: SqlRow, shares: ShareRecord[]): JobRecord {
  return {
    id: toText(row.id),
    key: toText(row.key),
    kind: toText(row.kind) as JobKind,
    jobId: toText(row.job_id),
    name: toTextOrNull(row.name),
    user: toTextOrNull(row.user),
    command: toTextOrNull(row.command),
    startMs: toNumberOrNull(row.start_ms),
    firstMs: Number(row.first_ms),
    lastMs: Number(row.last_ms),
    endMs: toNumberOrNull(row.end_ms),
    end: toTextOrNull(row.ended) as JobEnd | null,
    ...timeOfRow(row),
    peakPercent: toNumberOrNull(row.peak_percent),
    byteMs: Number(row.byte_ms),
    bytesToldMs: Number(row.bytes_told_ms),
    peakBytes: toNumberOrNull(row.peak_bytes),
    peakResidentBytes: toNumberOrNull(row.peak_resident_bytes),
    shares,
  };
}

/** A row of `job_share`, which this very program wrote. */
export const shareOfRow = (row: SqlRow): ShareRecord => ({
  node: toText(row.node),
  model: toText(row.model),
  gpus: JSON.parse(toText(row.gpus)) as HeldGpu[],
  isOpen: Number(row.is_open) === 1,
  nodeStartMs: toNumberOrNull(row.node_start_ms),
  firstMs: Number(row.first_ms),
  lastMs: Number(row.last_ms),
  heldMs: Number(row.held_ms),
  cpuMs: Number(row.cpu_ms),
  lastDay: toNumberOrNull(row.last_day),
});
