import type { GpuFacts } from '../protocol/gpu-facts.ts';
import type { ReportedGpu } from '../protocol/reported-sample.ts';
import { describeAllocation, type GpuUse } from './gpu-use.ts';

/** Words and figures of a GPU that page, terminal, searches and charts have in common. */

/** Its index; of a MIG instance its GPU's with the instance behind it: `0:1/0`. */
export function gpuLabel({
  index,
  parentIndex,
  migInstance,
}: Pick<GpuFacts, 'index' | 'parentIndex' | 'migInstance'>): string {
  return parentIndex === null ? String(index) : `${parentIndex}:${migInstance ?? index}`;
}

/** As the driver tells it, else what is not used; null where neither is known, or the GPU does not answer. */
export function freeMemoryBytes({
  health,
  memoryFreeBytes,
  memoryTotalBytes,
  memoryUsedBytes,
}: Pick<ReportedGpu, 'health' | 'memoryFreeBytes' | 'memoryTotalBytes' | 'memoryUsedBytes'>): number | null {
  if (health !== 'ok') return null;
  if (memoryFreeBytes !== null) return memoryFreeBytes;
  if (memoryTotalBytes === null || memoryUsedBytes === null) return null;
  return Math.max(0, memoryTotalBytes - memoryUsedBytes);
}

/** A word for each use, and a shape, so that colour is never the only sign. */
export const useWords: Record<GpuUse, { word: string; mark: string }> = {
  free: { word: 'free', mark: '○' },
  busy: { word: 'busy', mark: '●' },
  allocated: { word: 'allocated, idle', mark: '◑' },
  'held-idle': { word: 'held idle', mark: '◐' },
  drained: { word: 'drained', mark: '⊘' },
  out: { word: 'out of service', mark: '✕' },
  unknown: { word: 'not known', mark: '?' },
};

/** Whose it is, where a scheduler has given it out; of a GPU in MIG mode that its instances are what programs get. */
export function describeUse(
  { allocation, migEnabled }: Pick<ReportedGpu, 'allocation' | 'migEnabled'>,
  use: GpuUse,
): string {
  if (use === 'allocated' && allocation) return describeAllocation(allocation, use);
  if (use === 'unknown' && migEnabled) return 'MIG';
  return useWords[use].word;
}
