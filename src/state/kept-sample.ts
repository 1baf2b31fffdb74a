import { type ReadSample, readSample } from '../protocol/read-sample.ts';

/**
 * The last sample of a node as it came, in memory of its own that the next one is written over: a thousand buffers a
 * second that each live for an interval would keep the garbage collector busy.
 */
export interface KeptSample {
  /** Copies it. */
  keep(whole: Uint8Array): void;
  /** The kept sample; read at most once. */
  read(): ReadSample;
}

/** Samples of a node differ little in length. */
const SPARE_SHARE = 1.25;
/** After one that was much longer than the others. */
const WASTEFUL_SHARE = 4;
const NOTHING = new Uint8Array(0);

/** Begins empty, which is no sample. */
export function createKeptSample(): KeptSample {
  let memory = NOTHING;
  let size = 0;
  let known: ReadSample | null = null;

  return {
    keep(whole) {
      known = null;
      size = whole.length;
      if (memory.length < size || memory.length > size * WASTEFUL_SHARE)
        memory = Buffer.allocUnsafeSlow(Math.ceil(size * SPARE_SHARE));
      memory.set(whole);
    },
    read() {
      known ??= readSample(memory.subarray(0, size));
      return known;
    },
  };
}
