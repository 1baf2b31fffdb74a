import { noGpuFacts, noGpuFigures, noGpuProcessFigures } from './absent.ts';
import { absentOf } from './column-kinds.ts';
import { gpuColumnNames, gpuProcessColumnNames, jobColumnNames, topProcessColumnNames } from './columns.ts';
import type { KnownFacts } from './known-facts.ts';
import { jobFigureColumns, processFigureColumns, processTreeColumns } from './process-columns.ts';
import type {
  ReportedGpu,
  ReportedGpuProcess,
  ReportedJob,
  ReportedSample,
  ReportedTopProcess,
} from './reported-sample.ts';
import type { Sample } from './sample.ts';

/** Of each kind of row all that can be known, as unknown. */
const unknownGpu = { ...noGpuFacts, vendor: '', ...noGpuFigures, index: 0, health: 'error', error: null };
const unknownProcess = {
  pid: 0,
  ...absentOf(processFigureColumns),
  startTimeMs: null,
  user: null,
  command: null,
  arguments: null,
  job: null,
};
const unknownGpuProcess = {
  ...unknownProcess,
  ...noGpuProcessFigures,
  gpuIndex: 0,
  ...absentOf(processTreeColumns),
};
const unknownJob = absentOf(jobFigureColumns);

type Columns = Readonly<Record<string, readonly unknown[]>>;

/**
 * A table's rows, as many as its first column has values. Each is a copy of what is known of it besides, with the
 * columns' values put into their places. Spreading three objects of sixty properties into a new one for each row takes
 * twenty times as long.
 */
function mergeRows<Row extends object>(
  table: object,
  names: readonly string[],
  baseOf: (at: number) => object | null,
): Row[] {
  const columns = table as Columns;
  const length = columns[names[0] ?? '']?.length ?? 0;
  const rows: Row[] = [];
  for (let at = 0; at < length; at += 1) {
    const base = baseOf(at);
    if (base === null) continue;
    const row = { ...base } as Record<string, unknown>;
    for (const name of names) row[name] = columns[name]?.[at] ?? null;
    rows.push(row as Row);
  }
  return rows;
}

/** Facts change seldom: what stands under the figures is kept for each. */
const bases = new WeakMap<object, object>();

function baseOf(unknown: object, facts: object | undefined): object {
  if (facts === undefined) return unknown;
  const known = bases.get(facts);
  if (known) return known;
  const base = { ...unknown, ...facts };
  bases.set(facts, base);
  return base;
}

/**
 * Rows are told apart by their number or key: of those that have the same one, the first counts. Told otherwise, one
 * GPU would be shown with all its processes as often as a node likes.
 */
function distinct<Row, Key>(rows: Row[], keyOf: (row: Row) => Key): Row[] {
  const keys = new Set(rows.map(keyOf));
  if (keys.size === rows.length) return rows;
  return rows.filter((row) => keys.delete(keyOf(row)));
}

/** A sample with what was said once merged in: the shape that the API and the status file show. */
export function mergeSample(sample: Sample, { gpus, processes, jobs }: KnownFacts): ReportedSample {
  const byIndex = new Map((gpus ?? []).map((row) => [row.index, row]));
  const { type: _type, gpus: gpuTable, gpuProcesses, topProcesses, jobs: jobTable, ...rest } = sample;
  const ofGpu = (at: number) => baseOf(unknownGpu, byIndex.get(gpuTable?.index[at] ?? -1));
  // The same facts serve rows of both kinds of processes, whose figures differ: they are put on top of either.
  const ofProcess = (unknown: object, pid: number | undefined) => {
    const facts = processes.get(pid ?? -1);
    return facts ? { ...unknown, ...facts } : unknown;
  };
  const ofJob = (at: number) => {
    const facts = jobs.get(jobTable?.key[at] ?? '');
    return facts ? baseOf(unknownJob, facts) : null;
  };
  return {
    ...rest,
    gpus: gpuTable && distinct(mergeRows<ReportedGpu>(gpuTable, gpuColumnNames, ofGpu), ({ index }) => index),
    gpuProcesses:
      gpuProcesses &&
      mergeRows<ReportedGpuProcess>(gpuProcesses, gpuProcessColumnNames, (at) =>
        ofProcess(unknownGpuProcess, gpuProcesses.pid[at]),
      ),
    topProcesses:
      topProcesses &&
      mergeRows<ReportedTopProcess>(topProcesses, topProcessColumnNames, (at) =>
        ofProcess(unknownProcess, topProcesses.pid[at]),
      ),
    jobs: jobTable && distinct(mergeRows<ReportedJob>(jobTable, jobColumnNames, ofJob), ({ key }) => key),
  };
}
