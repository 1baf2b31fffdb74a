import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ABSENT, fromShortFloat, toShortFloat } from './short-floats.ts';

const there = (value: number) => fromShortFloat(toShortFloat(value));

it('keeps absent, zero and small whole numbers as they are', () => {
  expect(toShortFloat(Number.NaN)).toBe(ABSENT);
  expect(there(Number.NaN)).toBeNull();
  for (let value = 0; value <= 2048; value++) expect(there(value)).toBe(value);
});

it('keeps tenths below 128', () => {
  for (let tenths = 0; tenths < 1280; tenths++)
    expect(Math.round((there(tenths / 10) ?? -1) * 10)).toBe(tenths);
});

it('is off by less than a two-thousandth elsewhere, whatever it is given', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.002, max: Number.MAX_SAFE_INTEGER, noNaN: true }), (value) => {
      expect(Math.abs((there(value) ?? 0) / value - 1)).toBeLessThanOrEqual(1 / 2047);
    }),
  );
  fc.assert(
    fc.property(fc.double({ noNaN: true }), (value) => {
      const code = toShortFloat(value);
      expect(code).toBeGreaterThan(ABSENT);
      expect(code).toBeLessThanOrEqual(65_535);
      expect(Number.isFinite(fromShortFloat(code))).toBe(true);
    }),
  );
});
