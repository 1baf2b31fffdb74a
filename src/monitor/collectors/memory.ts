import type { MemorySample } from '../../protocol/sample.ts';
import type { System } from '../system.ts';

/** Parses `/proc/meminfo`; its "kB" are 1,024 bytes. Kernels before 3.14 have no MemAvailable: null. */
export function parseMemory(text: string): MemorySample {
  const bytes = new Map<string, number>();
  for (const [, name = '', kibibytes] of text.matchAll(/^(\S+):\s+(\d+)(?: kB)?\s*$/gm)) {
    bytes.set(name, Number(kibibytes) * 1024);
  }
  const totalBytes = bytes.get('MemTotal') ?? null;
  const availableBytes = bytes.get('MemAvailable') ?? null;
  const swapTotalBytes = bytes.get('SwapTotal') ?? null;
  const swapFreeBytes = bytes.get('SwapFree') ?? null;
  return {
    totalBytes,
    availableBytes,
    usedBytes: difference(totalBytes, availableBytes),
    swapTotalBytes,
    swapUsedBytes: difference(swapTotalBytes, swapFreeBytes),
  };
}

function difference(total: number | null, rest: number | null): number | null {
  return total === null || rest === null ? null : Math.max(0, total - rest);
}

export function createMemoryCollector(system: System): () => MemorySample {
  const read = system.textReader('/proc/meminfo');
  return () => parseMemory(read());
}
