import type { LedgerRow, PastJob } from '../../report/ledger.ts';
import type { GpuTime, JobRecord } from './records.ts';

/** The ledger's sums as people read them. Pure. */

const HOUR_MS = 3_600_000;
const KILOWATT_HOUR_JOULES = 3_600_000;

type Hours = Omit<LedgerRow, 'key' | 'user' | 'name' | 'jobs'>;

/** To the second. */
const hoursOf = (ms: number) => Math.round((ms / HOUR_MS) * 10_000) / 10_000;

/** Without any utilization that was told nobody knows whether a GPU worked. */
export function hoursOfTime(time: GpuTime): Hours {
  const isTold = time.toldMs > 0 || time.untouchedMs > 0 || time.heldMs === 0;
  const { cpuMs, energyJoules } = time;
  return {
    gpuHoursHeld: hoursOf(time.heldMs),
    gpuHoursActive: isTold ? hoursOf(time.activeMs) : null,
    gpuHoursIdle: isTold ? hoursOf(time.idleMs) : null,
    gpuHoursUntouched: hoursOf(time.untouchedMs),
    gpuHoursUnknown: hoursOf(time.unknownMs),
    gpuUtilizationPercent: time.toldMs > 0 ? tenths(time.percentMs / time.toldMs) : null,
    cpuHours: cpuMs === null ? null : hoursOf(cpuMs),
    energyKilowattHours:
      energyJoules === null ? null : Math.round((energyJoules / KILOWATT_HOUR_JOULES) * 1_000) / 1_000,
  };
}

const tenths = (value: number) => Math.round(value * 10) / 10;

/** A record as the API tells it: its whole life. */
export function pastJobOf(record: JobRecord): PastJob {
  const { gpuUtilizationPercent, cpuHours, energyKilowattHours, ...hours } = hoursOfTime(record);
  const { shares, bytesToldMs } = record;
  const gpus = shares.flatMap(({ node, gpus: own }) =>
    own.map(({ uuid, index }) => uuid ?? `${node}:${index}`),
  );
  return {
    key: record.key,
    kind: record.kind,
    id: record.jobId,
    name: record.name,
    user: record.user,
    command: record.command,
    nodes: [...new Set(shares.map(({ node }) => node))],
    gpus: [...new Set(gpus)],
    startTimeMs: record.startMs,
    firstSeenMs: record.firstMs,
    lastSeenMs: record.lastMs,
    endTimeMs: record.endMs,
    end: record.end,
    ...hours,
    gpuUtilizationPercent,
    gpuUtilizationPeakPercent: record.peakPercent,
    gpuMemoryBytes: bytesToldMs > 0 ? Math.round(record.byteMs / bytesToldMs) : null,
    gpuMemoryPeakBytes: record.peakBytes,
    cpuHours,
    residentPeakBytes: record.peakResidentBytes,
    energyKilowattHours,
  };
}

/** With most hours first; what says nothing at all comes last. */
export const byHours = (a: LedgerRow, b: LedgerRow) =>
  b.gpuHoursHeld + b.gpuHoursUnknown - (a.gpuHoursHeld + a.gpuHoursUnknown) ||
  (b.cpuHours ?? 0) - (a.cpuHours ?? 0) ||
  ((a.key ?? '') < (b.key ?? '') ? -1 : 1);
