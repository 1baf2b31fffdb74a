import { cutText } from '../../lib/cut-text.ts';
import { groupBy } from '../../lib/group-by.ts';
import { clusterJobKey, containerKinds, isOfScheduler } from '../../protocol/job-kinds.ts';
import type { ReportedGpu, ReportedJob, ReportedSample } from '../../protocol/reported-sample.ts';
import { takesGpu } from '../../report/gpu-holding.ts';
import { unitTest } from '../../report/gpu-use.ts';
import { allocatedJobs, commandOf, gpusOfJob } from '../../report/job-gpus.ts';
import { isMuchLoad } from '../../report/much-load.ts';
import type { NodeReport } from '../../report/node-report.ts';

/** A job in a node's report, as the ledger takes it. */
export interface SeenJob {
  /** As in `ClusterJob`. */
  key: string;
  job: ReportedJob;
  /** Those that programs can get: of a GPU in MIG mode its instances. */
  gpus: ReportedGpu[];
  /** On which it has processes; null where the node does not tell processes on GPUs. */
  touched: ReadonlySet<number> | null;
  command: string | null;
}

const MAX_COMMAND_LENGTH = 500;

/**
 * All jobs of a report that is live; null where its jobs are not known. A process takes a GPU as `takesGpu` says: a
 * display server holds nothing.
 */
export function seenJobs(report: NodeReport): SeenJob[] | null {
  const { state, sample } = report;
  if (state !== 'live' || sample?.jobs == null) return null;
  const units = sample.gpus?.filter(unitTest(sample.gpus)) ?? [];
  const byJob = groupBy(sample.gpuProcesses ?? [], ({ job }) => job);
  const busyByJob = groupBy(sample.topProcesses ?? [], ({ job }) => job);
  const seen = new Map<string, SeenJob>();
  for (const job of sample.jobs) {
    const own = byJob.get(job.key) ?? [];
    const command = commandOf(own, busyByJob.get(job.key) ?? []);
    note(seen, report.name, job, {
      units,
      taking: own.filter(takesGpu),
      isTold: sample.gpuProcesses !== null,
      command: command === null ? null : cutText(command, MAX_COMMAND_LENGTH),
    });
  }
  const isTold = sample.gpuProcesses !== null;
  for (const job of allocatedJobs(report))
    note(seen, report.name, job, { units, taking: [], isTold, command: null });
  return [...seen.values()];
}

interface OnGpus {
  units: readonly ReportedGpu[];
  taking: readonly NonNullable<ReportedSample['gpuProcesses']>[number][];
  isTold: boolean;
  command: string | null;
}

/** What one node says twice counts once. */
function note(seen: Map<string, SeenJob>, node: string, job: ReportedJob, onGpus: OnGpus): void {
  const { units, taking, isTold, command } = onGpus;
  const key = clusterJobKey(node, job);
  if (seen.has(key)) return;
  const gpus = gpusOfJob(units, { key, kind: job.kind }, taking);
  const touched = isTold ? new Set(taking.map(({ gpuIndex }) => gpuIndex)) : null;
  seen.set(key, { key, job, gpus, touched, command });
}

/**
 * Whether it is worth a record. Jobs of schedulers and containers are; what is a job for want of a better word, such as a
 * service of the system or somebody's shell, is one once it holds a GPU or takes much.
 */
export function isWorthRecord({ job, gpus }: Pick<SeenJob, 'job' | 'gpus'>): boolean {
  const isNamed = isOfScheduler(job.kind) || (containerKinds as readonly string[]).includes(job.kind);
  return isNamed || gpus.length > 0 || isMuchLoad(job);
}
