import type { PastEvent } from '../report/history.ts';
import type { TierName } from './tiers.ts';

/** One node's figures of one bucket, as `codec/chunk.ts` makes them. */
export interface StoredChunk {
  bucketMs: number;
  bytes: Uint8Array;
}

export interface StoredJournal {
  bucketMs: number;
  bytes: Uint8Array;
}

export interface StoredSnapshot {
  node: string;
  atMs: number;
  bytes: Uint8Array;
}

/**
 * Where history lies: bytes that it does not look into, with their places. SQLite and PostgreSQL answer to it. Times are
 * epoch ms, of buckets their beginning; an end does not belong to its range. All reject with a sentence.
 */
export interface BlobStore {
  /** For people: what it is, with its version. */
  readonly engine: string;
  /** A folder, or a database's address without its password. */
  readonly place: string;
  /** All of it, or nothing. A chunk that is there already is replaced. */
  writeChunks(
    tier: TierName,
    bucketMs: number,
    chunks: readonly (readonly [node: string, bytes: Uint8Array])[],
  ): Promise<void>;
  /** Of buckets that begin in the range, oldest first. */
  readChunks(tier: TierName, node: string, fromMs: number, toMs: number): Promise<StoredChunk[]>;
  /** Nodes with a chunk that begins in the range. */
  nodesOf(tier: TierName, fromMs: number, toMs: number): Promise<string[]>;
  /** All nodes' GPUs during a bucket of raw figures. */
  writeFrame(bucketMs: number, bytes: Uint8Array): Promise<void>;
  readFrame(bucketMs: number): Promise<Uint8Array | null>;
  /** How a node was from a moment on: JSON, compressed. Kept as long as frames. */
  writeSnapshots(snapshots: readonly StoredSnapshot[]): Promise<void>;
  /** Of each node the last one before or at a moment, of that day or the day before. */
  readSnapshots(atMs: number): Promise<StoredSnapshot[]>;
  /** All of them, oldest first. */
  snapshotsBetween(fromMs: number, toMs: number): Promise<StoredSnapshot[]>;
  /** One that is there already is written once. */
  writeEvents(events: readonly PastEvent[]): Promise<void>;
  /** Oldest first, and of too many the newest. `node`: null for all. */
  readEvents(node: string | null, fromMs: number, toMs: number, most: number): Promise<PastEvent[]>;
  /** What came within a second, of the bucket that is open. */
  appendJournal(bucketMs: number, bytes: Uint8Array): Promise<void>;
  /** In the order of writing. */
  readJournal(): Promise<StoredJournal[]>;
  dropJournal(bucketMs: number): Promise<void>;
  /** A number that is remembered under a name; null where there is none. */
  mark(name: string): Promise<number | null>;
  setMark(name: string, value: number): Promise<void>;
  /** Removes what begins before. */
  prune(what: TierName | 'frame' | 'event', beforeMs: number): Promise<void>;
  sizeBytes(): Promise<number>;
  /** Of what is kept of each tier, the oldest bucket; of frames and snapshots, the oldest moment. Null where there is none. */
  oldestMs(what: TierName | 'frame'): Promise<number | null>;
  /** Sentences about what was found damaged and set aside, since the head began. */
  problems(): string[];
  close(): Promise<void>;
}
