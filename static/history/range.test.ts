import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  boundsOf,
  moved,
  parseMoment,
  type Range,
  rangeBetween,
  rangeWords,
  readRange,
  spanText,
  stepFor,
  zoomed,
} from './range.js';

const NOW = Date.UTC(2026, 10, 30, 3, 12);
const HOUR = 3_600_000;
const read = (text: string) => readRange(new URLSearchParams(text), NOW);
const written = (range: Range) => {
  const { from, to } = rangeWords(range);
  return new URLSearchParams({ from, ...(to === null ? {} : { to }) });
};

describe('the address', () => {
  test('names a range that ends now, or one between two moments', () => {
    expect(read('')).toEqual({ range: null, problem: null });
    expect(read('from=-24h')).toEqual({ range: { lengthMs: 24 * HOUR, endMs: null }, problem: null });
    expect(read('from=-7d&to=now').range).toEqual({ lengthMs: 168 * HOUR, endMs: null });
    const fixed = { lengthMs: HOUR, endMs: NOW - 2 * HOUR };
    expect(read(`from=${NOW - 3 * HOUR}&to=${NOW - 2 * HOUR}`).range).toEqual(fixed);
    expect(read('from=2026-11-30T01:12:00%2B01:00&to=2026-11-30T01:12Z').range).toEqual(fixed);
    expect(read('from=-3h&to=-2h').range).toEqual(fixed);
  });

  test('that names none says which word is wrong, and what is right', () => {
    expect(read('to=-2h').problem).toMatch(/to=-2h without from.*2026-01-31T08:00Z/);
    expect(read('from=yesterday').problem).toMatch(/^from=yesterday .*is no time/);
    expect(read('from=2026-11-30T01:12').problem).toMatch(/is no time/);
    expect(read('from=-1h&to=soon').problem).toMatch(/^to=soon/);
    expect(read('from=-1h&to=-2h').problem).toMatch(/from=-1h, which is not before to=-2h/);
    expect(read('from=2027-01-01T00:00Z').problem).toMatch(/not before now/);
  });

  test('whatever it says is a range or a problem, never both', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (from, to) => {
        const { range, problem } = readRange(new URLSearchParams({ from, to }), NOW);
        expect(range === null).toBe(problem !== null);
        if (range) expect(range.lengthMs).toBeGreaterThan(0);
      }),
    );
  });

  test('keeps whatever can be shown, to the second', () => {
    const length = fc.integer({ min: 60, max: 86_400 * 400 }).map((seconds) => seconds * 1000);
    const end = fc.option(fc.integer({ min: 1e12, max: NOW - 1e9 }), { nil: null });
    fc.assert(
      fc.property(length, end, (lengthMs, endMs) => {
        const again = readRange(written({ lengthMs, endMs }), NOW);
        expect(again.problem).toBeNull();
        expect(again.range?.lengthMs).toBe(lengthMs);
        // An end that is near to now, measured by the range, is now.
        if (endMs !== null && NOW - endMs > lengthMs * 0.02) expect(again.range?.endMs).toBe(endMs);
      }),
    );
    expect(rangeWords({ lengthMs: 24 * HOUR, endMs: null })).toEqual({ from: '-1d', to: null });
    expect(rangeWords({ lengthMs: 90 * 60_000, endMs: null })).toEqual({ from: '-90m', to: null });
  });
});

describe('moving and zooming', () => {
  test('go where they are asked to, and never beyond now', () => {
    const day: Range = { lengthMs: 24 * HOUR, endMs: null };
    expect(moved(day, 0.5, NOW)).toEqual(day);
    expect(moved(day, -0.5, NOW)).toEqual({ lengthMs: 24 * HOUR, endMs: NOW - 12 * HOUR });
    expect(moved({ lengthMs: 24 * HOUR, endMs: NOW - 12 * HOUR }, 0.5, NOW)).toEqual(day);
    expect(zoomed(day, 0.5, NOW)).toEqual({ lengthMs: 12 * HOUR, endMs: null });
    const past: Range = { lengthMs: 2 * HOUR, endMs: NOW - 48 * HOUR };
    expect(zoomed(past, 0.5, NOW)).toEqual({ lengthMs: HOUR, endMs: NOW - 48.5 * HOUR });
    expect(zoomed(past, 2, NOW)).toEqual({ lengthMs: 4 * HOUR, endMs: NOW - 47 * HOUR });
  });

  test('zooming in and out again is where it was', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 600_000, max: 1e10 }),
        fc.integer({ min: 1e12, max: NOW - 2e10 }),
        (lengthMs, endMs) => {
          const [from, to] = boundsOf(zoomed(zoomed({ lengthMs, endMs }, 0.5, NOW), 2, NOW), NOW);
          expect(Math.abs(from - (endMs - lengthMs))).toBeLessThan(2);
          expect(Math.abs(to - endMs)).toBeLessThan(2);
        },
      ),
    );
  });

  test('two moments are a range in whichever order', () => {
    const range = { lengthMs: HOUR, endMs: NOW - HOUR };
    expect(rangeBetween(NOW - HOUR, NOW - 2 * HOUR, NOW)).toEqual(range);
    expect(rangeBetween(NOW - 2 * HOUR, NOW - HOUR, NOW)).toEqual(range);
    expect(rangeBetween(NOW - HOUR, NOW + HOUR, NOW)).toEqual({ lengthMs: HOUR, endMs: null });
    expect(rangeBetween(NOW - HOUR, NOW - HOUR, NOW).lengthMs).toBe(60_000);
  });
});

test('there are no more points than pixels', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 60_000, max: 200 * 86_400_000 }),
      fc.integer({ min: 200, max: 4000 }),
      (length, pixels) => {
        expect(length / stepFor(length, pixels)).toBeLessThanOrEqual(pixels);
      },
    ),
  );
  expect(stepFor(24 * HOUR, 1000)).toBe(120_000);
  expect(stepFor(HOUR, 400)).toBe(10_000);
});

test('words of times and spans', () => {
  expect(parseMoment('1796094720000', NOW)).toBe(1796094720000);
  expect(['-', '-1', '-1w', '12', '2026-13-01T00:00Z', ''].map((text) => parseMoment(text, NOW))).toEqual(
    Array(6).fill(null),
  );
  expect([10_000, 60_000, 900_000, 86_400_000, 90_000].map(spanText)).toEqual([
    '10 s',
    '1 min',
    '15 min',
    '1 d',
    '90 s',
  ]);
});
