import type { JobKind } from '../protocol/job-kinds.ts';
import type { ReportedGpu } from '../protocol/reported-sample.ts';
import type { GpuUse } from './gpu-use.ts';
import type { GpuMark } from './marks.ts';
import type { NodeState } from './node-report.ts';

/** What the head makes out of all nodes together: rows of GPUs, jobs and users. */

/** Which GPU, among those of all nodes. */
export interface GpuPlace {
  node: string;
  index: number;
  uuid: string | null;
  name: string | null;
}

/** One element of `GET /api/v1/jobs`. Sums over all nodes; null where no node told the figure. */
export interface ClusterJob {
  /** `slurm:4711`, or with the node behind it for a job of one node: `docker:3f2a@gpu07`. */
  key: string;
  kind: JobKind;
  id: string;
  name: string | null;
  user: string | null;
  nodes: string[];
  gpus: GpuPlace[];
  gpuMemoryBytes: number | null;
  /** Mean over its GPUs. */
  gpuUtilizationPercent: number | null;
  /** Percent of one core. */
  cpuPercent: number | null;
  /** Logical cores of its nodes together; null where one of them does not tell. */
  coreCount: number | null;
  residentBytes: number | null;
  processCount: number | null;
  /** Command line of the process that takes most, of those that are known. */
  command: string | null;
  /** By the head's clock. */
  startTimeMs: number | null;
  ageMs: number | null;
  /** False where a node of it is not live: its share is old. */
  isCurrent: boolean;
}

/** One element of `GET /api/v1/gpus`. */
export type ClusterGpu = ReportedGpu & {
  node: string;
  state: NodeState;
  sampleAgeMs: number | null;
  /** `out` for all GPUs of a node that is not live. */
  use: GpuUse;
  /** Keys of the jobs on it, as in `ClusterJob`. */
  jobs: string[];
  users: string[];
  marks: Omit<GpuMark, 'gpuIndex'>[];
};

/** One element of `GET /api/v1/users`: who holds what now. Sums over all nodes; null where no node told the figure. */
export interface ClusterUser {
  user: string;
  /** With a process on them that takes a GPU, or given to a job by a scheduler; one that two users share counts for both. */
  gpus: GpuPlace[];
  gpuCount: number;
  /** Of these, held without any work for long. */
  heldIdleCount: number;
  gpuMemoryBytes: number | null;
  /** Mean over the GPUs held. */
  gpuUtilizationPercent: number | null;
  /** Percent of one core. */
  cpuPercent: number | null;
  /** Logical cores of the nodes together; null where one of them does not tell. */
  coreCount: number | null;
  residentBytes: number | null;
  processCount: number | null;
  nodes: string[];
  /** Keys as in `ClusterJob`. */
  jobs: string[];
  /** False where one of the nodes is not live: its share is old. */
  isCurrent: boolean;
}
