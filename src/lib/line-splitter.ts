/** Splits a byte stream into lines, bounded: a longer line than `maxBytes` is reported once, never kept. */
export interface LineSplitter {
  push(chunk: Uint8Array): void;
  /** What came after the last line end; empty where that was too long. */
  rest(): string;
}

const NOTHING = Buffer.alloc(0);
const LINE_END = 10;

const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** `onLine` gets each line without its end; `onTooLong` is called once for each line that is dropped. */
export const createLineSplitter = (
  maxBytes: number,
  onLine: (line: string) => void,
  onTooLong: () => void,
): LineSplitter => createByteLineSplitter(maxBytes, (line) => onLine(line.toString('utf8')), onTooLong);

/** The same for lines that are not all read as text. The bytes of a line are its own only until `onLine` returns. */
export function createByteLineSplitter(
  maxBytes: number,
  onLine: (line: Buffer) => void,
  onTooLong: () => void,
): LineSplitter {
  // One buffer that grows, not a list of pieces: a line sent byte by byte would cost a hundred times its size.
  let held = NOTHING;
  let size = 0;
  let tooLong = false;

  function drop(): void {
    held = NOTHING;
    size = 0;
  }

  function refuse(): void {
    tooLong = true;
    drop();
    onTooLong();
  }

  /** Keeps a copy: the caller's buffer may be reused, and a small rest must not keep a large chunk alive. */
  function hold(part: Uint8Array): void {
    if (tooLong || part.length === 0) return;
    const needed = size + part.length;
    if (needed > maxBytes) return refuse();
    if (needed > held.length) {
      const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(needed, 2 * held.length)));
      larger.set(held.subarray(0, size));
      held = larger;
    }
    held.set(part, size);
    size = needed;
  }

  function endLine(part: Uint8Array): void {
    if (!tooLong && size === 0 && part.length <= maxBytes) return onLine(asBuffer(part));
    hold(part);
    const line = tooLong ? null : held.subarray(0, size);
    drop();
    tooLong = false;
    if (line !== null) onLine(line);
  }

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, start)) {
        endLine(chunk.subarray(start, end));
        start = end + 1;
      }
      hold(chunk.subarray(start));
    },
    rest: () => held.toString('utf8', 0, size),
  };
}
