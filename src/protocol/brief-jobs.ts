import { ABSENT, toShortFloat } from '../lib/short-floats.ts';
import type { KnownFacts } from './known-facts.ts';
import type { ToldSample } from './told-sample.ts';

/** The jobs of a sample's brief. */
export interface JobBrief {
  key: string[];
  /** Short floats: for each job its CPU in percent of a core, its resident bytes and its GPU memory in bytes. */
  cells: readonly number[];
}

/** So many jobs of a sample are charted. */
export const MAX_BRIEF_JOBS = 12;
export const JOB_BRIEF_WIDTH = 3;

type Facts = Pick<KnownFacts, 'processes'>;
type Jobs = NonNullable<ToldSample['jobs']>;

/** The jobs with most GPU memory, then with most CPU. */
export function briefJobs(
  { jobs, gpuProcesses }: Pick<ToldSample, 'jobs' | 'gpuProcesses'>,
  facts: Facts,
): JobBrief | null {
  if (jobs === null) return null;
  const gpuBytes = gpuBytesByJob(gpuProcesses, facts);
  const kept = largest(jobs, gpuBytes);
  const cells: number[] = [];
  kept.forEach((at) => {
    const figures = [jobs.cpuPercent?.[at], jobs.residentBytes?.[at], gpuBytes.get(jobs.key[at] ?? '')];
    for (const value of figures) cells.push(typeof value === 'number' ? toShortFloat(value) : ABSENT);
  });
  return { key: kept.map((at) => jobs.key[at] ?? ''), cells };
}

/** Where they stand in the sample. */
function largest({ key, cpuPercent }: Jobs, gpuBytes: ReadonlyMap<string, number>): number[] {
  const places = [...key.keys()];
  if (places.length <= MAX_BRIEF_JOBS) return places;
  const gpuBytesOf = (at: number) => gpuBytes.get(key[at] ?? '') ?? -1;
  const cpuOf = (at: number) => cpuPercent?.[at] ?? -1;
  return places.sort((a, b) => gpuBytesOf(b) - gpuBytesOf(a) || cpuOf(b) - cpuOf(a)).slice(0, MAX_BRIEF_JOBS);
}

/** Without an entry where no process of the job tells its GPU memory. */
function gpuBytesByJob(processes: ToldSample['gpuProcesses'], facts: Facts): Map<string, number> {
  const bytes = new Map<string, number>();
  processes?.pid.forEach((pid, at) => {
    const own = processes.gpuMemoryBytes?.[at] ?? null;
    const job = own === null ? null : (facts.processes.get(pid)?.job ?? null);
    if (job !== null && own !== null) bytes.set(job, (bytes.get(job) ?? 0) + own);
  });
  return bytes;
}
