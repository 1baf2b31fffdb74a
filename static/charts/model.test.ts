import { expect, test } from 'vitest';
import type { RecentFigures, RecentSeries } from '../../src/report/series.ts';
import { createModel, reasonsOf } from './model.js';
import { SUBJECTS } from './subjects.js';

const cpu = (values: (number | null)[], more: Partial<RecentSeries> = {}): RecentSeries => ({
  key: 'cpu',
  group: 'cpu',
  label: 'CPU',
  unit: 'percent',
  values,
  ...more,
});
const chunk = (timesMs: number[], series: RecentSeries[]): RecentFigures => ({
  node: 'n1',
  fromMs: 0,
  toMs: 0,
  timesMs,
  series,
  missing: {},
});
const subject = (title: string) => {
  const found = SUBJECTS.find((one) => one.title === title);
  if (!found) throw new Error(title);
  return found;
};
const job = (key: string, label: string, values: (number | null)[]) =>
  cpu(values, { key: `job.${key}.cpu`, group: 'jobs', label });

test('newer points are appended, known ones are not, and all lines stay aligned', () => {
  const model = createModel();
  model.append(chunk([1, 2], [cpu([10, 20])]));
  model.append(chunk([2, 3], [cpu([99, 30]), job('a:1', 'a 1', [null, 5])]));
  model.append(chunk([4], []));
  expect(model.times()).toEqual([1, 2, 3, 4]);
  expect(model.of(subject('CPU')).map(({ values }) => values)).toEqual([[10, 20, 30, null]]);
  const [line] = model.of(subject('CPU of jobs, each with all its processes'));
  expect(line).toMatchObject({ unit: 'cores', values: [null, null, 5, null] });
  expect(model.lastMs()).toBe(4);
});

test('old points go, with jobs that have none left', () => {
  const model = createModel();
  model.append(chunk([1, 2], [cpu([1, 2]), job('a:1', 'a 1', [7, null])]));
  model.dropBefore(2);
  expect(model.times()).toEqual([2]);
  expect(model.of(subject('CPU'))[0]?.values).toEqual([2]);
  expect(model.of(subject('CPU of jobs, each with all its processes'))).toEqual([]);
});

test('a job keeps the place that gives it its colour, and the name that it had', () => {
  const model = createModel();
  const jobs = subject('CPU of jobs, each with all its processes');
  model.append(chunk([1], [job('a:1', 'a 1 · train', [1]), job('a:2', 'a 2', [1])]));
  model.append(chunk([2], [job('a:1', 'a 1', [1]), job('a:2', 'a 2 · late', [1])]));
  expect(model.of(jobs).map(({ label, place }) => [label, place])).toEqual([
    ['a 1 · train', 0],
    ['a 2 · late', 1],
  ]);
});

test('each reason is told once, with whose it is where there are others', () => {
  const model = createModel();
  const gpu = (index: number, missing: string) =>
    cpu([null], { key: `gpu.${index}.power`, group: 'gpus', label: `GPU ${index}`, missing });
  model.append(chunk([1], [gpu(0, 'lost'), gpu(1, 'lost'), gpu(2, 'not told')]));
  const lines = model.of(subject('GPU power'));
  expect(reasonsOf(lines, true, 'no value')).toBe('GPU 0, GPU 1: lost; GPU 2: not told');
  expect(reasonsOf(lines.slice(0, 2), true, 'no value')).toBe('lost');
  expect(reasonsOf(lines.slice(0, 2), false, 'no value')).toBe('GPU 0, GPU 1: lost');
  expect(reasonsOf([], true, 'no value')).toBeNull();
});
