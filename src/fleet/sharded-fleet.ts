import { createHash } from 'node:crypto';
import type { Target } from '../nodes/target.ts';
import { createFailure } from '../report/failures.ts';
import type { PasswordRequest } from '../transport/secrets/secret-request.ts';
import type { SettingsResolver } from '../transport/settings/ssh-settings.ts';
import { toStepError } from '../transport/ssh-step-error.ts';
import { createFleet, type Fleet, type FleetOptions } from './fleet.ts';
import { type Shard, startShard } from './shard.ts';
import type { Answer, Question, ShardSettings } from './shard-messages.ts';

export interface ShardedFleetOptions extends FleetOptions {
  /** Threads beside the main one. */
  threads: number;
  /** The compiled `shard-worker.ts`. */
  workerFile: string;
  shardSettings: Pick<ShardSettings, 'homeFolder' | 'sshConfig' | 'environment'>;
  resolver: SettingsResolver;
  /** Hears of a login by a key alone in one of the threads. */
  onKeyLogin(account: PasswordRequest): void;
}

/** Nodes that have found their place are handed out together this often. */
const SHARE_MS = 100;
/** So many nodes are carried by one thread; beyond, each thread gets as many at most. */
const NODES_PER_THREAD = 2_500;

/** How many threads a fleet needs beside the main one, on a machine of so many cores. */
export function threadsFor(nodes: number, cores: number): number {
  return nodes <= NODES_PER_THREAD ? 0 : Math.min(cores, Math.ceil(nodes / NODES_PER_THREAD));
}

/**
 * A fleet whose plain logins are shared out over threads. What needs a password, the system's ssh or no ssh at all
 * stays on the main thread. Nodes behind one jump host stand in one shard, so that its connection is shared.
 */
export function createShardedFleet(options: ShardedFleetOptions): Fleet {
  const { emit, threads } = options;
  const own = createFleet(options);
  const shards = Array.from({ length: threads }, startOne);
  /** By name; null for the main thread. Kept while the node is in the list. */
  const places = new Map<string, Shard | null>();
  let targets: readonly Target[] = [];
  let listed: ReadonlySet<string> = new Set();
  let shareTimer: NodeJS.Timeout | null = null;
  let isWatched: (name: string) => boolean = () => false;
  let isAsker: (name: string) => boolean = () => false;

  function startOne(): Shard {
    const { monitor, headId, handshakes } = options;
    const { total, perJumpHost, reservedDescriptors } = handshakes;
    return startShard({
      file: options.workerFile,
      settings: {
        ...options.shardSettings,
        monitor,
        headId,
        handshakes: { total: Math.ceil(total / threads), perJumpHost, reservedDescriptors },
      },
      emit,
      answer,
      onKeyLogin: options.onKeyLogin,
      onMisfit(name) {
        if (!places.has(name)) return;
        places.set(name, null);
        share();
      },
      onCrash(names, reason) {
        for (const target of targets.filter(({ name }) => names.includes(name))) {
          const detail = `the head's thread that carried it ended and is started again: ${reason}`;
          const failure = createFailure(options.wayFor(target), { cause: 'closed', stage: null, detail });
          emit({ kind: 'failed', name: target.name, failure, logPath: null });
        }
      },
    });
  }

  async function answer(question: Question): Promise<Answer> {
    try {
      const value =
        question.what === 'settings'
          ? await options.resolver.resolve(question.place)
          : await options.runtimes.forMachine(question.machine);
      return { ok: true, value };
    } catch (error) {
      const { detail, lastLines } = toStepError(error);
      return { ok: false, detail, lastLines };
    }
  }

  /** Where a new node goes: by its jump host, else by its name. */
  async function placeOf(target: Target): Promise<Shard | null> {
    if (target.local || target.settings.transport === 'openssh') return null;
    const key = (await options.handshakes.jumpHostOf(target)) ?? target.name;
    const at = createHash('sha256').update(key).digest().readUInt32BE(0) % threads;
    return shards[at] ?? null;
  }

  async function place(target: Target): Promise<void> {
    const shard = await placeOf(target);
    if (!listed.has(target.name) || places.has(target.name)) return;
    places.set(target.name, shard);
    shareTimer ??= setTimeout(share, SHARE_MS);
  }

  /** Gives each thread the nodes that have their place there. */
  function share(): void {
    if (shareTimer) clearTimeout(shareTimer);
    shareTimer = null;
    own.setTargets(targetsOf(null));
    for (const shard of shards) shard.setTargets(targetsOf(shard));
    watchAll();
  }

  const targetsOf = (place: Shard | null) => targets.filter(({ name }) => places.get(name) === place);

  function watchAll(): void {
    own.setWatched(isWatched);
    own.setAskers(isAsker);
    for (const shard of shards) {
      const names = targetsOf(shard).map(({ name }) => name);
      shard.setWatched(names.filter(isWatched));
      shard.setAskers(names.filter(isAsker));
    }
  }

  function setTargets(now: readonly Target[]): void {
    targets = now;
    listed = new Set(now.map(({ name }) => name));
    for (const name of places.keys()) if (!listed.has(name)) places.delete(name);
    share();
    for (const target of now) if (!places.has(target.name)) void place(target);
  }

  return {
    setTargets,
    setWatched(now) {
      isWatched = now;
      watchAll();
    },
    setAskers(now) {
      isAsker = now;
      watchAll();
    },
    retry(name) {
      const shard = places.get(name);
      if (shard === undefined) return false;
      if (shard === null) return own.retry(name);
      shard.retry(name);
      return true;
    },
    lookAtNext(name) {
      (places.get(name) ?? own).lookAtNext(name);
    },
    async stop(limitMs, onNode) {
      if (shareTimer) clearTimeout(shareTimer);
      targets = [];
      listed = new Set();
      await Promise.all([own.stop(limitMs, onNode), ...shards.map((shard) => shard.stop(limitMs, onNode))]);
    },
  };
}
