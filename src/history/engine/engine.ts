import { createTurns } from '../../lib/in-turn.ts';
import type { BlobStore } from '../blob-store.ts';
import { createWriter, written } from '../codec/bytes.ts';
import { encodeNamed } from '../codec/chunk.ts';
import type { KeptPoint } from '../codec/kept-point.ts';
import { bucketOf, type KeptDays, RAW, tiers, usualKeptDays } from '../tiers.ts';
import { adopt, type ClosedBucket } from './adopt.ts';
import { type Core, noteDamage, restore } from './core.ts';
import { encodeFrameNode, type FrameNode, nodesAt } from './frames.ts';
import { addNodePoint, pointsOf, tableOf } from './open-bucket.ts';
import { type RangeAnswer, type RangeQuestion, readRange } from './range.ts';
import { prune, reopen, rollUpAll, sealWhatIsOver } from './upkeep.ts';

/** A node's point with its time, epoch ms by the head's clock. */
export interface NodePoint extends Omit<KeptPoint, 'place'> {
  node: string;
  atMs: number;
}

/** History of figures: takes points in, keeps them in tiers, and tells what was. */
export interface Engine {
  /** Takes points in and writes them down; call about once a second. Never rejects: `problem` says what is wrong. */
  append(points: readonly NodePoint[]): Promise<void>;
  /** Does what has become due, in steps. Never rejects. */
  work(): Promise<void>;
  /** Takes in what another engine closed; what is there already stays. Rejects where it cannot be written. */
  adopt(bucket: ClosedBucket): Promise<void>;
  /** What is not closed yet: of one node and bucket at a time, oldest first. */
  openPoints(): Iterable<NodePoint[]>;
  range(question: RangeQuestion): Promise<RangeAnswer>;
  /** The nodes that were heard in that minute. */
  frame(atMs: number): Promise<FrameNode[]>;
  /** Of the oldest that is kept of any tier; null where there is nothing. */
  sinceMs(): Promise<number | null>;
  /** Why nothing is written; null where all is well. */
  problem(): string | null;
  /** What was found damaged. */
  damages(): string[];
  /** Writes down what it has, and closes the store. */
  close(): Promise<void>;
}

export interface EngineOptions {
  store: BlobStore;
  nowMs?: () => number;
  keptDays?: KeptDays;
  /** Raw figures go first where all of it is larger; null without a limit. */
  mostBytes?: number | null;
}

const PRUNE_EVERY_MS = 3_600_000;
/** All nodes of a bucket are closed anew: not every second. */
const WORK_AGAIN_MS = 10_000;

/** Goes on where the store was left. Rejects where it cannot be read. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { store, nowMs = Date.now, keptDays = usualKeptDays, mostBytes = null } = options;
  const core: Core = {
    store,
    nowMs,
    keptDays,
    mostBytes,
    open: new Map(),
    pending: new Map(),
    reopened: new Set(),
    doneMs: new Map(),
    stale: new Set(),
    damages: [],
    inTurn: createTurns(),
    sinceMs: null,
  };
  await restore(core);
  const { open, pending, doneMs } = core;
  /** Each of the two is forgotten once it works again, and not where the other does. */
  const problems: Record<'append' | 'work', string | null> = { append: null, work: null };
  let failedMs = Number.NEGATIVE_INFINITY;
  let prunedMs = 0;
  let working: Promise<void> | null = null;

  /** Runs what writes; what is wrong with the store is said. */
  async function guarded(what: keyof typeof problems, action: () => Promise<void>): Promise<void> {
    try {
      await action();
      problems[what] = null;
    } catch (error) {
      problems[what] = error instanceof Error ? error.message : String(error);
      if (what === 'work') failedMs = performance.now();
    }
  }

  async function noteFirst(atMs: number): Promise<void> {
    if (core.sinceMs !== null && core.sinceMs <= atMs) return;
    await store.setMark('since', atMs);
    core.sinceMs = atMs;
  }

  async function take({ node, atMs, ...figures }: NodePoint): Promise<void> {
    const bucketMs = bucketOf(RAW, atMs);
    if (bucketMs < (doneMs.get('raw') ?? 0)) await reopen(core, bucketMs);
    const bucket = open.get(bucketMs) ?? new Map();
    open.set(bucketMs, bucket);
    const journal = pending.get(bucketMs) ?? createWriter(16_384);
    pending.set(bucketMs, journal);
    addNodePoint(bucket, node, { place: Math.floor((atMs - bucketMs) / RAW.stepMs), ...figures }, journal);
  }

  /** What could not be written stays pending: each entry is told by the one before it. */
  async function writeJournal(): Promise<void> {
    for (const [bucketMs, journal] of pending) {
      if (journal.length > 0) await store.appendJournal(bucketMs, written(journal).slice());
      pending.delete(bucketMs);
    }
  }

  return {
    append: (points) =>
      guarded('append', () =>
        core.inTurn(async () => {
          if (points[0]) await noteFirst(points[0].atMs);
          for (const point of points) await take(point);
          await writeJournal();
        }),
      ),
    work() {
      if (performance.now() - failedMs < WORK_AGAIN_MS) return Promise.resolve();
      working ??= guarded('work', async () => {
        await sealWhatIsOver(core);
        await rollUpAll(core);
        if (Math.abs(nowMs() - prunedMs) < PRUNE_EVERY_MS) return;
        prunedMs = nowMs();
        await prune(core);
      }).finally(() => {
        working = null;
      });
      return working;
    },
    async adopt(bucket) {
      await noteFirst(bucket.bucketMs);
      await adopt(core, bucket);
    },
    *openPoints() {
      for (const [bucketMs, bucket] of [...open].sort(([a], [b]) => a - b))
        for (const [node, known] of bucket)
          yield pointsOf(known).map(({ place, ...figures }) => ({
            node,
            atMs: bucketMs + place * RAW.stepMs,
            ...figures,
          }));
    },
    range: (question) => readRange(core, question),
    async frame(atMs) {
      const bucketMs = bucketOf(RAW, atMs);
      const growing = [...(open.get(bucketMs) ?? [])];
      const bytes =
        growing.length > 0
          ? encodeNamed(
              growing.map(([name, node]) => [name, encodeFrameNode(tableOf(node), bucketMs)] as const),
            )
          : await store.readFrame(bucketMs);
      try {
        return bytes === null ? [] : [...nodesAt(bytes, bucketMs, atMs)];
      } catch (error) {
        noteDamage(core, `the frame of ${new Date(bucketMs).toISOString()}`, error);
        return [];
      }
    },
    async sinceMs() {
      const known = [...open.keys()];
      for (const { name } of tiers) {
        const oldestMs = await store.oldestMs(name);
        if (oldestMs !== null) known.push(oldestMs);
      }
      // A bucket begins before its first point.
      return known.length === 0 ? null : Math.max(Math.min(...known), core.sinceMs ?? 0);
    },
    problem: () => problems.append ?? problems.work,
    damages: () => [...store.problems(), ...core.damages],
    async close() {
      await working;
      await guarded('append', () => core.inTurn(writeJournal));
      await store.close();
    },
  };
}
