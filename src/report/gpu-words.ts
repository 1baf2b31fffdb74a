import type { ReportedGpu } from '../protocol/reported-sample.ts';

/** Words and figures of a GPU that page, terminal, searches and charts have in common. */

/** As the driver tells it, else what is not used; null where neither is known. */
export function freeMemoryBytes({
  memoryFreeBytes,
  memoryTotalBytes,
  memoryUsedBytes,
}: Pick<ReportedGpu, 'memoryFreeBytes' | 'memoryTotalBytes' | 'memoryUsedBytes'>): number | null {
  if (memoryFreeBytes !== null) return memoryFreeBytes;
  if (memoryTotalBytes === null || memoryUsedBytes === null) return null;
  return Math.max(0, memoryTotalBytes - memoryUsedBytes);
}
