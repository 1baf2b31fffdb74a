import { groupBy } from '../lib/group-by.ts';
import type { GpuFacts } from '../protocol/gpu-facts.ts';
import type { ReportedGpu, ReportedGpuProcess } from '../protocol/reported-sample.ts';
import type { GpuAllocation } from '../protocol/scheduler.ts';
import { takesGpu } from './gpu-holding.ts';
import type { GpuMark } from './marks.ts';
import type { NodeReport } from './node-report.ts';

/**
 * What a GPU is to somebody who wants one. `busy` also where no process is seen but the card works or holds
 * memory: containers hide processes. `held-idle`: held without any work for long. `out`: lost or answering with
 * an error. `unknown`: no figure tells. `allocated`: a scheduler has given it to a job that does nothing on it.
 * `drained`: nothing uses it, and a scheduler gives it to nobody.
 */
export type GpuUse = 'free' | 'busy' | 'allocated' | 'held-idle' | 'drained' | 'out' | 'unknown';

/** Percent from which on a GPU works. */
export const BUSY_PERCENT = 5;
const HELD_SHARE = 0.05;

/** Pure. The marks are those of its node. */
export function gpuUse(
  gpu: ReportedGpu,
  processes: readonly ReportedGpuProcess[] | null,
  marks: readonly GpuMark[],
): GpuUse {
  const isHeldIdle = marks.some(({ gpuIndex, code }) => gpuIndex === gpu.index && code === 'held-idle');
  if (gpu.health === 'ok' && isHeldIdle) return 'held-idle';
  const use = useByFigures(gpu, processes);
  if (use !== 'free' && use !== 'unknown') return use;
  if (gpu.allocation) return 'allocated';
  return gpu.isDrained ? 'drained' : use;
}

/** `allocated to job 9_2 of ann, idle`; without the last word where the GPU is used. */
export function describeAllocation({ jobId, user }: GpuAllocation, use: GpuUse): string {
  const job = jobId === null ? 'a job' : `job ${jobId}`;
  return `allocated to ${job}${user === null ? '' : ` of ${user}`}${use === 'allocated' ? ', idle' : ''}`;
}

function useByFigures(
  gpu: ReportedGpu,
  processes: readonly ReportedGpuProcess[] | null,
): 'free' | 'busy' | 'out' | 'unknown' {
  if (gpu.health !== 'ok') return 'out';
  if (processes?.some((process) => process.gpuIndex === gpu.index && takesGpu(process))) return 'busy';
  if (gpu.utilizationPercent !== null && gpu.utilizationPercent >= BUSY_PERCENT) return 'busy';
  const { memoryUsedBytes: used, memoryTotalBytes: total } = gpu;
  // Unified memory is the host's: its programs hold it too.
  if (gpu.unifiedMemory) return gpu.utilizationPercent === null ? 'unknown' : 'free';
  if (used !== null && total !== null && used > total * HELD_SHARE) return 'busy';
  return gpu.utilizationPercent === null && used === null ? 'unknown' : 'free';
}

export interface GpuCounts {
  total: number;
  free: number;
  /** With those that a scheduler has given to a job. */
  busy: number;
  heldIdle: number;
  /** With those that a scheduler gives to nobody. */
  out: number;
}

/** Among which of the counts a GPU is. */
export const countedAs = {
  free: 'free',
  busy: 'busy',
  allocated: 'busy',
  'held-idle': 'heldIdle',
  drained: 'out',
  out: 'out',
  unknown: null,
} as const satisfies Record<GpuUse, keyof GpuCounts | null>;

const isSick = ({ health, parentIndex }: ReportedGpu) => health !== 'ok' && parentIndex === null;

/** What programs can get: a GPU in MIG mode is taken by none, its instances are, also where it has none yet. */
export function unitTest(gpus: readonly GpuFacts[]): (gpu: GpuFacts) => boolean {
  const parents = new Set(gpus.map(({ parentIndex }) => parentIndex));
  return ({ index, migEnabled }) => !migEnabled && !parents.has(index);
}

/** The GPUs of one node that count, each once; where no sample told of them yet, as its hello has them. */
export function countedGpus({ hello, sample }: Pick<NodeReport, 'hello' | 'sample'>): {
  sampled: ReportedGpu[] | null;
  facts: GpuFacts[];
} {
  const gpus = sample?.gpus ?? null;
  if (gpus === null) return { sampled: null, facts: hello?.gpus?.filter(unitTest(hello.gpus)) ?? [] };
  const isUnit = unitTest(gpus);
  // A sick GPU tells no MIG mode, and its instances are gone.
  const sampled = gpus.filter((gpu) => isUnit(gpu) || isSick(gpu));
  return { sampled, facts: sampled };
}

/** The GPUs of one node. Old figures count for nothing: all of a node that is not live are `out`. */
export function countGpus({ state, hello, sample, marks }: NodeReport): GpuCounts {
  const { sampled: gpus, facts } = countedGpus({ hello, sample });
  const total = facts.length;
  const counts = { total, free: 0, busy: 0, heldIdle: 0, out: 0 };
  if (state !== 'live') return { ...counts, out: total };
  for (const gpu of gpus ?? []) {
    const counted = countedAs[gpuUse(gpu, sample?.gpuProcesses ?? null, marks)];
    if (counted !== null) counts[counted] += 1;
  }
  return counts;
}

/**
 * The use of every GPU of one node by its index, as `countGpus` counts it: all of a node that is not live are
 * `out`, and a GPU in MIG mode is `unknown`, because programs get its instances.
 */
export function gpuUses({ state, sample, marks }: NodeReport): Map<number, GpuUse> {
  const gpus = sample?.gpus ?? [];
  const parents = new Set(gpus.map(({ parentIndex }) => parentIndex));
  const isSplit = (gpu: ReportedGpu) => gpu.migEnabled === true || parents.has(gpu.index);
  const uses = new Map<number, GpuUse>();
  const byGpu = sample?.gpuProcesses && groupBy(sample.gpuProcesses, ({ gpuIndex }) => gpuIndex);
  for (const gpu of gpus) {
    if (state !== 'live') uses.set(gpu.index, 'out');
    else if (gpu.health === 'ok' && isSplit(gpu)) uses.set(gpu.index, 'unknown');
    else uses.set(gpu.index, gpuUse(gpu, byGpu ? (byGpu.get(gpu.index) ?? []) : null, marks));
  }
  return uses;
}
