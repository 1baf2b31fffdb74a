import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createFakeCluster, fakeGpu, fakeJob, fakeNode } from '../../test/support/fake-cluster.ts';
import { pointOf } from '../../test/support/history-trace.ts';
import { compileOwnDesign, staticDir } from '../../test/support/read-design.ts';
import { pastCluster } from '../head/past-cluster.ts';
import { createPastWatcher } from '../history/past/watcher.ts';
import { type HistoryService, openService } from '../history/service.ts';
import { usualKeptDays } from '../history/tiers.ts';
import type { Changes } from '../report/changes.ts';
import { type App, createApp } from './app.ts';

const MINUTE_MS = 60_000;
const THEN_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS;
const THEN = new Date(THEN_MS).toISOString();

let folder: string;
let service: HistoryService;
let app: App;
let off: App;

/** Then: a program of ann on GPU 0, which worked. Now: nothing. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-then-'));
  service = await openService({ folder, keptDays: usualKeptDays, mostBytes: null, url: null });
  const watcher = createPastWatcher();
  const node = fakeNode('gpu01');
  watcher.look(
    {
      ...node,
      sample: node.sample && {
        ...node.sample,
        gpus: [fakeGpu(0), fakeGpu(1)],
        gpuProcesses: [fakeJob(4711, 0, { user: 'ann', job: 'slurm:7' })],
        jobs: [
          {
            key: 'slurm:7',
            kind: 'slurm',
            id: '7',
            name: 'train',
            user: 'ann',
            startTimeMs: null,
            processCount: null,
            cpuPercent: null,
            residentBytes: null,
          },
        ],
      },
    },
    THEN_MS,
  );
  await service.observe(watcher.take());
  await service.append([
    pointOf('gpu01', THEN_MS, {
      cpu: 50,
      gpus: new Map([
        [0, 88],
        [1, 0],
      ]),
      jobs: new Map(),
    }),
  ]);
  const templates = compileOwnDesign();
  const build = (
    history: {
      clusterAt(atMs: number): Promise<ReturnType<typeof pastCluster> | null>;
      history: HistoryService['history'];
      events: HistoryService['events'];
    } | null,
  ) =>
    createApp(
      Object.assign(
        createFakeCluster([
          fakeNode('gpu01', {}, { gpus: [fakeGpu(0), fakeGpu(1)], gpuProcesses: [], jobs: [] }),
        ]),
        {
          templates: () => templates,
          staticDir,
          history,
        },
      ),
    );
  app = build({
    history: service.history,
    events: service.events,
    async clusterAt(atMs) {
      const reports = await service.past(atMs);
      return reports.length === 0 ? null : pastCluster(reports, false);
    },
  });
  off = build(null);
});
afterAll(async () => {
  app.close();
  off.close();
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (path: string, accept = 'application/json') => app.request(path, { headers: { accept } });

describe('what is asked with a time', () => {
  it.each([
    ['/api/v1/nodes', 'nodes'],
    ['/api/v1/gpus', 'gpus'],
    ['/api/v1/jobs', 'jobs'],
    ['/api/v1/users', 'users'],
  ])('%s answers as of then', async (path, list) => {
    const then = (await (await get(`${path}?at=${THEN}`)).json()) as Record<string, unknown[]> & {
      atMs: number;
    };
    expect(then.atMs).toBe(THEN_MS);
    expect(then[list]?.length).toBeGreaterThan(0);
    if (list === 'jobs')
      expect(then.jobs).toMatchObject([{ key: 'slurm:7', user: 'ann', gpus: [{ index: 0 }] }]);
    if (list === 'gpus')
      expect(then.gpus?.[0]).toMatchObject({ utilizationPercent: 88, use: 'busy', users: ['ann'] });
    const now = await (await get(path)).json();
    expect(now).not.toHaveProperty('atMs');
    expect(now).not.toEqual(then);
  });

  it('a search, a text and a page answer as of then', async () => {
    const found = (await (await get(`/api/v1/gpus?q=util>80&at=${THEN}`)).json()) as { gpus: unknown[] };
    expect(found.gpus).toHaveLength(1);
    expect(await (await get(`/jobs?at=${THEN}`, '*/*')).text()).toContain('ann');
    const page = await (await get(`/nodes/gpu01?at=${THEN}`, 'text/html')).text();
    expect(page).toContain(`data-at="${THEN_MS}"`);
    expect(page).toContain('88');
    expect(page).toContain('4711');
    expect(await (await get('/nodes/gpu01', 'text/html')).text()).not.toContain('data-at');
  });

  it.each([
    ['at=2026-12-01', 400, 'bad-at', 'zone'],
    [`at=${new Date(Date.now() + 3_600_000).toISOString()}`, 400, 'bad-at', 'yet to come'],
    [`at=${new Date(THEN_MS - 30 * 86_400_000).toISOString()}`, 404, 'no-history', 'Nothing is kept of'],
  ])('%s is refused in words', async (query, status, code, words) => {
    const answer = await get(`/api/v1/nodes?${query}`);
    expect(answer.status).toBe(status);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    const page = await get(`/?${query}`, 'text/html');
    expect(page.status).toBe(status);
    expect(await page.text()).toContain('<h1>');
  });

  it('is refused where nothing is kept, and left alone where it means nothing', async () => {
    expect((await off.request(`/api/v1/nodes?at=${THEN}`)).status).toBe(404);
    expect((await off.request('/api/v1/history?node=gpu01')).status).toBe(404);
    expect((await get(`/healthz?at=${THEN}`)).status).toBe(200);
  });
});

