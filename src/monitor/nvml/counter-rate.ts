/** Bytes per second out of counters that only grow. */
export interface CounterRate {
  /** Null at first sight, and where the counter went backwards (the driver was reloaded). */
  rate(value: number | null, nowMs: number): number | null;
}

/** Counts of one device; times are in milliseconds of a clock that never jumps. */
export function createCounterRate(): CounterRate {
  let last: { value: number; atMs: number } | null = null;
  return {
    rate(value, nowMs) {
      const before = last;
      last = value === null ? null : { value, atMs: nowMs };
      if (before === null || value === null || nowMs <= before.atMs) return null;
      const grown = value - before.value;
      return grown < 0 ? null : Math.round((grown * 1000) / (nowMs - before.atMs));
    },
  };
}
