import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSubscription } from '../../src/web/live/subscription.ts';
import { ranges, subscriptionText } from './wanted.js';

test('numbers are written as ranges', () => {
  expect(ranges([])).toBe('');
  expect(ranges([30, 3, 1, 2])).toBe('1-3,30');
});

const since = fc.nat(1_000);
const row = fc.tuple(fc.nat(5), fc.nat(300)).map(([part, id]) => `${part}:${id}`);
const path = fc.string({ minLength: 1, maxLength: 20 }).map((text) => `/${text}`);

test('the head reads what the page wrote', () => {
  fc.assert(
    fc.property(
      fc.dictionary(row, fc.constantFrom(0, 7, 900), { maxKeys: 100 }),
      fc.dictionary(path, fc.tuple(since, fc.string({ maxLength: 10 })), { maxKeys: 24 }),
      fc.dictionary(path, since, { maxKeys: 20 }),
      (rows, pages, topics) => {
        const read = readSubscription(subscriptionText({ epoch: 'abc', rows, pages, topics }));
        expect(read?.epoch).toBe('abc');
        expect(read?.rows).toEqual(new Map(Object.entries(rows)));
        expect(read?.pages).toEqual(new Map(Object.entries(pages).map(([key, [version]]) => [key, version])));
        expect(read?.topics).toEqual(new Map(Object.entries(topics)));
      },
    ),
  );
});
