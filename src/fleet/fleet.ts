import pLimit from 'p-limit';
import type { Target } from '../nodes/target.ts';
import type { Way } from '../report/failure-detail.ts';
import type { Emit } from '../report/fleet-event.ts';
import type { MonitorBundle } from '../transport/bootstrap/monitor-bundle.ts';
import type { RuntimeStore } from '../transport/bootstrap/runtimes.ts';
import type { Transport } from '../transport/transport.ts';
import { createHandshakes, type HandshakeLimits } from './handshakes.ts';
import { type Farewell, type NodeLife, startNodeLife } from './node-life.ts';
import type { NodeLog } from './node-log.ts';

export interface FleetOptions {
  emit: Emit;
  transportFor(target: Target): Transport;
  wayFor(target: Target): Way;
  logFor(target: Target): NodeLog;
  monitor: MonitorBundle;
  runtimes: RuntimeStore;
  headId: string;
  handshakes: HandshakeLimits;
  accessFingerprint(target: Target): string;
  monotonicMs: () => number;
}

export interface Fleet {
  /**
   * The nodes to watch from now on: new ones are connected, missing ones let go, those with other settings connected
   * anew, and the others left alone.
   */
  setTargets(targets: readonly Target[]): void;
  /** Somebody looks at these nodes, and at no others. */
  setWatched(isWatched: (name: string) => boolean): void;
  /** These nodes' monitors ask their schedulers, and no others. */
  setAskers(isAsker: (name: string) => boolean): void;
  retry(name: string): boolean;
  /** Its last sample was no sample: the next one is read whole when it comes, and ends the connection if it is none. */
  lookAtNext(name: string): void;
  /** Ends every monitor; calls back for each node as it is done, within `limitMs`. */
  stop(limitMs: number, onNode: (name: string, farewell: Farewell) => void): Promise<void>;
}

const TICK_MS = 1_000;
/** A tick that comes so late tells that the head itself slept: a laptop's lid, SIGSTOP, a frozen machine. */
const SLEPT_MS = 5_000;
/** A monitor that a removed node leaves gets this long to say goodbye. */
const REMOVED_LIMIT_MS = 3_000;
/** Runtimes of 40 MB on their way at a time. Nodes that share a home find it there when their turn comes. */
const CONCURRENT_UPLOADS = 4;
/** First attempts are spread over so much time per node, so that a thousand do not leave in one burst. */
const START_SPREAD_MS_PER_NODE = 1;

/** Tags are only shown. */
const mannerOf = (target: Target) =>
  JSON.stringify({ ...target, settings: { ...target.settings, tags: [] } });

/** Begins with no node. Emits all but the list, which is for whoever reads it to tell. */
export function createFleet(options: FleetOptions): Fleet {
  const handshakes = createHandshakes(options.handshakes);
  const whenUploadRoom = pLimit(CONCURRENT_UPLOADS);
  const lives = new Map<string, NodeLife>();
  /** How each node that lives is reached and watched. */
  const manners = new Map<string, string>();
  let isWatched: (name: string) => boolean = () => false;
  let isAsker: (name: string) => boolean = () => false;
  const timer = setInterval(tick, TICK_MS);

  let tickedMs = options.monotonicMs();

  function tick(): void {
    const nowMs = options.monotonicMs();
    const lateMs = nowMs - tickedMs - TICK_MS;
    tickedMs = nowMs;
    if (lateMs > SLEPT_MS) for (const life of lives.values()) life.slept(lateMs);
    for (const life of lives.values()) life.tick();
  }

  function add(target: Target, startDelayMs: number): void {
    const life = startNodeLife({
      ...options,
      target,
      way: options.wayFor(target),
      transport: options.transportFor(target),
      log: options.logFor(target),
      accessFingerprint: () => options.accessFingerprint(target),
      handshakes,
      whenUploadRoom,
      startDelayMs,
      watched: isWatched(target.name),
      asksScheduler: isAsker(target.name),
    });
    lives.set(target.name, life);
    manners.set(target.name, mannerOf(target));
  }

  function letGo(name: string, life: NodeLife): void {
    lives.delete(name);
    manners.delete(name);
    life.stop(REMOVED_LIMIT_MS).catch(() => undefined);
  }

  return {
    setTargets(targets) {
      const enabled = targets.filter((target) => target.settings.enabled);
      const names = new Set(enabled.map((target) => target.name));
      for (const [name, life] of lives) if (!names.has(name)) letGo(name, life);
      for (const target of enabled) {
        const life = lives.get(target.name);
        if (life && manners.get(target.name) !== mannerOf(target)) letGo(target.name, life);
      }
      const added = enabled.filter((target) => !lives.has(target.name));
      const spreadMs = (added.length - 1) * START_SPREAD_MS_PER_NODE;
      for (const target of added) add(target, Math.random() * spreadMs);
    },
    setWatched(now) {
      isWatched = now;
      for (const [name, life] of lives) life.setWatched(now(name));
    },
    setAskers(now) {
      isAsker = now;
      for (const [name, life] of lives) life.setAsking(now(name));
    },
    retry(name) {
      const life = lives.get(name);
      life?.retry();
      return life !== undefined;
    },
    lookAtNext: (name) => lives.get(name)?.lookAtNext(),
    async stop(limitMs, onNode) {
      clearInterval(timer);
      const stops = Array.from(lives, async ([name, life]) => onNode(name, await life.stop(limitMs)));
      lives.clear();
      await Promise.all(stops);
    },
  };
}
