import pLimit from 'p-limit';
import type { Target } from '../nodes/target.ts';
import type { Way } from '../protocol/failures.ts';
import type { State } from '../state/state.ts';
import type { MonitorBundle } from '../transport/monitor-bundle.ts';
import type { RuntimeStore } from '../transport/runtimes.ts';
import type { Transport } from '../transport/transport.ts';
import { type Farewell, type NodeLife, type NodeLog, startNodeLife } from './node-life.ts';

export interface FleetOptions {
  state: State;
  transportFor(target: Target): Transport;
  wayFor(target: Target): Way;
  logFor(target: Target): NodeLog;
  monitor: MonitorBundle;
  runtimes: RuntimeStore;
  headId: string;
  intervalMs: number;
  accessFingerprint: () => string;
  monotonicMs: () => number;
  /** Handshakes at a time; default 32. */
  concurrentHandshakes?: number;
}

export interface Fleet {
  /** The nodes to watch from now on: new ones are connected, missing ones let go, the others left alone. */
  setTargets(targets: readonly Target[]): void;
  retry(name: string): boolean;
  /** Ends every monitor; calls back for each node as it is done, within `limitMs`. */
  stop(limitMs: number, onNode: (name: string, farewell: Farewell) => void): Promise<void>;
}

const CONCURRENT_HANDSHAKES = 32;
/** A node that does not answer gives its place away after so long and goes on: it must not keep others waiting. */
const PLACE_LIMIT_MS = 2_000;
const TICK_MS = 1_000;
/** A tick that comes so late tells that the head itself slept: a laptop's lid, SIGSTOP, a frozen machine. */
const SLEPT_MS = 5_000;
/** A monitor that a removed node leaves gets this long to say goodbye. */
const REMOVED_LIMIT_MS = 3_000;

export function createFleet(options: FleetOptions): Fleet {
  const { state } = options;
  const limit = pLimit(options.concurrentHandshakes ?? CONCURRENT_HANDSHAKES);
  const lives = new Map<string, NodeLife>();
  const timer = setInterval(tick, TICK_MS);

  async function whenRoom<T>(attempt: () => Promise<T>): Promise<T> {
    const { running } = await limit(async () => {
      const started = attempt();
      await settledWithin(started, PLACE_LIMIT_MS);
      // Wrapped, because a promise that is handed back would be waited for.
      return { running: started };
    });
    return running;
  }

  let tickedMs = options.monotonicMs();

  function tick(): void {
    const nowMs = options.monotonicMs();
    const lateMs = nowMs - tickedMs - TICK_MS;
    tickedMs = nowMs;
    const slept = lateMs > SLEPT_MS;
    if (slept) for (const life of lives.values()) life.slept(lateMs);
    for (const life of lives.values()) life.tick();
    if (!slept) state.checkFreshness();
  }

  function add(target: Target): void {
    const life = startNodeLife({
      ...options,
      target,
      way: options.wayFor(target),
      transport: options.transportFor(target),
      log: options.logFor(target),
      whenRoom,
    });
    lives.set(target.name, life);
  }

  return {
    setTargets(targets) {
      const wanted = new Map(targets.map((target) => [target.name, target]));
      state.setNodes([...wanted.keys()]);
      for (const [name, life] of lives) {
        if (wanted.has(name)) continue;
        lives.delete(name);
        life.stop(REMOVED_LIMIT_MS).catch(() => undefined);
      }
      for (const target of wanted.values()) if (!lives.has(target.name)) add(target);
    },
    retry(name) {
      const life = lives.get(name);
      life?.retry();
      return life !== undefined;
    },
    async stop(limitMs, onNode) {
      clearInterval(timer);
      const stops = Array.from(lives, async ([name, life]) => onNode(name, await life.stop(limitMs)));
      lives.clear();
      await Promise.all(stops);
    },
  };
}

/** Resolves when the promise is settled, at the latest after `limitMs`. */
function settledWithin(promise: Promise<unknown>, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    const finish = () => {
      clearTimeout(timer);
      resolve();
    };
    promise.then(finish, finish);
  });
}
