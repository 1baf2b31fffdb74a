import type { NodeReport, ReportedGpu, ReportedGpuProcess } from '../protocol/node.ts';

/** `in-use` also where no process is seen but the card is busy or holds memory: containers hide processes. */
export type GpuUse = 'free' | 'in-use' | 'out' | 'unknown';

const BUSY_PERCENT = 5;
const HELD_SHARE = 0.05;

/** Pure. `out`: lost or answering with an error. `unknown`: no figure tells. */
export function gpuUse(gpu: ReportedGpu, processes: readonly ReportedGpuProcess[] | null): GpuUse {
  if (gpu.health !== 'ok') return 'out';
  if (processes?.some(({ gpuIndex }) => gpuIndex === gpu.index)) return 'in-use';
  if (gpu.utilizationPercent !== null && gpu.utilizationPercent >= BUSY_PERCENT) return 'in-use';
  const { memoryUsedBytes: used, memoryTotalBytes: total } = gpu;
  // Unified memory is the host's: its programs hold it too.
  if (gpu.unifiedMemory) return gpu.utilizationPercent === null ? 'unknown' : 'free';
  if (used !== null && total !== null && used > total * HELD_SHARE) return 'in-use';
  return gpu.utilizationPercent === null && used === null ? 'unknown' : 'free';
}

export interface GpuCounts {
  total: number;
  free: number;
  inUse: number;
  out: number;
}

/** A GPU that is split into MIG instances is taken by none: they are what programs get. */
function isUnit(gpu: ReportedGpu, _at: number, all: readonly ReportedGpu[]): boolean {
  return !all.some(({ parentIndex }) => parentIndex === gpu.index);
}

/** The GPUs of one node. Old figures count for nothing: all of a node that is not live are `out`. */
export function countGpus({ state, hello, sample }: NodeReport): GpuCounts {
  const gpus = sample?.gpus?.filter(isUnit) ?? null;
  const total = gpus?.length ?? hello?.gpus?.length ?? 0;
  if (state !== 'live' || gpus === null)
    return { total, free: 0, inUse: 0, out: state === 'live' ? 0 : total };
  const counts = { total, free: 0, inUse: 0, out: 0 };
  for (const gpu of gpus) {
    const use = gpuUse(gpu, sample?.gpuProcesses ?? null);
    if (use === 'free') counts.free += 1;
    else if (use === 'in-use') counts.inUse += 1;
    else if (use === 'out') counts.out += 1;
  }
  return counts;
}
