import { parseMemory } from '../../collectors/memory.ts';
import type { System } from '../../system.ts';
import type { GpuRow } from '../row-book.ts';

/**
 * GPUs that work in the host's memory: their tools print `[N/A]` or "Not Supported" for all three memory
 * figures (GB10, N1X, Jetson). Grace Hopper and Grace Blackwell have memory of their own, which is told as usual.
 */
const UNIFIED_KINDS = /\b(?:GB10|N1X?|nvgpu|Tegra|Orin|Xavier|Thor)\b/i;

/** A function that gives such rows the host's memory figures and marks them; other rows stay as they are. */
export function createUnifiedMemory(system: System): (rows: readonly GpuRow[]) => GpuRow[] {
  const read = system.textReader('/proc/meminfo');
  return (rows) => {
    // The file is read only where a GPU needs it, and once for all of them.
    if (!rows.some(isUnified)) return [...rows];
    const memory = readHostMemory(read);
    return rows.map((row) => (isUnified(row) ? withHostMemory(row, memory) : row));
  };
}

/** The host's memory in bytes, as GPUs in it see it. */
export interface HostMemory {
  totalBytes: number | null;
  usedBytes: number | null;
  availableBytes: number | null;
}

function readHostMemory(read: () => string): HostMemory {
  try {
    return parseMemory(read());
  } catch {
    return { totalBytes: null, usedBytes: null, availableBytes: null };
  }
}

/**
 * A GPU in trouble gives no memory figures either, and a MIG instance or a card whose driver hides them has
 * memory of its own: so the kind must be known, and a sick GPU gets no figures.
 */
export function isUnified({ facts, sample }: GpuRow): boolean {
  const hasOwn =
    facts.memoryTotalBytes !== null || sample.memoryUsedBytes !== null || sample.memoryFreeBytes !== null;
  return !hasOwn && facts.parentIndex === null && UNIFIED_KINDS.test(facts.name ?? '');
}

/** Marks the row; a healthy GPU also gets the host's figures (free is what the kernel calls available). */
export function withHostMemory(row: GpuRow, memory: HostMemory): GpuRow {
  const facts = { ...row.facts, unifiedMemory: true, memoryTotalBytes: memory.totalBytes };
  if (row.sample.health !== 'ok') return { facts, sample: row.sample };
  return {
    facts,
    sample: {
      ...row.sample,
      memoryUsedBytes: memory.usedBytes,
      memoryFreeBytes: memory.availableBytes,
    },
  };
}
