/** Whether processes used CPU time that nobody read: one that rested, or one that came and went. */
export interface MissingTime {
  /** As the last look found it; true before the first. */
  isMissing(): boolean;
  /**
   * At each scan. `busyTicks`: CPU time of all processes since the node's start, null where it is not known;
   * `readTicks`: of those that were read, since the last look.
   */
  look(busyTicks: number | null, readTicks: number, nowMs: number): boolean;
}

/** The kernel counts a processor's time by ticks, a process's exactly: so much of the time in use may be missing. */
const MISSING_SHARE = 0.01;
/** Of one core. */
const MISSING_CORES = 0.05;

/** Allows for what the kernel rounds; time is missing where it is not known. */
export function createMissingTime(ticksPerSecond: number): MissingTime {
  let isMissing = true;
  let lastBusyTicks: number | null = null;
  let lastMs = 0;

  function isNow(busyTicks: number | null, readTicks: number, nowMs: number): boolean {
    if (busyTicks === null || lastBusyTicks === null) return true;
    const busy = busyTicks - lastBusyTicks;
    const elapsedTicks = ((nowMs - lastMs) / 1000) * ticksPerSecond;
    return busy - readTicks > Math.max(busy * MISSING_SHARE, elapsedTicks * MISSING_CORES);
  }

  return {
    isMissing: () => isMissing,
    look(busyTicks, readTicks, nowMs) {
      isMissing = isNow(busyTicks, readTicks, nowMs);
      lastBusyTicks = busyTicks;
      lastMs = nowMs;
      return isMissing;
    },
  };
}
