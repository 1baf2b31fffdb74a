import { DASH, formatBytes, formatCores, formatDuration } from '../lib/format.ts';
import { jobKey } from '../protocol/job-kinds.ts';
import type { ReportedGpuProcess, ReportedTopProcess } from '../protocol/reported-sample.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterJob } from '../report/rows.ts';
import { type GpuView, viewGpus } from './gpu-view.ts';
import { stateWords } from './node-state.ts';
import { viewProgram } from './view-parts.ts';

/** What a job has on one of its nodes. */
export interface JobShareView {
  node: string;
  path: string;
  stateWord: string;
  stateMark: string;
  gpus: GpuView[];
  processes: JobProcessView[];
}

export interface JobProcessView {
  pid: number;
  user: string;
  commandLine: string;
  /** `0, 1`; a dash where it is on none. */
  gpus: string;
  gpuMemory: string;
  /** Of the process alone. */
  cpu: string;
  ram: string;
  time: string;
}

const total = (values: readonly (number | null)[]) =>
  values.reduce((sum, value) => (value === null ? sum : (sum ?? 0) + value), null);

/** A process on several GPUs has a row for each of them. */
function viewProcess(
  program: ReportedTopProcess,
  onGpus: readonly ReportedGpuProcess[],
  takenAtMs: number | null,
): JobProcessView {
  const { pid, user, commandLine } = viewProgram(program);
  const { startTimeMs, cpuPercent, residentBytes } = program;
  return {
    pid,
    user,
    commandLine,
    gpus: onGpus.length === 0 ? DASH : onGpus.map(({ gpuIndex }) => gpuIndex).join(', '),
    gpuMemory: formatBytes(total(onGpus.map(({ gpuMemoryBytes }) => gpuMemoryBytes))),
    cpu: formatCores(cpuPercent),
    ram: formatBytes(residentBytes),
    time: formatDuration(startTimeMs === null || takenAtMs === null ? null : takenAtMs - startTimeMs),
  };
}

/** Those on GPUs, and of the others the busiest: a node tells no more. Pure. */
export function viewJobShare(job: ClusterJob, node: NodeReport): JobShareView {
  const { sample } = node;
  const key = jobKey(job.kind, job.id);
  const isOwn = (process: ReportedTopProcess) => process.job === key;
  const onGpus = (sample?.gpuProcesses ?? []).filter(isOwn);
  const known = new Map<number, ReportedTopProcess>();
  for (const process of [...onGpus, ...(sample?.topProcesses ?? []).filter(isOwn)])
    if (!known.has(process.pid)) known.set(process.pid, process);
  const indexes = new Set(job.gpus.filter((gpu) => gpu.node === node.name).map(({ index }) => index));
  return {
    node: node.name,
    path: `/nodes/${encodeURIComponent(node.name)}`,
    stateWord: stateWords[node.state].word,
    stateMark: stateWords[node.state].mark,
    gpus: viewGpus(node).filter(({ index }) => indexes.has(index)),
    processes: Array.from(known.values(), (process) =>
      viewProcess(
        process,
        onGpus.filter(({ pid }) => pid === process.pid),
        sample?.takenAtMs ?? null,
      ),
    ),
  };
}
