import { csvOf } from '../lib/csv.ts';
import { isoMoment } from '../lib/format.ts';
import type { LedgerAnswer, PastJobsAnswer } from './ledger.ts';

/** Answers of the ledger as tables, with the names that the API has; times are ISO 8601. */

type Cell = string | number | null;

function tableOf<Row extends object>(rows: readonly Row[], columns: readonly (keyof Row & string)[]): string {
  return csvOf([[...columns], ...rows.map((row) => columns.map((name) => cellOf(name, row[name])))]);
}

function cellOf(name: string, value: unknown): Cell {
  if (typeof value === 'number') return name.endsWith('Ms') ? isoMoment(value) : value;
  if (Array.isArray(value)) return value.join(' ');
  return typeof value === 'string' ? value : null;
}

const HOURS = [
  'gpuHoursHeld',
  'gpuHoursActive',
  'gpuHoursIdle',
  'gpuHoursUntouched',
  'gpuHoursUnknown',
  'gpuUtilizationPercent',
  'cpuHours',
  'energyKilowattHours',
] as const;

/** A line for each row, as it is sorted. */
export const ledgerCsv = ({ by, rows }: LedgerAnswer): string =>
  tableOf(rows, ['key', 'user', ...(by === 'job' ? (['name'] as const) : []), 'jobs', ...HOURS]);

/** A line for each job. */
export const pastJobsCsv = ({ jobs }: PastJobsAnswer): string =>
  tableOf(jobs, [
    'key',
    'kind',
    'id',
    'name',
    'user',
    'command',
    'nodes',
    'gpus',
    'startTimeMs',
    'firstSeenMs',
    'lastSeenMs',
    'endTimeMs',
    'end',
    ...HOURS,
    'gpuUtilizationPeakPercent',
    'gpuMemoryBytes',
    'gpuMemoryPeakBytes',
    'residentPeakBytes',
  ]);
