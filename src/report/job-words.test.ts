import { expect, it } from 'vitest';
import { isMeantKey } from './job-words.ts';

const id = 'be409ecbac19'.padEnd(64, '0');

it.each([
  [`docker:${id}@l40s-01`, true],
  ['docker:be409ecbac19@l40s-01', true],
  ['docker:be409ecbac19@l40s-02', false],
  ['docker:be409ecbac19', false],
  ['docker:be409ecbac1@l40s-01', false],
])('knows which job %s means', (asked, isMeant) => {
  expect(isMeantKey(asked, `docker:${id}@l40s-01`)).toBe(isMeant);
});

it('shortens no other ids', () => {
  expect(isMeantKey('slurm:4711', 'slurm:4711')).toBe(true);
  expect(isMeantKey('slurm:471', 'slurm:4711')).toBe(false);
});
