import { decodeChunk, encodeChunk, encodeNamed } from '../codec/chunk.ts';
import { RAW } from '../tiers.ts';
import { type Core, doneUntil, partsOf, wholeChunk } from './core.ts';
import { encodeFrameNode } from './frames.ts';
import { mergeTables } from './merge-tables.ts';
import { makeAgain } from './upkeep.ts';

/** Raw figures that another store has closed. */
export interface ClosedBucket {
  bucketMs: number;
  chunks: readonly (readonly [node: string, bytes: Uint8Array])[];
  frame: Uint8Array | null;
}

const NODES_PER_STEP = 50;

/** Takes it in. Where a node's moment is there already it stays. What coarser tiers have of it is made again. */
export async function adopt(core: Core, { bucketMs, chunks, frame }: ClosedBucket): Promise<void> {
  const { store } = core;
  const there = new Set(await store.nodesOf('raw', bucketMs, bucketMs + 1));
  const ofFrame = new Map(partsOf(core, bucketMs, frame));
  for (let from = 0; from < chunks.length; from += NODES_PER_STEP) {
    const whole: [string, Uint8Array][] = [];
    for (const [node, bytes] of chunks.slice(from, from + NODES_PER_STEP)) {
      const merged = there.has(node) ? await merge(core, bucketMs, node, bytes) : null;
      whole.push([node, merged?.bytes ?? bytes]);
      if (merged !== null) ofFrame.set(node, merged.ofFrame);
    }
    await store.writeChunks('raw', bucketMs, whole);
  }
  const all = new Map([...partsOf(core, bucketMs, await store.readFrame(bucketMs)), ...ofFrame]);
  if (all.size > 0) await store.writeFrame(bucketMs, encodeNamed([...all]));
  // What is still open of it is put to what is closed.
  if (core.open.has(bucketMs)) core.reopened.add(bucketMs);
  await makeAgain(core, bucketMs);
  const untilMs = bucketMs + RAW.bucketMs;
  if (untilMs <= doneUntil(core, RAW)) return;
  await store.setMark('raw', untilMs);
  core.doneMs.set('raw', untilMs);
}

async function merge(core: Core, bucketMs: number, node: string, bytes: Uint8Array) {
  const [stored] = await core.store.readChunks('raw', node, bucketMs, bucketMs + 1);
  const own = stored ? wholeChunk(core, RAW, node, bucketMs, stored.bytes) : null;
  const other = wholeChunk(core, RAW, node, bucketMs, bytes);
  if (own === null || other === null) return null;
  const table = mergeTables(own, decodeChunk(bytes));
  return { bytes: encodeChunk(table), ofFrame: encodeFrameNode(table, bucketMs) };
}
