import type { KnownFacts } from '../protocol/known-facts.ts';
import type { SampleFigures } from '../report/sample-figures.ts';
import type { PointRows } from './recent-ring.ts';

/** So many jobs of a sample are charted. */
export const CHARTED_JOBS = 12;

/** The jobs with most GPU memory, then with most CPU, in the order of `jobFigures`. */
export function chartedJobs(
  { jobs, processes }: SampleFigures,
  facts: Pick<KnownFacts, 'processes'>,
): PointRows<string> {
  const keys: string[] = [];
  const values: number[] = [];
  if (jobs === null) return { keys, values };
  const gpuMemory = gpuMemoryByJob(processes, facts);
  for (const at of largest(jobs, gpuMemory)) {
    const key = jobs.key[at] ?? '';
    keys.push(key);
    values.push(
      jobs.cpuPercent[at] ?? Number.NaN,
      jobs.residentBytes[at] ?? Number.NaN,
      gpuMemory.get(key) ?? Number.NaN,
    );
  }
  return { keys, values };
}

type Jobs = NonNullable<SampleFigures['jobs']>;

/** Where they stand in the sample. */
function largest({ key, cpuPercent }: Jobs, gpuMemory: ReadonlyMap<string, number>): Iterable<number> {
  if (key.length <= CHARTED_JOBS) return key.keys();
  const memoryOf = (at: number) => gpuMemory.get(key[at] ?? '') ?? -1;
  const cpuOf = (at: number) => cpuPercent[at] ?? -1;
  return [...key.keys()]
    .sort((a, b) => memoryOf(b) - memoryOf(a) || cpuOf(b) - cpuOf(a))
    .slice(0, CHARTED_JOBS);
}

/** Without an entry where no process of the job tells its GPU memory. */
function gpuMemoryByJob(
  processes: SampleFigures['processes'],
  facts: Pick<KnownFacts, 'processes'>,
): Map<string, number> {
  const bytes = new Map<string, number>();
  if (processes === null) return bytes;
  const { pid, gpuMemoryBytes } = processes;
  for (let at = 0; at < pid.length; at++) {
    const own = gpuMemoryBytes[at] ?? null;
    const job = own === null ? null : (facts.processes.get(pid[at] ?? 0)?.job ?? null);
    if (job !== null && own !== null) bytes.set(job, (bytes.get(job) ?? 0) + own);
  }
  return bytes;
}
