import { expect, it } from 'vitest';
import { commonest } from './commonest.ts';

it('finds what most say, whatever their order', () => {
  expect(commonest([])).toBeNull();
  expect(commonest([null, null])).toBeNull();
  expect(commonest(['b', 'a', 'b', null, null, null])).toBe('b');
  expect(commonest(['b', 'a'])).toBe('a');
  expect(commonest(['a', 'b'])).toBe('a');
});
