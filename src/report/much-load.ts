/**
 * Who holds no GPU is told of where he takes as much as this of one node. Every node has a dozen accounts whose
 * services do next to nothing, and their names tell nothing reliable: only what they take does.
 */
const BUSY_CPU_PERCENT = 50;
const MUCH_RESIDENT_BYTES = 8 * 1024 ** 3;

/** Percent of one core. */
export function isMuchLoad({
  cpuPercent,
  residentBytes,
}: {
  cpuPercent: number | null;
  residentBytes: number | null;
}): boolean {
  return (cpuPercent ?? 0) >= BUSY_CPU_PERCENT || (residentBytes ?? 0) >= MUCH_RESIDENT_BYTES;
}
