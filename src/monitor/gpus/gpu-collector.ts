import { FIRST_MIG_INDEX, LARGEST_PID, MAX_GPU_PROCESSES, MAX_GPUS } from '../../protocol/constants.ts';
import { monotonicMs } from '../monotonic-ms.ts';
import type { GpuProvider, GpuReading } from './provider.ts';

/** All vendors of one node side by side. An index that two vendors use is moved on for the second. */
export interface GpuCollector {
  read(): GpuReading;
  setInterval(intervalMs: number, watched: boolean): void;
  stop(): void;
}

/**
 * A vendor that is not known yet would push the others' rows on when it comes, so all are awaited; but one
 * whose tool hangs must not hide the others for ever.
 */
const AWAITED_MS = 12_000;

const nothing: GpuReading = { known: true, facts: [], gpus: [], processes: [], error: null };

/**
 * Starts the providers that are present on this node. Never throws: what one of them throws is an error of its rows.
 */
export function createGpuCollector(
  providers: readonly GpuProvider[],
  intervalMs: number,
  now: () => number = monotonicMs,
): GpuCollector {
  const startedMs = now();
  const present = providers.filter(
    (provider) => attempt(provider, () => provider.isPresent()).value === true,
  );
  const startErrors = present.flatMap(
    (provider) => attempt(provider, () => provider.start(intervalMs)).error ?? [],
  );
  return {
    read() {
      const readings = present.map((provider) => {
        const { value, error } = attempt(provider, () => provider.read());
        return value ?? { ...nothing, error };
      });
      const merged = mergeReadings(readings);
      const isPatient = now() - startedMs < AWAITED_MS;
      const known = merged.known || (!isPatient && readings.some((reading) => reading.known));
      return { ...merged, known, error: joined([...startErrors, merged.error]) };
    },
    setInterval(ms, watched) {
      for (const provider of present) attempt(provider, () => provider.setInterval(ms, watched));
    },
    stop() {
      for (const provider of present) attempt(provider, () => provider.stop());
    },
  };
}

/** One vendor's failure must not hide another's rows. */
function attempt<T>(provider: GpuProvider, action: () => T): { value: T | null; error: string | null } {
  try {
    return { value: action(), error: null };
  } catch (error) {
    return { value: null, error: `${provider.vendor}: ${error instanceof Error ? error.message : error}` };
  }
}

function joined(errors: readonly (string | null)[]): string | null {
  return errors.filter((error) => error !== null).join('; ') || null;
}

/**
 * Puts the vendors' rows behind one another, with indexes that stay unique. Rows of MIG instances have places
 * of their own beyond all GPUs: they are neither moved nor counted, but their GPU may have moved.
 */
export function mergeReadings(readings: readonly GpuReading[]): GpuReading {
  const merged: GpuReading = { known: true, facts: [], gpus: [], processes: [], error: null };
  let offset = 0;
  for (const reading of readings) {
    const by = offset;
    const moved = (index: number) => (index >= FIRST_MIG_INDEX ? index : index + by);
    // Rows that stay where they are stay the same objects, so that what did not change is seen at a glance.
    const change = <Row>(rows: readonly Row[], move: (row: Row) => Row) => (by === 0 ? rows : rows.map(move));
    merged.known &&= reading.known;
    const movedFacts = change(reading.facts, (row) => ({
      ...row,
      index: moved(row.index),
      parentIndex: row.parentIndex === null ? null : moved(row.parentIndex),
    }));
    merged.facts.push(...movedFacts);
    merged.gpus.push(...change(reading.gpus, (row) => ({ ...row, index: moved(row.index) })));
    merged.processes.push(...change(reading.processes, (row) => ({ ...row, gpuIndex: moved(row.gpuIndex) })));
    merged.error = joined([merged.error, reading.error]);
    for (const { index } of movedFacts) if (index < FIRST_MIG_INDEX) offset = Math.max(offset, index + 1);
  }
  return withinBounds(merged);
}

/** A driver's nonsense, and more rows than a sample has room for, must not cost what is good. */
function withinBounds(reading: GpuReading): GpuReading {
  const possible = reading.processes.filter(
    ({ pid }) => Number.isInteger(pid) && pid >= 0 && pid <= LARGEST_PID,
  );
  const impossible = reading.processes.length - possible.length;
  const notes = [
    ...(impossible > 0
      ? [`left out, because no process can have the number that the driver gives: ${impossible}`]
      : []),
    ...(reading.facts.length >= MAX_GPUS ? [`no more than ${MAX_GPUS} GPUs and instances are told`] : []),
    ...(possible.length >= MAX_GPU_PROCESSES
      ? [`no more than ${MAX_GPU_PROCESSES} processes on GPUs are told`]
      : []),
  ];
  return {
    ...reading,
    facts: reading.facts.slice(0, MAX_GPUS),
    gpus: reading.gpus.slice(0, MAX_GPUS),
    processes: possible.slice(0, MAX_GPU_PROCESSES),
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
  };
}
