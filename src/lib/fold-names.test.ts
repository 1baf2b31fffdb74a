import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandRanges } from '../nodes/ranges.ts';
import { foldNames } from './fold-names.ts';

describe('foldNames', () => {
  it.each([
    [['gpu01', 'gpu02', 'gpu03', 'login'], 'gpu[01-03], login'],
    [['gpu01', 'gpu03', 'gpu04'], 'gpu[01,03-04]'],
    [['gpu1', 'gpu01'], 'gpu1, gpu01'],
    [['ann@gpu1.lab', 'ann@gpu2.lab', 'bob@gpu3.lab'], 'ann@gpu[1-2].lab, bob@gpu3.lab'],
    [['a'], 'a'],
    [[], ''],
  ])('%j → %s', (names, text) => {
    expect(foldNames(names)).toBe(text);
  });

  it('is what ranges are read from', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { minLength: 2 }), (numbers) => {
        const names = numbers.map((number) => `gpu${String(number).padStart(3, '0')}`);
        expect(expandRanges(foldNames(names)).sort()).toEqual([...names].sort());
      }),
    );
  });
});
