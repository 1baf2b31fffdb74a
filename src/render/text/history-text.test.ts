import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keptGpuFigures } from '../../history/codec/figures.ts';
import type { HistoryAnswer } from '../../report/history.ts';
import { renderHistoryText, sparkline } from './history-text.ts';

it('draws blocks by height, and blanks where nothing is known', () => {
  expect(sparkline([0, 50, 100, null, 99], 5, 100)).toBe('▁▅█ █');
  expect(sparkline([0, 0, 0], 3, 0)).toBe('▁▁▁');
});

it('is never wider than it may be', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }))),
      fc.integer({ min: 1, max: 60 }),
      (values, width) => {
        expect(sparkline(values, width, 1e9)).toHaveLength(Math.min(width, values.length));
      },
    ),
  );
});

const answer: HistoryAnswer = {
  node: 'gpu01',
  fromMs: 0,
  toMs: 40_000,
  stepMs: 10_000,
  tierMs: 10_000,
  timesMs: [0, 10_000, 20_000, 30_000],
  series: keptGpuFigures.map((figure) => ({
    ...figure,
    key: `gpu.0.${figure.key}`,
    mean: figure.key === 'power' ? [null, null, null, null] : [10, 20, null, 90],
    min: figure.key === 'power' ? [null, null, null, null] : [5, 20, null, 90],
    max: figure.key === 'power' ? [null, null, null, null] : [15, 20, null, 95],
  })),
  events: [
    {
      atMs: 20_000,
      node: 'gpu01',
      kind: 'state',
      severity: 'error',
      gpuIndex: null,
      text: 'unreachable: \u001b[31mtimeout',
    },
  ],
};

it('tells of each series its course, least, most and last, and what happened', () => {
  const lines = renderHistoryText(answer).split('\n');
  expect(lines[0]).toBe('gpu01, 1970-01-01 00:00:00 UTC to 1970-01-01 00:00:40 UTC, every 10 s');
  expect(lines[2]).toMatch(/^gpu\.0\.utilization +▁▂ █ +5% +95% +90%$/);
  expect(lines.some((line) => line.includes('power'))).toBe(false);
  expect(lines.at(-2)).toMatch(/^1970-01-01 00:00:20 UTC +– +unreachable: /);
  expect(renderHistoryText(answer)).not.toContain('\u001b');
  expect(renderHistoryText({ ...answer, series: [] })).toContain('Nothing is known of that time.');
});
