/** Bytes per second out of counters that only grow, or start anew at `wrapsAt`. */
export interface CounterRate {
  /** Null at first sight, and where the counter went backwards otherwise (the driver was reloaded). */
  rate(value: number | null, nowMs: number): number | null;
}

export function createCounterRate(wrapsAt: number | null = null): CounterRate {
  let last: { value: number; atMs: number } | null = null;
  return {
    rate(value, nowMs) {
      const before = last;
      last = value === null ? null : { value, atMs: nowMs };
      if (before === null || value === null || nowMs <= before.atMs) return null;
      let grown = value - before.value;
      if (grown < 0 && wrapsAt !== null) grown += wrapsAt;
      return grown < 0 ? null : Math.round((grown * 1000) / (nowMs - before.atMs));
    },
  };
}
