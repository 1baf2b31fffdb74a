import type { Cause } from './causes.ts';
import type { GpuMark } from './cluster.ts';
import type { NodeEvent, NodeWarning } from './events.ts';
import type { GpuFacts } from './gpu-facts.ts';
import type { GpuHolder, Hello, ProcessFacts } from './hello.ts';
import type { JobFacts, JobSample } from './jobs.ts';
import type { GpuAllocation, NodeScheduler } from './scheduler.ts';
import type { GpuProcessSample, GpuSample, Sample, TopProcessSample } from './sample.ts';

export const nodeStates = ['connecting', 'live', 'stale', 'unreachable', 'disabled'] as const;
export type NodeState = (typeof nodeStates)[number];

export type TransportName = 'ssh2' | 'openssh' | 'local' | 'demo';

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

/** A sample with the facts merged in: what the API serves. */
export type ReportedSample = Omit<Sample, 'type' | 'gpus' | 'gpuProcesses' | 'topProcesses' | 'jobs'> & {
  gpus: ReportedGpu[] | null;
  gpuProcesses: ReportedGpuProcess[] | null;
  topProcesses: ReportedTopProcess[] | null;
  jobs: ReportedJob[] | null;
};

export type ReportedHello = Omit<Hello, 'type' | 'nonce'>;

/** One element of `GET /api/v1/nodes`. */
export interface NodeReport {
  name: string;
  /** From rollcall.toml. */
  tags: string[];
  state: NodeState;
  cause: Cause | null;
  message: string | null;
  hint: string | null;
  lastLines: string[];
  transport: TransportName | null;
  /** Why it is that one; null for the usual. */
  transportReason: string | null;
  /** The node's log on the head. */
  logPath: string | null;
  /** By the head's monotonic clock; null before the first sample. */
  sampleAgeMs: number | null;
  hello: ReportedHello | null;
  sample: ReportedSample | null;
  /** Newest last. */
  events: NodeEvent[];
  warnings: NodeWarning[];
  /** What is odd about its GPUs. */
  marks: GpuMark[];
  gpuHolders: GpuHolder[];
  /** What its batch scheduler says of it; null where it has none. */
  scheduler: NodeScheduler | null;
}
