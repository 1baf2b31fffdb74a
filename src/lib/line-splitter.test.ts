import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { cutText } from './cut-text.ts';
import { createLineSplitter } from './line-splitter.ts';
import { createRandom } from './random.ts';
import { visibleText } from './visible-text.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that stay alive after what `build` made is the only thing kept. */
function keptBytes(build: () => unknown): number {
  collectGarbage();
  const before = process.memoryUsage();
  const kept = build();
  collectGarbage();
  const after = process.memoryUsage();
  if (kept === null) throw new Error('nothing was built');
  return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
}

describe('line splitter', () => {
  it.each(Array.from({ length: 200 }, (_, seed) => seed))(
    'finds the lines of any bytes in any pieces (%i)',
    (seed) => {
      const random = createRandom(seed);
      const upTo = (limit: number) => Math.floor(random() * limit);
      const maxBytes = 1 + upTo(40);
      // Every second byte or so is a line end, a part of a longer UTF-8 sequence, or rubbish.
      const bytes = Buffer.from(Array.from({ length: upTo(600) }, () => (random() < 0.1 ? 10 : upTo(256))));
      const told: (string | null)[] = [];
      const splitter = createLineSplitter(
        maxBytes,
        (line) => told.push(line),
        () => told.push(null),
      );
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + upTo(50);
        // The caller's buffer is used again for other bytes.
        const piece = Buffer.from(bytes.subarray(at, at + size));
        splitter.push(piece);
        piece.fill(65);
        at += size;
      }
      const expected: (string | null)[] = [];
      let start = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        const line = bytes.subarray(start, end);
        expected.push(line.length > maxBytes ? null : line.toString('utf8'));
        start = end + 1;
      }
      const rest = bytes.subarray(start);
      if (rest.length > maxBytes) expected.push(null);
      expect(told).toEqual(expected);
      expect(splitter.rest()).toBe(rest.length > maxBytes ? '' : rest.toString('utf8'));
    },
  );

  it('keeps about as much as it was given, also byte by byte', () => {
    const size = 512 * 1024;
    const byte = Buffer.from('x');
    const kept = keptBytes(() => {
      const splitter = createLineSplitter(
        2 * size,
        () => undefined,
        () => undefined,
      );
      for (let at = 0; at < size; at++) splitter.push(byte);
      return splitter;
    });
    expect(kept).toBeLessThan(4 * size);
  });
});

describe('cutText', () => {
  it('keeps nothing of what it cuts off', () => {
    const kept = keptBytes(() =>
      Array.from({ length: 100 }, (_, at) => cutText(JSON.parse(`"${at}${'x'.repeat(500_000)}"`), 100)),
    );
    expect(kept).toBeLessThan(2_000_000);
  });

  it('is the beginning of the text', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = createRandom(seed);
      const text = String.fromCharCode(...Array.from({ length: 30 }, () => Math.floor(random() * 65_536)));
      const length = Math.floor(random() * 40);
      const cut = text.slice(0, length);
      // A pair that would be cut apart goes as a whole.
      const isHalved = length < text.length && /[\ud800-\udbff]$/.test(cut);
      expect(cutText(text, length)).toBe(isHalved ? cut.slice(0, -1) : cut);
    }
  });
});

describe('visibleText', () => {
  it('changes nothing the second time', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = createRandom(seed);
      const text = String.fromCharCode(...Array.from({ length: 50 }, () => Math.floor(random() * 8_300)));
      const once = visibleText(text);
      expect(visibleText(once)).toBe(once);
      expect(once).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }
  });
});
