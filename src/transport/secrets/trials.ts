/** A node that waits for an answer. */
export interface Waiting {
  requestId: string;
  node: string;
}

/** An answer for several nodes goes to one of them first: a wrong one must not be refused everywhere at once. */
interface Trial {
  questionId: string;
  secret: string;
  now: Waiting;
  rest: Waiting[];
  startedMs: number;
}

export interface Trials {
  /** The first of those who wait tries the answer. */
  start(questionId: string, secret: string, waiting: readonly Waiting[]): void;
  /** The rest gets an answer that one of them took. */
  accepted(requestId: string): void;
  refused(requestId: string): void;
  /** A trial that ended in neither way (the node was down) goes on with another node. */
  attemptOver(node: string): void;
  isOn(questionId: string): boolean;
  clear(): void;
}

/** A node that has left does not tell what became of its trial. */
const TRIAL_LIMIT_MS = 60_000;

/** `give` hands an answer to one who waits for it. */
export function createTrials(give: (waiting: Waiting, secret: string) => void): Trials {
  const trials = new Set<Trial>();

  const trialOf = (requestId: string) => [...trials].find((trial) => trial.now.requestId === requestId);

  function start(questionId: string, secret: string, waiting: readonly Waiting[]): void {
    const [now, ...rest] = waiting;
    if (now === undefined) return;
    trials.add({ questionId, secret, now, rest, startedMs: performance.now() });
    give(now, secret);
  }

  return {
    start,
    accepted(requestId) {
      const trial = trialOf(requestId);
      if (trial === undefined) return;
      trials.delete(trial);
      for (const waiting of trial.rest) give(waiting, trial.secret);
    },
    refused(requestId) {
      const trial = trialOf(requestId);
      if (trial) trials.delete(trial);
    },
    attemptOver(node) {
      for (const trial of [...trials]) {
        if (trial.now.node !== node) continue;
        trials.delete(trial);
        start(trial.questionId, trial.secret, trial.rest);
      }
    },
    isOn(questionId) {
      const nowMs = performance.now();
      for (const trial of trials) if (nowMs - trial.startedMs > TRIAL_LIMIT_MS) trials.delete(trial);
      return [...trials].some((trial) => trial.questionId === questionId);
    },
    clear: () => trials.clear(),
  };
}
