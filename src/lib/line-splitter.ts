/** Splits a byte stream into lines, bounded: a longer line than `maxBytes` is reported, never kept. */
export interface LineSplitter {
  push(chunk: Uint8Array): void;
  /** What came after the last line end. */
  rest(): string;
}

export function createLineSplitter(
  maxBytes: number,
  onLine: (line: string) => void,
  onTooLong: () => void,
): LineSplitter {
  let parts: Uint8Array[] = [];
  let size = 0;
  let tooLong = false;

  function keep(part: Uint8Array): void {
    if (part.length === 0 || tooLong) return;
    size += part.length;
    if (size > maxBytes) {
      tooLong = true;
      parts = [];
      onTooLong();
      return;
    }
    parts.push(part);
  }

  function joined(): string {
    const only = parts[0];
    if (parts.length === 1 && only)
      return Buffer.from(only.buffer, only.byteOffset, only.length).toString('utf8');
    return Buffer.concat(parts).toString('utf8');
  }

  function endLine(): void {
    const line = tooLong ? null : joined();
    parts = [];
    size = 0;
    tooLong = false;
    if (line !== null) onLine(line);
  }

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        keep(chunk.subarray(start, end));
        endLine();
        start = end + 1;
      }
      // A copy: the caller's buffer may be reused, and a small rest must not keep a large chunk alive.
      if (start < chunk.length) keep(Buffer.from(chunk.subarray(start)));
    },
    rest: () => joined(),
  };
}
