import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCommandReader } from './command-reader.ts';

/** Takes lines `kit N` for announcements of so many bytes. */
function read(stream: Buffer, cuts: readonly number[], maxBytes = 1024): string[] {
  const heard: string[] = [];
  const reader = createCommandReader(maxBytes, (line) => {
    heard.push(line);
    const bytes = /^kit (\d+)$/.exec(line)?.[1];
    if (bytes !== undefined) reader.expect(Number(bytes), (kit) => heard.push(`= ${kit.toString('hex')}`));
  });
  const places = [...cuts].map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b);
  [0, ...places].forEach(
    (start, at) => void reader.push(stream.subarray(start, places[at] ?? stream.length)),
  );
  return heard;
}

describe('what the head says', () => {
  it('is lines, and bytes that a line announces, however it is cut', () => {
    const words = fc.stringMatching(/^[a-z"{}: ]{0,20}$/);
    const kit = fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(fc.oneof(words, kit)), fc.array(fc.nat()), (parts, cuts) => {
        const stream = parts.map((part) =>
          typeof part === 'string'
            ? Buffer.from(`${part}\n`)
            : Buffer.concat([Buffer.from(`kit ${part.length}\n`), part]),
        );
        const expected = parts.flatMap((part) =>
          typeof part === 'string' ? [part] : [`kit ${part.length}`, `= ${part.toString('hex')}`],
        );
        expect(read(Buffer.concat(stream), cuts)).toEqual(expected);
      }),
    );
  });

  it('is left out where a line is too long', () => {
    expect(read(Buffer.from(`one\n${'x'.repeat(50)}\ntwo\n`), [7, 20], 40)).toEqual(['one', 'two']);
  });
});
