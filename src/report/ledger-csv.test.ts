import { expect, it } from 'vitest';
import type { PastJob } from './ledger.ts';
import { pastJobsCsv } from './ledger-csv.ts';

it('leaves out a moment that no date can hold, and no row', () => {
  const job = (key: string, startTimeMs: number) =>
    ({ key, startTimeMs, nodes: [], gpus: [] }) as unknown as PastJob;
  const csv = pastJobsCsv({
    fromMs: 0,
    toMs: 1,
    next: null,
    jobs: [job('slurm:1', 9e15), job('slurm:2', 0)],
  });
  const [, first, second] = csv.split('\r\n');
  expect(first?.startsWith('slurm:1,')).toBe(true);
  expect(first).not.toContain('Z');
  expect(second).toContain('1970-01-01T00:00:00.000Z');
});
