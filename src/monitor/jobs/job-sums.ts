import type { JobSample } from '../../protocol/jobs.ts';
import type { ProcessStat } from '../collectors/process-stat.ts';
import type { JobIdentity } from './job-identity.ts';

/** One job with the sums over its processes on this node. */
export interface Job {
  key: string;
  identity: JobIdentity;
  /** Oldest process seen while the job was there. */
  startTicks: number;
  uid: number | null;
  uidTicks: number;
  processCount: number;
  cpuPercent: number | null;
  residentPages: number;
}

/** Without a process yet. */
export const newJob = (key: string, identity: JobIdentity): Job => ({
  key,
  identity,
  startTicks: Number.POSITIVE_INFINITY,
  uid: identity.uid,
  uidTicks: Number.POSITIVE_INFINITY,
  processCount: 0,
  cpuPercent: null,
  residentPages: 0,
});

/** Before each scan. */
export function resetSums(job: Job): void {
  job.processCount = 0;
  job.cpuPercent = null;
  job.residentPages = 0;
}

/** `cpuPercent`: of one core, null at first sight; `uid` null where it cannot be told. */
export function addProcess(job: Job, stat: ProcessStat, cpuPercent: number | null, uid: number | null): void {
  const { startTicks, residentPages } = stat;
  job.processCount++;
  job.residentPages += residentPages;
  if (cpuPercent !== null) job.cpuPercent = (job.cpuPercent ?? 0) + cpuPercent;
  if (startTicks < job.startTicks) job.startTicks = startTicks;
  if (job.identity.uid === null && uid !== null) noteOwner(job, uid, startTicks);
}

/** A job is its oldest process's user's; the helpers that root starts for it come first. */
function noteOwner(job: Job, uid: number, startTicks: number): void {
  const isBetter = uid === 0 ? job.uid === null : job.uid === 0 || startTicks < job.uidTicks;
  if (!isBetter) return;
  job.uid = uid;
  job.uidTicks = uid === 0 ? Number.POSITIVE_INFINITY : startTicks;
}

/** As it is told: CPU in tenths of a percent of one core, memory in bytes. */
export const sampleOf = (
  { key, processCount, cpuPercent, residentPages }: Job,
  pageBytes: number,
): JobSample => ({
  key,
  processCount,
  cpuPercent: cpuPercent === null ? null : Math.round(cpuPercent * 10) / 10,
  residentBytes: residentPages * pageBytes,
});
