import { encodeChunk, encodeNamed } from '../codec/chunk.ts';
import { bucketOf, DAY_MS, RAW, type Tier, type TierName, tiers } from '../tiers.ts';
import { createBins, tableOfBins } from './bins.ts';
import { addStored, type Core, doneUntil, partsOf, wholeChunk } from './core.ts';
import { encodeFrameNode } from './frames.ts';
import { mergeTables } from './merge-tables.ts';
import { type OpenBucket, type OpenNode, tableOf } from './open-bucket.ts';

/** What becomes due with time, in steps of a few milliseconds: closing buckets, coarser tiers, removal of what is old. */

/** A bucket is closed so long after its end: what came within its last second is still on its way. */
const GRACE_MS = 3_000;
const NODES_PER_STEP = 10;

/** Lets answers and points in between two steps. */
const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Closes the buckets whose time is over, oldest first. */
export async function sealWhatIsOver(core: Core): Promise<void> {
  for (const [bucketMs, bucket] of [...core.open].sort(([a], [b]) => a - b))
    if (core.nowMs() >= bucketMs + RAW.bucketMs + GRACE_MS) await seal(core, bucketMs, bucket);
}

async function seal(core: Core, bucketMs: number, bucket: OpenBucket): Promise<void> {
  const { store } = core;
  const frame: [string, Uint8Array][] = [];
  const sealedBytes = new Map<string, number>();
  for (const nodes of stepsOf([...bucket], NODES_PER_STEP)) {
    const chunks: [string, Uint8Array][] = [];
    for (const [name, node] of nodes) {
      sealedBytes.set(name, node.bytes.length);
      const table = await wholeTable(core, bucketMs, name, node);
      frame.push([name, encodeFrameNode(table, bucketMs)]);
      chunks.push([name, encodeChunk(table)]);
    }
    await store.writeChunks('raw', bucketMs, chunks);
    await pause();
  }
  await store.writeFrame(bucketMs, encodeNamed([...frame, ...(await othersInFrame(core, bucketMs, bucket))]));
  await core.inTurn(() => close(core, bucketMs, bucket, sealedBytes));
}

/** Gives up what was open, unless more came meanwhile: that is closed the next time with all the rest. */
async function close(
  core: Core,
  bucketMs: number,
  bucket: OpenBucket,
  sealedBytes: ReadonlyMap<string, number>,
): Promise<void> {
  const { store } = core;
  for (const [name, node] of bucket) if (node.bytes.length !== sealedBytes.get(name)) return;
  const untilMs = bucketMs + RAW.bucketMs;
  // At once: whoever reads finds it in one place, and what comes later opens it again.
  core.open.delete(bucketMs);
  core.pending.delete(bucketMs);
  core.reopened.delete(bucketMs);
  core.doneMs.set('raw', Math.max(untilMs, doneUntil(core, RAW)));
  await store.setMark('raw', doneUntil(core, RAW));
  await store.dropJournal(bucketMs);
}

/** With what was stored already, where the clock was set back into a bucket that was closed. */
async function wholeTable(core: Core, bucketMs: number, name: string, node: OpenNode) {
  const table = tableOf(node);
  if (!core.reopened.has(bucketMs)) return table;
  const [stored] = await core.store.readChunks('raw', name, bucketMs, bucketMs + 1);
  const chunk = stored ? wholeChunk(core, RAW, name, bucketMs, stored.bytes) : null;
  return chunk === null ? table : mergeTables(chunk, table);
}

/** Nodes that were closed before the bucket was opened again. */
async function othersInFrame(
  core: Core,
  bucketMs: number,
  bucket: OpenBucket,
): Promise<[string, Uint8Array][]> {
  const stored = core.reopened.has(bucketMs) ? await core.store.readFrame(bucketMs) : null;
  return partsOf(core, bucketMs, stored).filter(([name]) => !bucket.has(name));
}

/** Of the coarser ones. False where part of it is to be made again meanwhile. */
const finish = ({ store, doneMs, stale, inTurn }: Core, tier: TierName, sinceMs: number, untilMs: number) =>
  inTurn(async () => {
    if ((doneMs.get(tier) ?? 0) !== sinceMs || stale.has(tier)) return false;
    await store.setMark(tier, untilMs);
    doneMs.set(tier, untilMs);
    return true;
  });

/** The clock was set back to a time that is complete: what is made of it is made again. */
export async function reopen(core: Core, bucketMs: number): Promise<void> {
  core.reopened.add(bucketMs);
  await makeAgain(core, bucketMs);
}

/** What coarser tiers have from a bucket on is made again. */
export async function makeAgain({ store, doneMs, stale }: Core, bucketMs: number): Promise<void> {
  for (const tier of tiers.slice(1)) {
    const untilMs = bucketOf(tier, bucketMs);
    if ((doneMs.get(tier.name) ?? 0) === untilMs) stale.add(tier.name);
    if ((doneMs.get(tier.name) ?? 0) <= untilMs) continue;
    doneMs.set(tier.name, untilMs);
    await store.setMark(tier.name, untilMs);
  }
}

/** Makes what is complete of each coarser tier out of the next finer one. */
export async function rollUpAll(core: Core): Promise<void> {
  for (const [at, tier] of tiers.entries()) {
    const finer = tiers[at - 1];
    if (finer) await rollUp(core, tier, finer);
  }
}

async function rollUp(core: Core, tier: Tier, finer: Tier): Promise<void> {
  const { store } = core;
  const untilMs = bucketOf(tier, doneUntil(core, finer));
  let doneMs = doneUntil(core, tier);
  let bucketMs = doneMs;
  if (bucketMs === 0) {
    const oldestMs = await store.oldestMs(finer.name);
    if (oldestMs === null) return;
    bucketMs = bucketOf(tier, oldestMs);
  }
  // A day is made of more than two hours are.
  const nodesPerStep = tier.bucketMs >= DAY_MS ? 1 : 4;
  for (; bucketMs < untilMs; bucketMs += tier.bucketMs) {
    const range = { fromMs: bucketMs, toMs: bucketMs + tier.bucketMs };
    core.stale.delete(tier.name);
    const nodes = await store.nodesOf(finer.name, range.fromMs, range.toMs);
    for (const names of stepsOf(nodes, nodesPerStep)) {
      const chunks: [string, Uint8Array][] = [];
      for (const name of names) {
        const bins = createBins(range.fromMs, range.toMs, tier.stepMs);
        await addStored(core, bins, finer, name, range);
        const table = tableOfBins(bins);
        if (table !== null) chunks.push([name, encodeChunk(table)]);
      }
      await store.writeChunks(tier.name, bucketMs, chunks);
      await pause();
    }
    if (!(await finish(core, tier.name, doneMs, range.toMs))) return;
    doneMs = range.toMs;
  }
}

/** Those of one day more than is kept go first where all of it is larger than it may be. */
export async function prune({ store, nowMs, keptDays, mostBytes }: Core): Promise<void> {
  const now = nowMs();
  for (const what of ['raw', 'minute', 'frame', 'quarter', 'day'] as const) {
    const days = keptDays[what];
    if (days !== null) await store.prune(what, now - days * DAY_MS);
  }
  if (keptDays.quarter !== null) await store.prune('event', now - keptDays.quarter * DAY_MS);
  if (mostBytes === null) return;
  for (const what of ['raw', 'minute', 'frame'] as const)
    for (let days = keptDays[what] ?? 30; days >= 1 && (await store.sizeBytes()) > mostBytes; days--)
      await store.prune(what, now - days * DAY_MS);
}

function* stepsOf<One>(all: readonly One[], size: number): Iterable<One[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}
