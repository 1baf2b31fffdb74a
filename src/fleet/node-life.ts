import type { Failure } from '../report/causes.ts';
import { createBackoff, createPause, PERSON_WAIT_MS } from './backoff.ts';
import { createHearing } from './hearing.ts';
import { createNodeConnection, describeMistake, type NodeAccess } from './node-connection.ts';
import { unfailing } from './node-log.ts';
import { createOrders } from './orders.ts';

export interface NodeLifeOptions extends NodeAccess {
  /** Before the first attempt. */
  startDelayMs: number;
  watched: boolean;
  /** It asks the scheduler for all nodes of its cluster. */
  asksScheduler: boolean;
  /** Changes when keys, settings or known hosts change: then a refused login is worth another try. */
  accessFingerprint: () => string;
  monotonicMs: () => number;
}

/** What became of a monitor when the head let go of it. */
export type Farewell = 'ended' | 'out of reach' | 'not connected';

export interface NodeLife {
  /** Beats, and closes a channel on which nothing comes any more. Called every second. */
  tick(): void;
  /** The head did not run for so long: what nodes said meanwhile has yet to be read. */
  slept(ms: number): void;
  retry(): void;
  /** The next sample is read whole when it comes. */
  lookAtNext(): void;
  /** Asks for samples as often as somebody who looks wants them, or as seldom as nobody needs them. */
  setWatched(watched: boolean): void;
  setAsking(asksScheduler: boolean): void;
  stop(limitMs: number): Promise<Farewell>;
}

/** One life per node: connect, run, watch, back off, again. */
export function startNodeLife(options: NodeLifeOptions): NodeLife {
  const { target, way, emit, monotonicMs, accessFingerprint } = options;
  const log = unfailing(options.log);
  const abort = new AbortController();
  const pause = createPause();
  /** A node that fails again and again after its first sample is asked less and less often. */
  const backoff = createBackoff();
  let triedWith = '';
  let demandedAtMs = 0;
  let waitingForPerson = false;
  let farewell: Promise<Farewell> | null = null;

  const hearing = createHearing({ name: target.name, emit, log, monotonicMs, onSettled: backoff.reset });
  const orders = createOrders({ ...options, lastSequence: hearing.lastSequence });
  const connection = createNodeConnection({
    ...options,
    log,
    hearing,
    orders,
    signal: abort.signal,
    onTurn() {
      triedWith = accessFingerprint();
      return demandedAtMs;
    },
  });

  function tell(failure: Failure): void {
    log.write(`${failure.cause}: ${failure.message} ${failure.hint}`);
    try {
      emit({ kind: 'failed', name: target.name, failure, logPath: log.path() });
    } catch (error) {
      describeMistake(log, way, error);
    }
  }

  async function run(): Promise<void> {
    if (options.startDelayMs > 0) await pause.wait(options.startDelayMs);
    while (!abort.signal.aborted) {
      const failure = await connection.attempt();
      if (abort.signal.aborted || farewell !== null) return;
      if (failure) tell(failure);
      waitingForPerson = failure?.needsPerson ?? false;
      await pause.wait(waitingForPerson ? PERSON_WAIT_MS : backoff.next());
      waitingForPerson = false;
    }
  }

  /** Tries again now, and jump hosts on the way too. */
  function demand(): void {
    demandedAtMs = monotonicMs();
    pause.cutShort();
  }

  async function leave(limitMs: number): Promise<Farewell> {
    const stopping = connection.sayStop(limitMs);
    const hasEnded = stopping === null ? null : await stopping;
    abort.abort();
    pause.cutShort();
    if (hasEnded === null) return 'not connected';
    return hasEnded ? 'ended' : 'out of reach';
  }

  void run();

  return {
    tick() {
      try {
        connection.look();
        if (waitingForPerson && accessFingerprint() !== triedWith) demand();
      } catch (error) {
        // All other nodes' ticks follow.
        connection.breakOff(error);
      }
    },
    slept: hearing.slept,
    retry() {
      backoff.reset();
      demand();
    },
    lookAtNext: connection.lookAtNext,
    setWatched: orders.setWatched,
    setAsking: orders.setAsking,
    stop(limitMs) {
      farewell ??= leave(limitMs);
      return farewell;
    },
  };
}
