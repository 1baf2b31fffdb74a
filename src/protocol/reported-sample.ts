import type { GpuFacts } from './gpu-facts.ts';
import type { ProcessFacts } from './hello.ts';
import type { JobFacts, JobSample } from './jobs.ts';
import type { GpuProcessSample, GpuSample, Sample, TopProcessSample } from './sample.ts';
import type { GpuAllocation } from './scheduler.ts';

/** A sample with the facts merged in: what a status file holds and what the API serves. */

/** Facts of a process that may not be known (it ended, or lives in another pid namespace). */
type KnownProcess = { [Key in keyof Omit<ProcessFacts, 'pid'>]: ProcessFacts[Key] | null };

/** What the head knows of a GPU besides: absent where no scheduler was asked, as before a node's first sample. */
interface ScheduledGpu {
  /** The job that a scheduler has given it to, whether anything runs on it or not. */
  allocation?: GpuAllocation | null;
  /** A scheduler gives it to nobody now, because its node is drained or down there. */
  isDrained?: boolean;
}

export type ReportedGpu = GpuFacts & GpuSample & ScheduledGpu;
export type ReportedGpuProcess = GpuProcessSample & KnownProcess;
export type ReportedTopProcess = TopProcessSample & KnownProcess;
export type ReportedJob = JobFacts & JobSample;

export type ReportedSample = Omit<Sample, 'type' | 'gpus' | 'gpuProcesses' | 'topProcesses' | 'jobs'> & {
  gpus: ReportedGpu[] | null;
  gpuProcesses: ReportedGpuProcess[] | null;
  topProcesses: ReportedTopProcess[] | null;
  jobs: ReportedJob[] | null;
};
