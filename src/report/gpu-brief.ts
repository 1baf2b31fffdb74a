import type { Sample } from '../protocol/sample.ts';

/** The little of a sample that must be looked at each time, because it counts how long it lasts. */
export interface GpuBrief {
  index: number[];
  utilizationPercent: (number | null)[];
  powerWatts: (number | null)[];
  /** Indexes of GPUs whose memory somebody holds; a display's own does not count. */
  held: number[];
}

/** The driver keeps some hundred MiB for itself; more than this belongs to somebody, seen or not. */
const HELD_BYTES = 1024 ** 3;

/** Null for a node without GPUs. */
export function briefGpus({ gpus, gpuProcesses }: Sample): GpuBrief | null {
  if (gpus === null || gpus.index.length === 0) return null;
  const { index, utilizationPercent, powerWatts, memoryUsedBytes } = gpus;
  const held = new Set<number>();
  const drawnBytes = new Map<number, number>();
  gpuProcesses?.gpuIndex.forEach((gpu, at) => {
    if (gpuProcesses.type[at] !== 'G') held.add(gpu);
    else drawnBytes.set(gpu, (drawnBytes.get(gpu) ?? 0) + (gpuProcesses.gpuMemoryBytes[at] ?? 0));
  });
  index.forEach((gpu, at) => {
    if ((memoryUsedBytes[at] ?? 0) - (drawnBytes.get(gpu) ?? 0) >= HELD_BYTES) held.add(gpu);
  });
  return { index, utilizationPercent, powerWatts, held: [...held] };
}
