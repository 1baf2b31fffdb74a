import type { System } from '../../../system.ts';

/** How often the tool answers, and for how long an answer counts. */
export interface SmiPace {
  intervalMs(): number;
  /** False where it is the pace already. */
  change(intervalMs: number): boolean;
  /** The tool has told of a GPU. */
  noteTick(nowMs: number): void;
  silenceLimitMs(): number;
  /** How old the row of a GPU may be. */
  gpuFreshMs(): number;
  /** How old the row of a process may be. */
  processFreshMs(): number;
}

/** A GPU whose line is missing for so many intervals while others come is gone. */
const MISSED_TICKS = 4;

/** All times are in milliseconds. */
export function createSmiPace(system: System, firstIntervalMs: number): SmiPace {
  let intervalMs = firstIntervalMs;
  /** The interval before the last change: what was seen then came in longer steps. */
  let previousIntervalMs = firstIntervalMs;
  let firstTickMs: number | null = null;

  /** Until the restarted tool has ticked, and for two ticks more, rows of the slower loop still count. */
  function patientIntervalMs(): number {
    const hasTicked = firstTickMs !== null && system.monotonicMs() - firstTickMs > 2 * intervalMs;
    return hasTicked ? intervalMs : Math.max(previousIntervalMs, intervalMs);
  }

  return {
    intervalMs: () => intervalMs,
    change(ms) {
      if (ms === intervalMs) return false;
      previousIntervalMs = intervalMs;
      firstTickMs = null;
      intervalMs = ms;
      return true;
    },
    noteTick(nowMs) {
      firstTickMs ??= nowMs;
    },
    silenceLimitMs: () => Math.max(3 * intervalMs, 5_000),
    gpuFreshMs: () => MISSED_TICKS * patientIntervalMs() + 1_000,
    // An ended process should not linger: its line comes with every tick.
    processFreshMs: () => 2.5 * patientIntervalMs() + 500,
  };
}
