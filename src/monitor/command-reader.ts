import { createLineSplitter } from '../lib/line-splitter.ts';

/** What the head says: lines, and after a line that announces them so many bytes as they are. */
export interface CommandReader {
  push(chunk: Buffer): void;
  /** To be called while a line is taken: what follows it is no line. */
  expect(bytes: number, onBytes: (bytes: Buffer) => void): void;
}

interface Awaited {
  bytes: Buffer;
  length: number;
  done: (bytes: Buffer) => void;
}

const LINE_END = 10;

/** Lines that are longer than `maxBytes` are left out. */
export function createCommandReader(maxBytes: number, onLine: (line: string) => void): CommandReader {
  const lines = createLineSplitter(maxBytes, onLine, () => undefined);
  let awaited: Awaited | null = null;

  /** How much of the chunk belongs to what is awaited. */
  function fill({ bytes, length, done }: Awaited, chunk: Buffer): number {
    const taken = chunk.copy(bytes, length);
    const isFull = length + taken === bytes.length;
    awaited = isFull ? null : { bytes, length: length + taken, done };
    if (isFull) done(bytes);
    return taken;
  }

  function takeLine(chunk: Buffer): number {
    const end = chunk.indexOf(LINE_END) + 1 || chunk.length;
    lines.push(chunk.subarray(0, end));
    return end;
  }

  return {
    push(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const rest = chunk.subarray(at);
        at += awaited === null ? takeLine(rest) : fill(awaited, rest);
      }
    },
    expect(bytes, done) {
      awaited = { bytes: Buffer.allocUnsafeSlow(bytes), length: 0, done };
    },
  };
}
