import type { System } from './system.ts';

export interface KernelUnits {
  pageBytes: number;
  ticksPerSecond: number;
}

const AT_PAGESZ = 6n;
const AT_CLKTCK = 17n;

/** Page size and clock ticks as the kernel told this process (getauxval(3)); arm64 may have 64 KiB pages. */
export function readKernelUnits(system: System): KernelUnits {
  const units = { pageBytes: 4096, ticksPerSecond: 100 };
  let descriptor: number;
  try {
    descriptor = system.open('/proc/self/auxv');
  } catch {
    return units;
  }
  try {
    const { buffer, length } = system.reread(descriptor);
    for (let at = 0; at + 16 <= length; at += 16) {
      const key = buffer.readBigUInt64LE(at);
      const value = Number(buffer.readBigUInt64LE(at + 8));
      if (key === AT_PAGESZ) units.pageBytes = value;
      if (key === AT_CLKTCK) units.ticksPerSecond = value;
    }
    return units;
  } finally {
    system.close(descriptor);
  }
}
