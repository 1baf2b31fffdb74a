/** When samples are taken. */
export interface SampleClock {
  start(afterMs: number): void;
  /** A sample at once. */
  restart(): void;
  /** Call when fresh figures of the GPUs have come. */
  onGpusRead(): void;
  stop(): void;
}

/** How much later than expected, in parts of a pace, the GPUs' figures may come before a sample goes without. */
const AWAITED_SHARE = 0.25;
const LONGEST_AWAITED_MS = 500;

/**
 * Calls `take` every `paceMs()`: right after the GPUs were read where they are read at the same pace, so that their
 * figures are as old as the sample says and the node wakes up once for both; else by the clock, counted on from the last
 * due time, so that a slow sample causes no drift.
 */
export function createSampleClock(
  monotonicMs: () => number,
  tellSample: () => void,
  paceMs: () => number,
): SampleClock {
  let timer: NodeJS.Timeout | null = null;
  let takenMs = Number.NEGATIVE_INFINITY;
  let dueMs = monotonicMs();
  let isStopped = false;

  function schedule(atMs: number): void {
    if (timer !== null) clearTimeout(timer);
    if (isStopped) return;
    const nowMs = monotonicMs();
    dueMs = Math.max(atMs, nowMs);
    timer = setTimeout(run, dueMs - nowMs);
  }

  function run(): void {
    takenMs = monotonicMs();
    tellSample();
    schedule(dueMs + paceMs());
  }

  return {
    start: (afterMs) => schedule(monotonicMs() + afterMs),
    restart: () => schedule(monotonicMs()),
    onGpusRead() {
      if (isStopped) return;
      const pace = paceMs();
      const nowMs = monotonicMs();
      // What comes soon after a sample is told with the next one, which then follows the next reading.
      if (nowMs - takenMs >= pace / 2) {
        takenMs = nowMs;
        tellSample();
      }
      schedule(nowMs + pace + Math.min(pace * AWAITED_SHARE, LONGEST_AWAITED_MS));
    },
    stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
