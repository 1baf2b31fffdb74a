import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ABSENT, shiftOf, toShortFloat } from '../../lib/short-floats.ts';
import { NULL } from './columns.ts';
import { keptGpuFigures, keptJobFigures, keptMachineFigures, quantizerOf } from './figures.ts';

const all = [...keptMachineFigures, ...keptGpuFigures, ...keptJobFigures];

describe.each(all.map((figure) => [`${figure.group} ${figure.key}`, figure] as const))('%s', (_, figure) => {
  const { fromShort, toValue, fromValue } = quantizerOf(figure);

  it('keeps what is absent absent', () => {
    expect(fromShort(ABSENT)).toBe(NULL);
    expect(toValue(NULL)).toBeNull();
  });

  it('keeps values to its resolution', () => {
    const max = { percent: 100, celsius: 150, watts: 10_000, bytes: 1e12, bytesPerSecond: 1e12 }[figure.unit];
    fc.assert(
      fc.property(fc.double({ min: 0, max, noNaN: true }), (value) => {
        const given = toShortFloat(value + shiftOf(figure.unit));
        const kept = toValue(fromShort(given)) ?? Number.NaN;
        const step = figure.resolution ?? value / 128;
        const ofShortFloat = (value + shiftOf(figure.unit)) / 2048 + 0.001;
        expect(Math.abs(kept - value)).toBeLessThanOrEqual((step / 2 + ofShortFloat) * 1.001);
      }),
    );
  });

  it('keeps what it gave', () => {
    fc.assert(
      // Codes below are of values that short floats take for 0.
      fc.property(fc.integer({ min: figure.resolution === null ? 128 : 0, max: 7_000 }), (kept) => {
        const value = toValue(kept);
        if (value !== null && value > 0) expect(fromValue(value)).toBe(kept);
      }),
    );
  });
});
