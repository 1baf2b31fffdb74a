import { describe, expect, test } from 'vitest';
import type { HistoryAnswer, PastEvent } from '../../src/report/history-answer.ts';
import { continueAnswer, firstValueMs, historyAddress } from './answer.js';
import { eventText, groupEvents } from './events.js';
import { toldOf } from './export.js';
import { linesOf } from './range-lines.js';

/** Answers of former times, put together and told, without a page. */

const event = (atMs: number, change: Partial<PastEvent> = {}): PastEvent => ({
  atMs,
  node: 'n1',
  kind: 'state',
  severity: 'warning',
  gpuIndex: null,
  text: `at ${atMs}`,
  ...change,
});

function answer(
  timesMs: number[],
  cpu: (number | null)[],
  change: Partial<HistoryAnswer> = {},
): HistoryAnswer {
  const series = {
    key: 'cpu',
    group: 'cpu' as const,
    label: 'CPU',
    unit: 'percent' as const,
    mean: cpu,
    min: cpu,
    max: cpu,
    resolution: 0.5,
  };
  const fromMs = timesMs[0] ?? 0;
  const toMs = (timesMs.at(-1) ?? 0) + 10;
  return {
    node: 'n1',
    fromMs,
    toMs,
    stepMs: 10,
    tierMs: 10,
    timesMs,
    series: [series],
    events: [],
    ...change,
  };
}

describe('an answer that goes on', () => {
  const old = answer([10, 20, 30], [1, 2, 3], { events: [event(12), event(31)] });

  test('has its last point anew, and nothing of before the range', () => {
    const newer = answer([30, 40], [33, 4], { events: [event(31), event(41)] });
    const whole = continueAnswer(old, newer, 20);
    expect(whole).toMatchObject({ fromMs: 20, toMs: 50, timesMs: [20, 30, 40] });
    expect(whole?.series[0]).toMatchObject({ mean: [2, 33, 4], min: [2, 33, 4], max: [2, 33, 4] });
    expect(whole?.events.map(({ atMs }) => atMs)).toEqual([31, 41]);
  });

  test('has a place for what came or went meanwhile', () => {
    const other = { ...answer([30, 40], [7, 8]).series[0], key: 'memory' };
    const newer = answer([30, 40], [], { series: [other as HistoryAnswer['series'][number]] });
    const whole = continueAnswer(old, newer, 10);
    expect(whole?.series.map(({ key, mean }) => [key, mean])).toEqual([
      ['cpu', [1, 2, null, null]],
      ['memory', [null, null, 7, 8]],
    ]);
  });

  test('is none where points are others, or some are missing in between', () => {
    expect(continueAnswer(old, answer([30], [1], { stepMs: 20 }), 10)).toBeNull();
    expect(continueAnswer(old, answer([30], [1], { tierMs: 60 }), 10)).toBeNull();
    expect(continueAnswer(old, answer([90], [1]), 10)).toBeNull();
  });
});

test('what is told of points: how many, of what, and from when on', () => {
  const hour = 3_600_000;
  const times = [0, 1, 2, 3, 4].map((at) => at * hour);
  const late = answer(times, [null, null, null, 5, 6], { stepMs: hour, tierMs: 60_000 });
  expect(firstValueMs(late)).toBe(3 * hour);
  expect(toldOf(late)).toMatch(
    /^One point per 1 h, the mean of what was kept per 1 min\. History begins at 1970-01-01/,
  );
  expect(toldOf(answer([10, 20], [1, 2], { stepMs: 10_000, tierMs: 10_000 }))).toBe('One point per 10 s.');
  expect(firstValueMs(answer([10], [null]))).toBeNull();
});

test('a point of more than one figure has a least and a most, one of a single figure none', () => {
  const [flat] = linesOf(answer([10], [1]));
  expect([flat?.low, flat?.high, flat?.place]).toEqual([null, null, 0]);
  const wide = answer([10], [1]);
  const [series] = wide.series;
  const [line] = linesOf({ ...wide, series: series ? [{ ...series, min: [0], max: [4] }] : [] });
  expect([line?.low, line?.values, line?.high]).toEqual([[0], [1], [4]]);
});

test('events that would lie on each other are one line, and those outside are none', () => {
  const groups = groupEvents([event(-1), event(100), event(101), event(900), event(1001)], [0, 1000]);
  expect(groups.map(({ percent, events }) => [percent, events.length])).toEqual([
    [10, 2],
    [90, 1],
  ]);
  expect(eventText(event(0, { gpuIndex: 3, text: 'Xid 79' }))).toMatch(/, GPU 3: Xid 79$/);
});

test('an address has what is asked, and the same for a file', () => {
  const question = { node: 'a b', series: ['gpu.0.power', 'cpu'], from: '-1d', to: null, stepMs: 60_000 };
  expect(historyAddress(question)).toBe(
    '/api/v1/history?node=a+b&series=gpu.0.power%2Ccpu&from=-1d&step=60000',
  );
  expect(
    historyAddress({ ...question, series: [], to: '2026-01-01T00:00:00.000Z', stepMs: null }, 'csv'),
  ).toBe('/api/v1/history?node=a+b&from=-1d&to=2026-01-01T00%3A00%3A00.000Z&format=csv');
});
