import { afterEach, expect, test } from 'vitest';
import { createFakeCluster, type FakeChange, fakeNode } from '../../test/support/fake-cluster.ts';
import { compileOwnDesign, staticDir } from '../../test/support/read-design.ts';
import type { RecentFigures } from '../report/series.ts';
import { type App, createApp } from './app.ts';

const templates = compileOwnDesign();
let app: App;
let asked: [string, number | null][] = [];

const figures: RecentFigures = {
  node: 'gpu01',
  fromMs: 0,
  toMs: 20,
  timesMs: [10],
  series: [
    { key: 'cpu', group: 'cpu', label: 'CPU', unit: 'percent', values: [3.5] },
    {
      key: 'job.slurm:7.cpu',
      group: 'jobs',
      label: 'slurm 7 · secret-plan',
      unit: 'percent',
      jobKey: 'slurm:7',
      values: [1],
    },
  ],
  missing: { gpus: 'this node has no GPU' },
};

function start(change: FakeChange = {}): void {
  asked = [];
  const cluster = createFakeCluster([fakeNode('gpu01')], {
    recent(name, sinceMs) {
      asked.push([name, sinceMs]);
      return name === 'gpu01' ? figures : undefined;
    },
    ...change,
  });
  app = createApp(Object.assign(cluster, { templates: () => templates, staticDir }));
}
afterEach(() => app.close());

test('the last 15 minutes of a node, or what is newer', async () => {
  start();
  const response = await app.request('/api/v1/nodes/gpu01/recent');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(figures);
  await app.request('/api/v1/nodes/gpu01/recent?since=1700000000000');
  expect(asked).toEqual([
    ['gpu01', null],
    ['gpu01', 1_700_000_000_000],
  ]);
});

test('no such node, no such time', async () => {
  start();
  const missing = await app.request('/api/v1/nodes/gpu99/recent');
  expect(missing.status).toBe(404);
  expect(await missing.json()).toHaveProperty('error.code', 'unknown-node');
  for (const since of ['', 'yesterday', 'Infinity', '%00']) {
    const wrong = await app.request(`/api/v1/nodes/gpu01/recent?since=${since}`);
    expect(wrong.status, since).toBe(400);
    expect(await wrong.json()).toHaveProperty('error.code', 'bad-since');
  }
});

test('strangers see jobs without their names', async () => {
  start({ publicMode: true });
  const text = await (await app.request('/api/v1/nodes/gpu01/recent')).text();
  expect(text).not.toContain('secret-plan');
  expect(JSON.parse(text)).toHaveProperty('series.1.label', 'slurm 7');
});

test('the chart library comes out of its package, and nothing else of it', async () => {
  start();
  const script = await app.request('/static/uplot/uPlot.iife.min.js');
  expect(script.status).toBe(200);
  expect(script.headers.get('content-type')).toContain('text/javascript');
  expect(await script.text()).toContain('uPlot');
  expect((await app.request('/static/uplot/uPlot.min.css')).headers.get('content-type')).toContain(
    'text/css',
  );
  for (const path of ['uplot/package.json', 'uplot/dist/uPlot.esm.js', 'constructor', '__proto__'])
    expect((await app.request(`/static/${path}`)).status, path).toBe(404);
});
