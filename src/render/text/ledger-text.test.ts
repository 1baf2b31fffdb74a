import { expect, test } from 'vitest';
import type { LedgerRow, PastJob } from '../../report/ledger.ts';
import { renderLedgerText, renderPastJobsText } from './ledger-text.ts';

const GIB = 1024 ** 3;
const range = { fromMs: Date.UTC(2026, 10, 24), toMs: Date.UTC(2026, 11, 1) };
const hours = {
  gpuHoursHeld: 120.25,
  gpuHoursActive: 90.5,
  gpuHoursIdle: 8.04,
  gpuHoursUntouched: 0,
  gpuHoursUnknown: 0.25,
  gpuUtilizationPercent: 61.2,
  cpuHours: 1000.4,
  energyKilowattHours: 33.7,
};
const row = (change: Partial<LedgerRow>): LedgerRow => ({
  key: 'ann',
  user: 'ann',
  jobs: 3,
  ...hours,
  ...change,
});

test('a line for each user, with a dash for what was never told', () => {
  const untold = { gpuHoursHeld: 1, gpuHoursActive: null, gpuHoursIdle: null, gpuUtilizationPercent: null };
  const rows = [
    row({}),
    row({ key: null, user: null, jobs: 1, ...untold, cpuHours: null, energyKilowattHours: null }),
  ];
  expect(renderLedgerText({ by: 'user', ...range, rows, isCut: true })).toBe(
    [
      'USER       JOBS  GPU HOURS  ACTIVE  IDLE  UNTOUCHED  UNKNOWN  GPU  CPU HOURS  ENERGY',
      'ann        3     120        91      8.0   0          0.3      61%  1000       34 kWh',
      'not known  1     1.0        –       –     0          0.3      –    –          –',
      '2 users, the first of more · 121 GPU hours held, 8.0 of them idle · 2026-11-24 00:00:00 UTC to 2026-12-01 00:00:00 UTC',
      '',
    ].join('\n'),
  );
});

test('nothing at all', () => {
  expect(renderLedgerText({ by: 'model', ...range, rows: [], isCut: false })).toMatch(
    /^Nothing is known of 2026-11-24/,
  );
  expect(renderPastJobsText({ ...range, jobs: [], next: null })).toMatch(/^No jobs from 2026-11-24/);
});

test('a line for each job, and how it ended', () => {
  const job = (change: Partial<PastJob>): PastJob => ({
    key: 'slurm:7',
    kind: 'slurm',
    id: '7',
    name: 'a\u001b[2Jb',
    user: 'ann',
    command: null,
    nodes: ['gpu01', 'gpu02'],
    gpus: ['GPU-1', 'GPU-2'],
    startTimeMs: range.fromMs,
    firstSeenMs: range.fromMs,
    lastSeenMs: range.fromMs + 3_600_000,
    endTimeMs: range.fromMs + 3_600_000,
    end: 'seen',
    ...hours,
    gpuUtilizationPeakPercent: 99,
    gpuMemoryBytes: GIB,
    gpuMemoryPeakBytes: 70 * GIB,
    residentPeakBytes: 2 * GIB,
    ...change,
  });
  const jobs = [
    job({ endTimeMs: null, end: null, name: null, user: null, gpus: [] }),
    job({}),
    job({ end: 'lost' }),
  ];
  const [, running, seen, lost, totals] = renderPastJobsText({ ...range, jobs, next: 'x' }).split('\n');
  expect(running).toMatch(/^slurm 7 {2}– +– +gpu\[01-02\] +– +runs +1h00m00s /);
  expect(seen).toMatch(/ a\\x1b\[2Jb +ann +gpu\[01-02\] +2 +2026-11-24 01:00 UTC +1h00m00s +120 +91 /);
  expect(lost).toContain('2026-11-24 01:00 UTC or later');
  expect(totals).toMatch(/^3 jobs, the last of more · 361 GPU hours held in all · 2026-11-24/);
});
