import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressAt, ageOfStep, minuteOf, shifted, stepOfAge } from './moments.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 30, 3, 12, 20);

test('steps are minutes near by and longer far away', () => {
  expect([0, 1, 180, 181, 306, 307].map(ageOfStep)).toEqual([
    0,
    MINUTE,
    3 * HOUR,
    3 * HOUR + 10 * MINUTE,
    DAY,
    DAY + HOUR,
  ]);
  // A slider over half a year has a step for each pixel of a screen, not for each minute.
  expect(stepOfAge(180 * DAY)).toBeLessThan(1_500);
});

test('every step has an age of its own, which leads back to it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5_000 }), (step) => {
      expect(stepOfAge(ageOfStep(step))).toBe(step);
      expect(ageOfStep(step + 1)).toBeGreaterThan(ageOfStep(step));
    }),
  );
});

test('going back and forth stays within what is kept, on whole minutes', () => {
  const kept = { sinceMs: NOW - 2 * HOUR - 5_000, nowMs: NOW };
  expect(shifted(null, -MINUTE, kept)).toBe(Date.UTC(2026, 10, 30, 3, 11));
  expect(shifted(Date.UTC(2026, 10, 30, 3, 11), MINUTE, kept)).toBeNull();
  expect(shifted(null, MINUTE, kept)).toBeNull();
  expect(shifted(Date.UTC(2026, 10, 30, 1, 30), -HOUR, kept)).toBe(Date.UTC(2026, 10, 30, 1, 13));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 130 }), fc.integer({ min: -500, max: 500 }), (ago, by) => {
      const at = shifted(NOW - ago * MINUTE, by * MINUTE, kept);
      if (at === null) return;
      expect(at).toBe(minuteOf(at));
      expect(at).toBeGreaterThanOrEqual(kept.sinceMs);
      expect(at).toBeLessThan(NOW);
    }),
  );
});

test('the address keeps what else it says', () => {
  const at = Date.UTC(2026, 10, 30, 2, 12);
  const past = addressAt('http://head:8080/gpus?q=is%3Afree#gpu01', at);
  expect(past).toBe('http://head:8080/gpus?q=is%3Afree&at=2026-11-30T02%3A12Z#gpu01');
  expect(addressAt(past, null)).toBe('http://head:8080/gpus?q=is%3Afree#gpu01');
});
