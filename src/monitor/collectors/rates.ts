/** Counters that only grow become rates; a counter that went back (a reset, a wrap) gives null once. */
export function ratePerSecond(before: number | undefined, after: number, elapsedMs: number): number | null {
  if (before === undefined || elapsedMs <= 0 || after < before) return null;
  return Math.round(((after - before) * 1000) / elapsedMs);
}
