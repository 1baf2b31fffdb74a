/** So long nothing must have happened before a GPU counts as idle: from the beginning of that on. */
export const QUIET_MS = 600_000;

/** A stretch of monotonic time in which so many jobs held a GPU. */
export interface Stretch {
  fromMs: number;
  toMs: number;
  holders: number;
}

/**
 * A spell in which a GPU that a job holds does nothing. It counts once it is long, and then all of it; so whoever used a
 * GPU once and holds it idle for days is found, and who loads data between two steps is not.
 */
export interface Spell {
  /** What counts now: nothing while it is short, then what waited, then each stretch as it comes. */
  add(stretch: Stretch): Stretch[];
  /** There is work, or nobody knows. */
  end(): void;
}

/** One that has not begun. Pure. */
export function createSpell(): Spell {
  let lengthMs = 0;
  let waiting: Stretch[] = [];

  return {
    add(stretch) {
      const ms = stretch.toMs - stretch.fromMs;
      if (ms <= 0) return [];
      lengthMs += ms;
      const last = waiting.at(-1);
      if (last?.toMs === stretch.fromMs && last.holders === stretch.holders) last.toMs = stretch.toMs;
      else waiting.push({ ...stretch });
      if (lengthMs < QUIET_MS) return [];
      const counted = waiting;
      waiting = [];
      return counted;
    },
    end() {
      lengthMs = 0;
      if (waiting.length > 0) waiting = [];
    },
  };
}
