import type { Sample } from '../protocol/sample.ts';
import { readSampleLine } from './sample-line.ts';

/**
 * The last line of a node, in memory of its own that the next one is written over: a thousand strings a second that
 * each live for an interval would keep the garbage collector busy.
 */
export interface KeptLine {
  /** `line`: a sample that was found good. */
  keep(line: string): void;
  /** The kept sample; read at most once. */
  read(): Sample;
}

/** Samples of a node differ little in length. */
const SPARE_SHARE = 1.25;
/** After a line that was much longer than the others. */
const WASTEFUL_SHARE = 4;

/** Begins empty; `read` before the first `keep` throws. */
export function createKeptLine(): KeptLine {
  let memory: Buffer | null = null;
  let size = 0;
  let known: Sample | null = null;

  return {
    keep(line) {
      known = null;
      const needed = Buffer.byteLength(line);
      if (memory === null || memory.length < needed || memory.length > needed * WASTEFUL_SHARE)
        memory = Buffer.allocUnsafeSlow(Math.ceil(needed * SPARE_SHARE));
      size = memory.write(line);
    },
    read() {
      known ??= readSampleLine(memory?.toString('utf8', 0, size) ?? '');
      return known;
    },
  };
}
