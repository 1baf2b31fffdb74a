import { isOfScheduler, type JobKind } from '../protocol/job-kinds.ts';
import type {
  ReportedGpu,
  ReportedGpuProcess,
  ReportedJob,
  ReportedTopProcess,
} from '../protocol/reported-sample.ts';
import type { NodeReport } from './node-report.ts';

/** What a job has of one node, as the table of jobs and the ledger of what was used both see it. */

/** Jobs that have GPUs of the node by its scheduler. Of those that run nothing there no more is known. */
export function* allocatedJobs({
  state,
  sample,
}: Pick<NodeReport, 'state' | 'sample'>): Iterable<ReportedJob> {
  if (state !== 'live') return;
  const seen = new Set<string>();
  for (const { allocation } of sample?.gpus ?? []) {
    const { jobKey, jobId, user } = allocation ?? { jobKey: null, jobId: null, user: null };
    if (jobKey === null || seen.has(jobKey)) continue;
    seen.add(jobKey);
    const number = jobKey.slice(jobKey.indexOf(':') + 1);
    yield {
      key: jobKey,
      kind: 'slurm',
      id: jobId ?? number,
      number,
      name: null,
      user,
      startTimeMs: null,
      processCount: null,
      cpuPercent: null,
      residentBytes: null,
    };
  }
}

/** The GPUs on which it has a process, and of a scheduler's job those that it was given. `key`: as in `ClusterJob`. */
export function gpusOfJob(
  gpus: readonly ReportedGpu[],
  { key, kind }: { key: string; kind: JobKind },
  processes: readonly Pick<ReportedGpuProcess, 'gpuIndex'>[],
): ReportedGpu[] {
  if (processes.length === 0 && !isOfScheduler(kind)) return [];
  const indexes = new Set(processes.map(({ gpuIndex }) => gpuIndex));
  return gpus.filter(({ index, allocation }) => indexes.has(index) || (allocation?.jobKey ?? null) === key);
}

type Program = Pick<ReportedTopProcess, 'command' | 'arguments'>;

/** Of those on GPUs the one with most memory there, else the one with most CPU. Under `--public` without arguments. */
export function commandOf(
  onGpus: readonly ReportedGpuProcess[],
  busy: readonly ReportedTopProcess[],
): string | null {
  const known = ({ command }: Program) => command !== null;
  const [first] = onGpus.filter(known).sort((a, b) => (b.gpuMemoryBytes ?? 0) - (a.gpuMemoryBytes ?? 0));
  const [busiest] = busy.filter(known).sort((a, b) => (b.cpuPercent ?? 0) - (a.cpuPercent ?? 0));
  const program: Program | undefined = first ?? busiest;
  return program === undefined ? null : [program.command, program.arguments].filter(Boolean).join(' ');
}
