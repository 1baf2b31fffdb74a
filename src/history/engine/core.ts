import type { InTurn } from '../../lib/in-turn.ts';
import type { BlobStore } from '../blob-store.ts';
import { type ByteWriter, DamagedBytes } from '../codec/bytes.ts';
import { type Chunk, type ChunkTable, decodeNamed, openChunk } from '../codec/chunk.ts';
import { bucketOf, type KeptDays, RAW, type Tier, type TierName, tiers } from '../tiers.ts';
import { addChunk, type Bins } from './bins.ts';
import { asChunk } from './frames.ts';
import { mergeTables } from './merge-tables.ts';
import { type OpenBucket, replay, tableOf } from './open-bucket.ts';

/** What the parts of the engine share: what is still open, and how far each tier is done. */
export interface Core {
  store: BlobStore;
  nowMs: () => number;
  keptDays: KeptDays;
  mostBytes: number | null;
  /** Buckets of raw figures that still grow. */
  open: Map<number, OpenBucket>;
  /** What the journal has yet to get. */
  pending: Map<number, ByteWriter>;
  /** Buckets that were closed once already: what they have stays. */
  reopened: Set<number>;
  /** Until when each tier is complete. */
  doneMs: Map<TierName, number>;
  /** Tiers of which the bucket that is being made has become another meanwhile. */
  stale: Set<TierName>;
  damages: string[];
  /** For what must not come between: taking points in, giving up a journal, saying how far a tier is. */
  inTurn: InTurn;
  /** When the first point came, ever; null before it. */
  sinceMs: number | null;
}

const MOST_DAMAGES = 20;

/** Epoch ms; 0 where nothing is done yet. */
export const doneUntil = ({ doneMs }: Core, { name }: Tier): number => doneMs.get(name) ?? 0;

/** Rethrows what is no damage. */
export function noteDamage({ damages }: Core, what: string, error: unknown): void {
  if (!(error instanceof DamagedBytes)) throw error;
  if (damages.length < MOST_DAMAGES) damages.push(`${what} is damaged: ${error.message}`);
}

/** Each node's part of a frame; none where it is damaged, or there is none. */
export function partsOf(core: Core, bucketMs: number, frame: Uint8Array | null): [string, Uint8Array][] {
  try {
    return frame === null ? [] : [...decodeNamed(frame)];
  } catch (error) {
    noteDamage(core, `the frame of ${new Date(bucketMs).toISOString()}`, error);
    return [];
  }
}

/** Takes up what was there when the head ended. */
export async function restore(core: Core): Promise<void> {
  const { store, open, doneMs } = core;
  core.sinceMs = await store.mark('since');
  for (const { name } of tiers) doneMs.set(name, (await store.mark(name)) ?? 0);
  for (const { bucketMs, bytes } of await store.readJournal()) {
    const bucket = open.get(bucketMs) ?? new Map();
    open.set(bucketMs, bucket);
    // What its chunks have stays.
    if (bucketMs < (doneMs.get('raw') ?? 0)) core.reopened.add(bucketMs);
    try {
      replay(bucket, bytes);
    } catch (error) {
      noteDamage(core, `the journal of ${new Date(bucketMs).toISOString()}`, error);
    }
  }
}

/** A stored chunk; null for one that is damaged. */
export function wholeChunk(
  core: Core,
  tier: Tier,
  node: string,
  bucketMs: number,
  bytes: Uint8Array,
): Chunk | null {
  try {
    return openChunk(bytes);
  } catch (error) {
    noteDamage(core, `the chunk of ${node} from ${new Date(bucketMs).toISOString()} (${tier.name})`, error);
    return null;
  }
}

export interface PlacedChunk {
  chunk: Chunk;
  bucketMs: number;
  /** Between its points. */
  stepMs: number;
}

/** What came after a bucket was closed, and is not put to it yet; null where there is nothing. */
function lateTable({ open, reopened }: Core, tier: Tier, bucketMs: number, node: string): ChunkTable | null {
  if (tier !== RAW || !reopened.has(bucketMs)) return null;
  const late = open.get(bucketMs)?.get(node);
  return late ? tableOf(late) : null;
}

/** Adds what is closed of a node in a range, with what came late. */
export async function addStored(
  core: Core,
  bins: Bins,
  tier: Tier,
  node: string,
  range: { fromMs: number; toMs: number },
): Promise<void> {
  for (const { chunk, bucketMs, stepMs } of await storedChunks(core, tier, node, range))
    addChunk(bins, chunk, bucketMs, stepMs);
}

/** What is closed of a node in a range, with what came late; of what is stored no column is read yet. */
export async function storedChunks(
  core: Core,
  tier: Tier,
  node: string,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<PlacedChunk[]> {
  const firstMs = bucketOf(tier, fromMs);
  const late = new Map<number, ChunkTable>();
  for (const bucketMs of core.reopened) {
    const table = bucketMs >= firstMs && bucketMs < toMs ? lateTable(core, tier, bucketMs, node) : null;
    if (table !== null) late.set(bucketMs, table);
  }
  const placed = (chunk: Chunk, bucketMs: number): PlacedChunk => ({ chunk, bucketMs, stepMs: tier.stepMs });
  const chunks: PlacedChunk[] = [];
  for (const { bucketMs, bytes } of await core.store.readChunks(tier.name, node, firstMs, toMs)) {
    const chunk = wholeChunk(core, tier, node, bucketMs, bytes);
    if (chunk === null) continue;
    const table = late.get(bucketMs);
    late.delete(bucketMs);
    chunks.push(placed(table ? asChunk(mergeTables(chunk, table)) : chunk, bucketMs));
  }
  for (const [bucketMs, table] of late) chunks.push(placed(asChunk(table), bucketMs));
  return chunks;
}
