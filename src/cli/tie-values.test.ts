import { expect, it } from 'vitest';
import { tieValues } from './tie-values.ts';

it('ties values that begin with a minus to their option, and nothing else', () => {
  expect(tieValues(['gpus', '-q', '-kind:tmux', '--sort', '-util', '--json'])).toEqual([
    'gpus',
    '--query=-kind:tmux',
    '--sort=-util',
    '--json',
  ]);
  expect(tieValues(['gpus', '--query', '--json', '-q', 'is:free'])).toEqual([
    'gpus',
    '--query',
    '--json',
    '-q',
    'is:free',
  ]);
});
