import { expect, test } from 'vitest';
import type { Wanted } from '../stream/wanted.js';
import { createBrought } from './brought.js';

const wanted = (rows: Record<string, number>, change: Partial<Wanted> = {}): Wanted => ({
  epoch: 'e',
  rows,
  pages: {},
  topics: {},
  ...change,
});

/** A message that brought one row. */
const message = (part: number, id: number) => ({ rows: [{ part, id, age: null }], pages: [], topics: [] });

test('the wishes of all tabs are one, and what the stream brought counts more than what a tab says', () => {
  const brought = createBrought();
  brought.askAgain(wanted({ '0:1': 3 }), null);
  expect(brought.unite([wanted({ '0:1': 3 })])?.rows).toEqual({ '0:1': 3 });
  brought.note('e.9', message(0, 1));
  const other = wanted({ '0:2': 0 }, { pages: { '/': [4, 'x'] }, topics: { 'heat layout': 0 } });
  expect(brought.unite([wanted({ '0:1': 3 }), other], 'e')).toEqual({
    epoch: 'e',
    rows: { '0:1': 9, '0:2': 0 },
    pages: { '/': [4, 'x'] },
    topics: { 'heat layout': 0 },
  });
});

test('what one tab follows already is sent once more, for the tab that comes later', () => {
  const brought = createBrought();
  const first = wanted({ '0:1': 3 });
  brought.unite([first]);
  brought.note('e.9', message(0, 1));
  const second = wanted({ '0:1': 5 });
  brought.askAgain(second, null);
  expect(brought.unite([first, second])?.rows).toEqual({ '0:1': 0 });
});

test('a row that was folded and unfolded at once is sent as a whole', () => {
  const brought = createBrought();
  brought.unite([wanted({ '0:1': 3 })]);
  brought.note('e.9', message(0, 1));
  brought.askAgain(wanted({ '0:1': 0 }), wanted({ '0:1': 9 }));
  expect(brought.unite([wanted({ '0:1': 0 })])?.rows).toEqual({ '0:1': 0 });
});

test('once nobody wants anything, all is forgotten', () => {
  const brought = createBrought();
  brought.unite([wanted({ '0:1': 3 })]);
  brought.note('e.9', message(0, 1));
  expect(brought.unite([])).toBeNull();
  expect(brought.unite([wanted({ '0:1': 3 })])?.rows).toEqual({ '0:1': 3 });
});
