import type { BlobStore } from './blob-store.ts';
import { copyEvents, copySnapshots, createBringUp } from './bring-up.ts';
import type { Keeping } from './keeper.ts';
import { RAW, type Tier, tiers } from './tiers.ts';

/** How far it is: buckets of all tiers. */
export interface CopyProgress {
  done: number;
  total: number;
}

const NODES_PER_STEP = 100;

interface Step {
  tier: Tier;
  bucketMs: number;
}

/**
 * Copies a history into another store, which may have something already: what is there stays, so that it can be stopped
 * and begun again. Bytes are moved as they are; what coarser tiers lacked when the history ended is made there. Nobody
 * else writes to either. `openTarget` opens the store's engine, once what was complete is there. Rejects where either fails.
 */
export async function copyHistory(
  source: Keeping,
  target: BlobStore,
  openTarget: () => Promise<Keeping>,
  onProgress: (progress: CopyProgress) => void,
): Promise<void> {
  const from = source.store;
  const steps = await stepsOf(from);
  for (const [done, { tier, bucketMs }] of steps.entries()) {
    onProgress({ done, total: steps.length });
    await copyBucket(from, target, tier, bucketMs);
  }
  await copyFrames(from, target);
  await copySnapshots(from, target, 0);
  await copyEvents(from, target);
  await setMarks(from, target);
  const into = await openTarget();
  await createBringUp(source, into, await rolledUpMs(from)).open();
  await into.engine.work();
  const problem = into.engine.problem();
  if (problem !== null) throw new Error(problem);
  onProgress({ done: steps.length, total: steps.length });
}

/** Until when raw figures are in the next coarser tier too: what comes later is made again there. */
const rolledUpMs = async (store: BlobStore): Promise<number> => (await store.mark('minute')) ?? 0;

/** What is complete, with all that is made of it: the coarsest tiers first, which are smallest. */
async function stepsOf(from: BlobStore): Promise<Step[]> {
  const steps: Step[] = [];
  for (const tier of tiers.toReversed()) {
    const oldestMs = await from.oldestMs(tier.name);
    const untilMs = tier === RAW ? await rolledUpMs(from) : ((await from.mark(tier.name)) ?? 0);
    for (let bucketMs = oldestMs ?? untilMs; bucketMs < untilMs; bucketMs += tier.bucketMs)
      steps.push({ tier, bucketMs });
  }
  return steps;
}

async function copyBucket(
  from: BlobStore,
  to: BlobStore,
  { name: tier }: Tier,
  bucketMs: number,
): Promise<void> {
  const there = new Set(await to.nodesOf(tier, bucketMs, bucketMs + 1));
  const missing = (await from.nodesOf(tier, bucketMs, bucketMs + 1)).filter((node) => !there.has(node));
  for (let at = 0; at < missing.length; at += NODES_PER_STEP) {
    const chunks: [string, Uint8Array][] = [];
    for (const node of missing.slice(at, at + NODES_PER_STEP))
      for (const { bytes } of await from.readChunks(tier, node, bucketMs, bucketMs + 1))
        chunks.push([node, bytes]);
    await to.writeChunks(tier, bucketMs, chunks);
  }
}

async function copyFrames(from: BlobStore, to: BlobStore): Promise<void> {
  const oldestMs = await from.oldestMs('frame');
  const untilMs = await rolledUpMs(from);
  const firstMs = Math.floor((oldestMs ?? untilMs) / RAW.bucketMs) * RAW.bucketMs;
  for (let bucketMs = firstMs; bucketMs < untilMs; bucketMs += RAW.bucketMs) {
    const frame = await from.readFrame(bucketMs);
    if (frame !== null && (await to.readFrame(bucketMs)) === null) await to.writeFrame(bucketMs, frame);
  }
}

/** Coarser tiers are made again from where the one that was copied ended: what came later may lie in the same buckets. */
async function setMarks(from: BlobStore, to: BlobStore): Promise<void> {
  const rawMs = await rolledUpMs(from);
  if (rawMs > ((await to.mark('raw')) ?? 0)) await to.setMark('raw', rawMs);
  for (const name of ['since', 'minute', 'quarter', 'day']) {
    const [own, other] = [await to.mark(name), await from.mark(name)];
    if (other !== null && (own === null || own === 0 || other < own)) await to.setMark(name, other);
  }
}
