import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createFakeCluster, fakeNode } from '../../test/support/fake-cluster.ts';
import { createPastLedger, type PastLedger } from '../../test/support/past-ledger.ts';
import { compileOwnDesign, staticDir } from '../../test/support/read-design.ts';
import type { LedgerReader } from '../report/ledger.ts';
import { type App, createApp } from './app.ts';
import type { HistoryReader } from './dependencies.ts';

const templates = compileOwnDesign();
let past: PastLedger;
let app: App;

beforeAll(async () => {
  past = await createPastLedger();
});
afterAll(() => past.close());
afterEach(() => app.close());

function start(ledger: LedgerReader | null = past, history: HistoryReader | null = null): void {
  const cluster = createFakeCluster([fakeNode('gpu01')]);
  app = createApp(Object.assign(cluster, { templates: () => templates, staticDir, ledger, history }));
}

const jsonOf = async (path: string) => (await app.request(path)).json();

it('the ledger by user, of the last seven days', async () => {
  start();
  const { by, fromMs, toMs, rows, isCut } = await jsonOf('/api/v1/ledger');
  expect({ by, isCut, spanMs: toMs - fromMs }).toEqual({ by: 'user', isCut: false, spanMs: 7 * 86_400_000 });
  expect(rows).toEqual([
    {
      key: 'ann',
      user: 'ann',
      jobs: 1,
      gpuHoursHeld: 2,
      gpuHoursActive: 1,
      gpuHoursIdle: 1,
      gpuHoursUntouched: 0,
      gpuHoursUnknown: 0,
      gpuUtilizationPercent: 45,
      cpuHours: 8,
      energyKilowattHours: 1,
    },
    expect.objectContaining({ key: 'bob', gpuHoursHeld: 1 }),
  ]);
});

it.each([
  ['by=job&from=-30d', ['slurm:1', 'slurm:2']],
  ['by=node&from=-2d', ['gpu01']],
  ['by=model&from=-2d&user=ann', ['H100']],
  ['by=user&limit=1', ['ann']],
  ['from=-90d&to=-60d', []],
])('the ledger with %s', async (asked, keys) => {
  start();
  const { rows } = await jsonOf(`/api/v1/ledger?${asked}`);
  expect(rows.map(({ key }: { key: string }) => key)).toEqual(keys);
});

it('jobs of former times, where a time is named, and of now without one', async () => {
  start();
  const ids = async (asked: string) =>
    (await jsonOf(`/api/v1/jobs?${asked}`)).jobs.map(({ id }: { id: string }) => id);
  expect(await ids('from=-3d')).toEqual(['2', '1']);
  expect(await ids('ended=true')).toEqual(['1']);
  expect(await ids('ended=1&user=bob')).toEqual([]);
  expect(await ids('job=slurm%3A2')).toEqual(['2']);
  const { next } = await jsonOf('/api/v1/jobs?from=-3d&limit=1');
  expect(await ids(`from=-3d&limit=1&before=${encodeURIComponent(next)}`)).toEqual(['1']);
  const now = await jsonOf('/api/v1/jobs');
  expect(now).toEqual({ jobs: [] });
});

it('tables for spreadsheets, in which no text is a formula', async () => {
  start();
  const response = await app.request('/api/v1/jobs?from=-3d&ended=true&format=csv');
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  const [head = '', row = '', end] = (await response.text()).split('\r\n');
  expect(head).toMatch(/^key,kind,id,name,user,command,nodes,gpus,startTimeMs,/);
  const startTime = new Date(past.startMs).toISOString();
  expect(row).toContain(
    `slurm:1,slurm,1,'=cmd|calc,ann,"python train.py, ""fast""",gpu01,GPU-1,${startTime},`,
  );
  expect(end).toBe('');
  const users = await (await app.request('/api/v1/ledger?format=csv')).text();
  expect(users.split('\r\n')[1]).toBe('ann,ann,1,2,1,1,0,0,45,8,1');
});

it.each([
  ['ledger?by=week', 'bad-by', 'by: it is one of user, job, node, model, day'],
  ['ledger?from=2026-11-30T10:00', 'bad-from', '2026-11-30T10:00Z for UTC'],
  ['ledger?to=yesterday', 'bad-to', 'to: "yesterday" is no time'],
  ['ledger?from=-1d&to=-2d', 'bad-from', 'exchange from and to'],
  ['ledger?limit=0', 'bad-limit', 'from 1 to 10000'],
  ['ledger?limit=1e9', 'bad-limit', 'from 1 to 10000'],
  ['ledger?format=xml', 'bad-format', 'it is json or csv'],
  ['jobs?from=1764550000', 'bad-from', 'looks like seconds'],
  ['jobs?ended=perhaps', 'bad-ended', 'ended: it is one of true, false'],
  ['jobs?from=-1d&kind=cron', 'bad-kind', 'kind: it is one of slurm'],
  ['jobs?before=x', 'bad-before', 'told as next'],
])('%s is refused with place and remedy', async (asked, code, words) => {
  start();
  const response = await app.request(`/api/v1/${asked}`);
  expect(response.status).toBe(400);
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  expect(error.code).toBe(code);
  expect(error.message).toContain(words);
});

it('says where nothing is kept, what strangers are not told, and what cannot be read', async () => {
  const errorOf = async (path: string) => {
    const response = await app.request(path);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    return `${response.status} ${error.code} ${error.message}`;
  };
  start(null);
  expect(await errorOf('/api/v1/ledger')).toMatch(/^404 history-off .*\[history\] enabled = false/);
  app.close();
  start(null, {
    history: () => Promise.reject(new Error('no')),
    clusterAt: async () => null,
    events: async () => [],
  });
  expect(await errorOf('/api/v1/ledger')).toMatch(/^404 ledger-hidden .*--public/);
  expect(await errorOf('/api/v1/jobs?ended=true')).toMatch(/^404 ledger-hidden /);
  app.close();
  start({ ...past, ledger: () => Promise.reject(new Error('the disk is full')) });
  expect(await errorOf('/api/v1/ledger')).toBe(
    '503 history-failing History cannot be read: the disk is full',
  );
});
