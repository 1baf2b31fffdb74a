import type { GpuFacts } from '../protocol/gpu-facts.ts';
import { takesGpu } from '../protocol/gpu-holding.ts';
import type { NodeReport, ReportedGpu, ReportedGpuProcess } from '../protocol/node.ts';

/** `in-use` also where no process is seen but the card is busy or holds memory: containers hide processes. */
export type GpuUse = 'free' | 'in-use' | 'out' | 'unknown';

const BUSY_PERCENT = 5;
const HELD_SHARE = 0.05;

/** Pure. `out`: lost or answering with an error. `unknown`: no figure tells. */
export function gpuUse(gpu: ReportedGpu, processes: readonly ReportedGpuProcess[] | null): GpuUse {
  if (gpu.health !== 'ok') return 'out';
  if (processes?.some((process) => process.gpuIndex === gpu.index && takesGpu(process))) return 'in-use';
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

/** What programs can get: a GPU in MIG mode is taken by none, its instances are, also where it has none yet. */
function isUnit(gpu: GpuFacts, _at: number, all: readonly GpuFacts[]): boolean {
  return !gpu.migEnabled && !all.some(({ parentIndex }) => parentIndex === gpu.index);
}

const isSick = ({ health, parentIndex }: ReportedGpu) => health !== 'ok' && parentIndex === null;

/** The GPUs of one node. Old figures count for nothing: all of a node that is not live are `out`. */
export function countGpus({ state, hello, sample }: NodeReport): GpuCounts {
  // A sick GPU tells no MIG mode, and its instances are gone.
  const gpus = sample?.gpus?.filter((gpu, at, all) => isUnit(gpu, at, all) || isSick(gpu)) ?? null;
  const total = gpus?.length ?? hello?.gpus?.filter(isUnit).length ?? 0;
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
