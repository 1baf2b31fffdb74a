const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;

/** Servers ban addresses that knock with a wrong key. */
export const PERSON_WAIT_MS = 5 * 60_000;

/** Growing waits between attempts, each shortened by up to half at random, so that nodes do not march in step. */
export function createBackoff(random: () => number = Math.random) {
  let nextMs = FIRST_WAIT_MS;
  return {
    next(): number {
      const waitMs = nextMs * (0.5 + random() / 2);
      nextMs = Math.min(LONGEST_WAIT_MS, nextMs * 2);
      return Math.round(waitMs);
    },
    reset(): void {
      nextMs = FIRST_WAIT_MS;
    },
  };
}

/** One wait at a time, which can be cut short. */
export function createPause() {
  let end: (() => void) | null = null;
  return {
    wait(ms: number): Promise<void> {
      return new Promise((resolve) => {
        const timer = setTimeout(() => end?.(), ms);
        end = () => {
          clearTimeout(timer);
          end = null;
          resolve();
        };
      });
    },
    /** Does nothing where nobody waits. */
    cutShort(): void {
      end?.();
    },
  };
}
