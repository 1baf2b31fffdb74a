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

const ARC_PATH = '/proc/spl/kstat/zfs/arcstats';
/** Where ZFS is not loaded it may be later. */
const ARC_LOOKED_FOR_EVERY_MS = 60_000;

/** What ZFS's cache gives back when programs want memory: all above its minimum. Parses `arcstats`; 0 where it is none. */
export function parseReclaimableCache(text: string): number {
  const figure = (name: string) =>
    Number(new RegExp(`^${name}\\s+\\d+\\s+(\\d+)\\s*$`, 'm').exec(text)?.[1] ?? 0);
  return Math.max(0, figure('size') - figure('c_min'));
}

/** The kernel counts the cache of ZFS as memory in use, although it gives way as any other cache does. */
export function withReclaimable(memory: MemorySample, bytes: number): MemorySample {
  const { totalBytes, availableBytes } = memory;
  if (bytes === 0 || totalBytes === null || availableBytes === null) return memory;
  const available = Math.min(totalBytes, availableBytes + bytes);
  return { ...memory, availableBytes: available, usedBytes: totalBytes - available };
}

/** Reads /proc/meminfo, in bytes, with what ZFS's cache gives back. Throws where it cannot be read. */
export function createMemoryCollector(system: System): () => MemorySample {
  const read = system.textReader('/proc/meminfo');
  let readCache: (() => string) | null = null;
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  /** Of a container with figures of its own: the cache is the host's, and not in them. */
  const isContainers = () =>
    / \/proc\/meminfo .* - fuse\.lxcfs /.test(system.tryReadText('/proc/self/mountinfo') ?? '');

  function reclaimableBytes(): number {
    const nowMs = system.monotonicMs();
    if (readCache === null && nowMs - lookedAtMs >= ARC_LOOKED_FOR_EVERY_MS) {
      lookedAtMs = nowMs;
      if (system.exists(ARC_PATH) && !isContainers()) readCache = system.textReader(ARC_PATH);
    }
    try {
      return readCache === null ? 0 : parseReclaimableCache(readCache());
    } catch {
      readCache = null;
      return 0;
    }
  }

  return () => withReclaimable(parseMemory(read()), reclaimableBytes());
}