describe('GET /api/v1/changes', () => {
  it('tells what is another than then', async () => {
    const changes = (await (await get(`/api/v1/changes?from=${THEN}`)).json()) as Changes;
    expect(changes.ended.map(({ key }) => key)).toContain('slurm:7');
    expect(changes.begun.map(({ key }) => key)).not.toContain('slurm:7');
    expect(changes.nodes).toEqual([]);
    expect(changes.gpus.find(({ index }) => index === 0)).toMatchObject({ node: 'gpu01', before: 'busy' });
    expect((await get('/api/v1/changes?from=-40d')).status).toBe(404);
    expect((await get('/api/v1/changes?from=-1h&to=-2h')).status).toBe(400);
  });
});

it('lists are tables for spreadsheets too, also as of then', async () => {
  for (const kind of ['nodes', 'gpus', 'jobs', 'users']) {
    const answer = await get(`/api/v1/${kind}?format=csv&at=${THEN}`);
    expect(answer.headers.get('content-type')).toContain('text/csv');
    const [head = '', ...rows] = (await answer.text()).trim().split('\r\n');
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row.split(',')).toHaveLength(head.split(',').length);
  }
  expect(await (await get(`/api/v1/gpus?format=csv&at=${THEN}`)).text()).toContain(',busy,88,');
});

describe('GET /api/v1/history', () => {
  it('answers with the series that were asked for', async () => {
    const url = `/api/v1/history?node=gpu01&series=cpu,gpu.0.utilization&from=${THEN}&to=${new Date(THEN_MS + MINUTE_MS).toISOString()}&step=10s`;
    const answer = (await (await get(url)).json()) as {
      series: { key: string; mean: (number | null)[] }[];
      tierMs: number;
    };
    expect(answer.tierMs).toBe(10_000);
    expect(answer.series.map(({ key, mean }) => [key, mean])).toEqual([
      ['cpu', [50, null, null, null, null, null]],
      ['gpu.0.utilization', [88, null, null, null, null, null]],
    ]);
    const csv = await (await get(`${url}&format=csv`)).text();
    expect(csv.split('\r\n').slice(0, 2)).toEqual([
      'time,cpu mean (percent),cpu min (percent),cpu max (percent),gpu.0.utilization mean (percent),gpu.0.utilization min (percent),gpu.0.utilization max (percent)',
      `${THEN},50,50,50,88,88,88`,
    ]);
  });

  it.each([
    ['', 'node-needed'],
    ['node=gpu01&from=yesterday', 'bad-from'],
    ['node=gpu01&from=-1h&to=-2h', 'bad-from'],
    ['node=gpu01&step=often', 'bad-step'],
    [`node=gpu01&series=${Array(501).fill('cpu').join(',')}`, 'bad-series'],
  ])('refuses ?%.40s', async (query, code) => {
    const answer = await get(`/api/v1/history?${query}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toHaveProperty('error.code', code);
  });

  it('knows no node that was never there', async () => {
    expect((await get('/api/v1/history?node=gpu99')).status).toBe(404);
  });
});

describe('minutes', () => {
  const nothing = { history: async () => Promise.reject(), events: async () => [] };
  const clusterOf = () => pastCluster([fakeNode('gpu01')], false);
  /** An app that hears which minutes are read, and holds each until it is let go. */
  function appOf(clusterAt: (atMs: number) => Promise<ReturnType<typeof pastCluster> | null>) {
    const templates = compileOwnDesign();
    return createApp(
      Object.assign(createFakeCluster([fakeNode('gpu01')]), {
        templates: () => templates,
        staticDir,
        history: { ...nothing, clusterAt },
      }),
    );
  }

  it('of which something may still come are read again', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: THEN_MS + 30_000 });
    let known = false;
    const own = appOf(async () => (known ? clusterOf() : null));
    try {
      expect((await own.request(`/api/v1/nodes?at=${THEN}`)).status).toBe(404);
      known = true;
      vi.setSystemTime(THEN_MS + 36_000);
      expect((await own.request(`/api/v1/nodes?at=${THEN}`)).status).toBe(200);
    } finally {
      own.close();
      vi.useRealTimers();
    }
  });

  it('that have just begun are shown as the one before', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: THEN_MS + 2_000 });
    const own = appOf(async () => clusterOf());
    try {
      const answer = (await (await own.request(`/api/v1/nodes?at=${THEN}`)).json()) as { atMs: number };
      expect(answer.atMs).toBe(THEN_MS - MINUTE_MS);
    } finally {
      own.close();
      vi.useRealTimers();
    }
  });

  it('are read two at a time, however many are asked for at once, and all are answered', async () => {
    let running = 0;
    let most = 0;
    let reads = 0;
    const own = appOf(async () => {
      reads += 1;
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      return clusterOf();
    });
    const minutes = Array.from({ length: 20 }, (_, at) => new Date(THEN_MS - at * MINUTE_MS).toISOString());
    const answers = await Promise.all(
      minutes.map((minute) => own.request(`/?at=${minute}`, { headers: { accept: 'text/html' } })),
    );
    for (const answer of answers) expect(await answer.text()).toContain('data-at=');
    expect({ most, reads }).toEqual({ most: 2, reads: 20 });
    own.close();
  });
});
