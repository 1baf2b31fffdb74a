import type { Stage } from '../report/causes.ts';

/** One timer for the stages of a connection, one after the other. */
export interface StageWatch {
  /** The stage that is under way. */
  readonly stage: Stage;
  /** Leaves the stage before and starts this one's time. */
  enter(stage: Stage, limitMs: number): void;
  stop(): void;
}

/** `onExpired` is called once, with the stage that took too long. */
export function createStageWatch(onExpired: (stage: Stage, limitMs: number) => void): StageWatch {
  let current: Stage = 'name';
  let timer: NodeJS.Timeout | undefined;
  return {
    get stage() {
      return current;
    },
    enter(stage, limitMs) {
      clearTimeout(timer);
      current = stage;
      timer = setTimeout(() => onExpired(stage, limitMs), limitMs);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
