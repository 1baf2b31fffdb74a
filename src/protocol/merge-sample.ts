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
  const places: number[] = [];
  for (let at = 0; at < length; at += 1) {
    const base = baseOf(at);
    if (base === null) continue;
    rows.push({ ...base } as Row);
    places.push(at);
  }
  for (const name of names) {
    const column = columns[name] ?? [];
    // Of a column that was left out nothing is known, as the base has it.
    if (column.length > 0) fillColumn(rows, places, name, column);
  }
  return rows;
}

function fillColumn<Row extends object>(
  rows: readonly Row[],
  places: readonly number[],
  name: string,
  column: readonly unknown[],
): void {
  for (let at = 0; at < rows.length; at += 1)
    (rows[at] as Record<string, unknown>)[name] = column[places[at] ?? 0] ?? null;
}

/** Facts change seldom: what stands under the figures is kept for each. */
function createBases(unknown: object): (facts: object | undefined) => object {
  const bases = new WeakMap<object, object>();
  return (facts) => {
    if (facts === undefined) return unknown;
    const known = bases.get(facts);
    if (known) return known;
    const base = { ...unknown, ...facts };
    bases.set(facts, base);
    return base;
  };
}

const gpuBase = createBases(unknownGpu);
const gpuProcessBase = createBases(unknownGpuProcess);
const topProcessBase = createBases(unknownProcess);
const jobBase = createBases(unknownJob);

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
  const ofGpu = (at: number) => gpuBase(byIndex.get(gpuTable?.index[at] ?? -1));
  const ofJob = (at: number) => {
    const facts = jobs.get(jobTable?.key[at] ?? '');
    return facts ? jobBase(facts) : null;
  };
  return {
    ...rest,
    gpus: gpuTable && distinct(mergeRows<ReportedGpu>(gpuTable, gpuColumnNames, ofGpu), ({ index }) => index),
    gpuProcesses:
      gpuProcesses &&
      mergeRows<ReportedGpuProcess>(gpuProcesses, gpuProcessColumnNames, (at) =>
        gpuProcessBase(processes.get(gpuProcesses.pid[at] ?? -1)),
      ),
    topProcesses:
      topProcesses &&
      mergeRows<ReportedTopProcess>(topProcesses, topProcessColumnNames, (at) =>
        topProcessBase(processes.get(topProcesses.pid[at] ?? -1)),
      ),
    jobs: jobTable && distinct(mergeRows<ReportedJob>(jobTable, jobColumnNames, ofJob), ({ key }) => key),
  };
}
