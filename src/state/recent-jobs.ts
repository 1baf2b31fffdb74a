import type { KnownFacts } from '../protocol/known-facts.ts';
import type { SampleFigures } from '../protocol/sample-figures.ts';
import type { PointRows } from './recent-ring.ts';

/** So many jobs of a sample are charted. */
export const CHARTED_JOBS = 12;

interface JobFigures {
  key: string;
  cpuPercent: number;
  residentBytes: number;
  gpuMemoryBytes: number;
}

/** The jobs with most GPU memory, then with most CPU, in the order of `jobFigures`. */
export function chartedJobs(
  { jobs, processes }: SampleFigures,
  facts: Pick<KnownFacts, 'processes'>,
): PointRows<string> {
  if (jobs === null) return { keys: [], values: [] };
  const gpuMemory = gpuMemoryByJob(processes, facts);
  const rows = jobs.key.map(
    (key, at): JobFigures => ({
      key,
      cpuPercent: jobs.cpuPercent[at] ?? Number.NaN,
      residentBytes: jobs.residentBytes[at] ?? Number.NaN,
      gpuMemoryBytes: gpuMemory.get(key) ?? Number.NaN,
    }),
  );
  if (rows.length > CHARTED_JOBS) rows.sort(bySize);
  const shown = rows.slice(0, CHARTED_JOBS);
  return {
    keys: shown.map(({ key }) => key),
    values: shown.flatMap((row) => [row.cpuPercent, row.residentBytes, row.gpuMemoryBytes]),
  };
}

const orLeast = (value: number) => (Number.isNaN(value) ? -1 : value);

function bySize(a: JobFigures, b: JobFigures): number {
  return (
    orLeast(b.gpuMemoryBytes) - orLeast(a.gpuMemoryBytes) || orLeast(b.cpuPercent) - orLeast(a.cpuPercent)
  );
}

/** Without an entry where no process of the job tells its GPU memory. */
function gpuMemoryByJob(
  processes: SampleFigures['processes'],
  facts: Pick<KnownFacts, 'processes'>,
): Map<string, number> {
  const bytes = new Map<string, number>();
  processes?.pid.forEach((pid, at) => {
    const job = facts.processes.get(pid)?.job ?? null;
    const own = processes.gpuMemoryBytes[at] ?? null;
    if (job !== null && own !== null) bytes.set(job, (bytes.get(job) ?? 0) + own);
  });
  return bytes;
}
