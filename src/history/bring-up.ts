import type { PastEvent } from '../report/history.ts';
import type { BlobStore } from './blob-store.ts';
import type { Keeping } from './keeper.ts';
import { DAY_MS, RAW } from './tiers.ts';

/** Brings what one store has into another, which goes on meanwhile or had something already: all of it can be done twice. */

const HOUR_MS = 3_600_000;
const EVENTS_PER_STEP = 1_000;
/** Points of so many nodes are one row of the journal. */
const NODES_PER_ROW = 20;

export interface BringUp {
  /** What is closed, snapshots and events: what came since the last time, all of it at first. */
  closed(): Promise<void>;
  /** What is open. Nothing may be written to `from` from here on. */
  open(): Promise<void>;
}

/** Coarser tiers are made again where they are brought to. `fromMs`: what was closed before is left out. */
export function createBringUp(from: Keeping, to: Keeping, fromMs = 0): BringUp {
  let nextMs = fromMs;
  let snapshotsMs = 0;

  async function closed(): Promise<void> {
    const untilMs = (await from.store.mark('raw')) ?? 0;
    const oldestMs = await from.store.oldestMs('raw');
    nextMs = Math.max(nextMs, oldestMs ?? untilMs);
    for (; nextMs < untilMs; nextMs += RAW.bucketMs) await bringBucket(from.store, to, nextMs);
    snapshotsMs = await copySnapshots(from.store, to.store, snapshotsMs);
    await copyEvents(from.store, to.store);
  }

  return {
    closed,
    async open() {
      await closed();
      let row: Parameters<Keeping['engine']['append']>[0][number][] = [];
      let nodes = 0;
      const write = async () => {
        await to.engine.append(row);
        const problem = to.engine.problem();
        if (problem !== null) throw new Error(problem);
        row = [];
      };
      for (const points of from.engine.openPoints()) {
        row.push(...points);
        nodes += 1;
        if (nodes % NODES_PER_ROW === 0) await write();
      }
      await write();
    },
  };
}

async function bringBucket(from: BlobStore, to: Keeping, bucketMs: number): Promise<void> {
  const chunks: [string, Uint8Array][] = [];
  for (const node of await from.nodesOf('raw', bucketMs, bucketMs + 1))
    for (const { bytes } of await from.readChunks('raw', node, bucketMs, bucketMs + 1))
      chunks.push([node, bytes]);
  if (chunks.length > 0) await to.engine.adopt({ bucketMs, chunks, frame: await from.readFrame(bucketMs) });
}

/** `fromMs`: until when the time before gave it. Resolves to from when the next time has to look again. */
export async function copySnapshots(from: BlobStore, to: BlobStore, fromMs: number): Promise<number> {
  const oldestMs = await from.oldestMs('frame');
  if (oldestMs === null) return fromMs;
  // The clock may go backwards, and forwards.
  const untilMs = Date.now() + DAY_MS;
  let lastMs = Math.max(fromMs, oldestMs);
  for (let atMs = lastMs; atMs < untilMs; atMs += HOUR_MS) {
    const snapshots = await from.snapshotsBetween(atMs, atMs + HOUR_MS);
    await to.writeSnapshots(snapshots);
    if (snapshots.length > 0) lastMs = atMs;
  }
  return lastMs;
}

/** From the newest to the oldest. */
export async function copyEvents(from: BlobStore, to: BlobStore): Promise<void> {
  let toMs = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const events: PastEvent[] = await from.readEvents(null, 0, toMs, EVENTS_PER_STEP);
    await to.writeEvents(events);
    const [oldest] = events;
    if (oldest === undefined || events.length < EVENTS_PER_STEP) return;
    // Those of the same moment that did not fit come again.
    toMs = Math.min(oldest.atMs + 1, toMs - 1);
  }
}
