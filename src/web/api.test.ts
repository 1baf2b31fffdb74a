import { Hono } from 'hono';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { aMomentLater } from '../../test/support/a-moment-later.ts';
import {
  createFakeCluster,
  type FakeChange,
  type FakeCluster,
  fakeJob,
  fakeNode,
  TAKEN_AT_MS,
  unreachable,
} from '../../test/support/fake-cluster.ts';
import { compileOwnDesign, staticDir } from '../../test/support/read-design.ts';
import { type App, createApp } from './app.ts';
import { createButtons } from './buttons.ts';

const templates = compileOwnDesign();
let app: App;
let cluster: FakeCluster;

function start(change: FakeChange = {}): void {
  cluster = createFakeCluster([fakeNode('gpu01'), unreachable(fakeNode('bob@[fe80::1]:22'))], change);
  app = createApp(Object.assign(cluster, { templates: () => templates, staticDir }));
}

afterEach(() => {
  vi.useRealTimers();
  app.close();
  expect(cluster.subscribers).toBe(0);
});

const browser = { accept: 'text/html,*/*;q=0.8', 'user-agent': 'Mozilla/5.0' };
const get = (path: string, headers: Record<string, string> = browser) => app.request(path, { headers });

describe('the API', () => {
  test('serves what the head knows', async () => {
    start();
    const { nodes } = (await (await get('/api/v1/nodes')).json()) as { nodes: unknown[] };
    expect(nodes).toEqual(cluster.nodes().map(aMomentLater));
    const one = await get(`/api/v1/nodes/${encodeURIComponent('bob@[fe80::1]:22')}`);
    expect([await one.json()]).toEqual(
      cluster
        .nodes()
        .filter(({ name }) => name.startsWith('bob'))
        .map(aMomentLater),
    );
  });

  test('tells the age of one node as of now, whoever asked before', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'Date'] });
    start();
    cluster.set(
      fakeNode(
        'gpu01',
        {},
        {
          jobs: [
            {
              key: 'slurm:7',
              kind: 'slurm',
              id: '7',
              name: null,
              user: 'alice',
              startTimeMs: TAKEN_AT_MS - 100,
              processCount: 3,
              cpuPercent: 250,
              residentBytes: 5,
            },
          ],
        },
      ),
    );
    const ageOf = async () =>
      ((await (await get('/api/v1/nodes/gpu01')).json()) as { sampleAgeMs: number }).sampleAgeMs;
    const textOf = async (path: string) => (await get(path, { accept: 'text/plain' })).text();
    const before = await ageOf();
    const texts = [await textOf('/nodes/gpu01'), await textOf('/jobs/slurm:7'), await textOf('/jobs')];
    vi.advanceTimersByTime(5_000);
    expect(await ageOf()).toBe(before + 5_000);
    for (const [at, path] of ['/nodes/gpu01', '/jobs/slurm:7', '/jobs'].entries())
      expect(await textOf(path), path).not.toBe(texts[at]);
  });

  test('serves jobs and GPUs of all nodes as rows', async () => {
    const busy = fakeNode(
      'gpu01',
      { marks: [{ gpuIndex: 0, code: 'held-idle', text: 'held by alice' }] },
      {
        jobs: [
          {
            key: 'slurm:7',
            kind: 'slurm',
            id: '7',
            name: 'secret name',
            user: 'alice',
            startTimeMs: TAKEN_AT_MS - 1_000,
            processCount: 3,
            cpuPercent: 250,
            residentBytes: 5,
          },
        ],
        gpuProcesses: [fakeJob(11_181, 0, { job: 'slurm:7' })],
      },
    );
    start();
    cluster.set(busy);
    const { jobs } = (await (await get('/api/v1/jobs')).json()) as { jobs: object[] };
    expect(jobs).toMatchObject([
      { key: 'slurm:7', name: 'secret name', user: 'alice', nodes: ['gpu01'], cpuPercent: 250 },
    ]);
    const { gpus } = (await (await get('/api/v1/gpus')).json()) as { gpus: { node: string }[] };
    expect(gpus.filter(({ node }) => node === 'gpu01')).toMatchObject([
      {
        index: 0,
        jobs: ['slurm:7'],
        users: ['alice'],
        marks: [{ code: 'held-idle', text: 'held by alice' }],
      },
      { index: 1, jobs: [], users: [], marks: [] },
    ]);
    app.close();
    start({ publicMode: true });
    cluster.set(busy);
    const shown = await (await get('/api/v1/jobs')).text();
    expect(shown).toContain('slurm:7');
    expect(shown).not.toContain('secret name');
  });

  test('says in JSON what it does not know', async () => {
    start();
    for (const path of ['/api/v1/nodes/nope', '/api/v1/nope', '/api', '/api/v1/nodes/a/b']) {
      const response = await get(path);
      expect(response.status, path).toBe(404);
      expect(await response.json()).toEqual({
        error: { code: expect.any(String), message: expect.any(String) },
      });
    }
    expect((await get('/nope')).status).toBe(404);
  });

  test('tries a node again for those with the token only', async () => {
    start();
    const retry = (name: string, authorization?: string) =>
      app.request(`/api/v1/nodes/${name}/retry`, {
        method: 'POST',
        headers: authorization ? { authorization } : {},
      });
    for (const wrong of [
      undefined,
      'Bearer wrong',
      'Bearer',
      'Basic secret-token',
      'Bearer secret-token-and-more',
    ]) {
      const response = await retry('gpu01', wrong);
      expect(response.status, wrong).toBe(401);
      expect(await response.json()).toHaveProperty('error.code', 'token-needed');
    }
    expect(cluster.retried).toEqual([]);
    const failed = 'bob@[fe80::1]:22';
    const tried = await retry(encodeURIComponent(failed), 'Bearer secret-token');
    expect(tried.status).toBe(202);
    expect(await tried.json()).toEqual({ retrying: failed, state: 'unreachable' });
    expect((await retry('nope', 'Bearer secret-token')).status).toBe(404);
    expect(cluster.retried).toEqual([failed]);
    expect((await get('/api/v1/nodes/gpu01/retry')).status).toBe(404);
  });

  test('says that a live node has nothing to try', async () => {
    start();
    const headers = { authorization: 'Bearer secret-token' };
    const answer = await app.request('/api/v1/nodes/gpu01/retry', { method: 'POST', headers });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ retrying: null, state: 'live' });
  });

  describe('buttons', () => {
    const press = (headers: Record<string, string>) =>
      app.request('http://localhost/nodes/gpu01/retry', {
        method: 'POST',
        headers: { host: 'localhost', ...headers },
      });
    const enter = (path: string) =>
      app.request(`http://localhost${path}`, { headers: { host: 'localhost' } });
    const cookieOf = (response: Response) =>
      /^rollcall=[^;]+/.exec(response.headers.get('set-cookie') ?? '')?.[0] ?? '';

    test('are for browsers that came through a link', async () => {
      start();
      const entered = await enter(app.link());
      expect(entered.status).toBe(303);
      expect(entered.headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Strict/i);
      const cookie = cookieOf(entered);
      expect(cookie).not.toContain('secret-token');
      expect((await press({ cookie, 'sec-fetch-site': 'same-origin' })).status).toBe(303);
      expect((await press({ cookie, origin: 'http://localhost' })).status).toBe(303);
      expect(cluster.retried).toEqual(['gpu01', 'gpu01']);
    });

    test('do nothing for others, and say what to do', async () => {
      start();
      const cookie = cookieOf(await enter(app.link()));
      for (const headers of [
        {},
        { cookie },
        { cookie, 'sec-fetch-site': 'cross-site' },
        { cookie, origin: 'http://evil.example' },
        { cookie: 'rollcall=wrong', 'sec-fetch-site': 'same-origin' },
        { cookie: 'rollcall=secret-token', 'sec-fetch-site': 'same-origin' },
      ]) {
        const response = await press(headers);
        expect(response.status).toBe(403);
        expect(await response.text()).toContain('scripts/rollcall link');
      }
      expect(cluster.retried).toEqual([]);
    });

    test('links are good once', async () => {
      start();
      const path = app.link();
      expect((await enter(path)).status).toBe(303);
      const again = await enter(path);
      expect(again.status).toBe(403);
      expect(again.headers.get('set-cookie')).toBeNull();
      expect((await enter('/enter')).status).toBe(403);
    });

    test('links are good for ten minutes', () => {
      let nowMs = 0;
      const buttons = createButtons('token', () => nowMs);
      const path = buttons.link();
      nowMs = 10 * 60_000;
      const app = new Hono().get('/enter', (context) => context.text(String(buttons.enter(context))));
      return Promise.resolve(app.request(path))
        .then((response) => response.text())
        .then((text) => expect(text).toBe('false'));
    });
  });

  test('an empty token opens nothing', async () => {
    start({ token: '' });
    const headers = { authorization: 'Bearer ' };
    expect((await app.request('/api/v1/nodes/gpu01/retry', { method: 'POST', headers })).status).toBe(401);
  });

  test('health', async () => {
    start();
    expect(await (await get('/healthz')).text()).toBe('ok\n');
    expect(await (await get('/readyz')).json()).toMatchObject({ ready: true, nodes: 2 });
  });
});

test('in public mode no argument of a program leaves the head', async () => {
  start({ publicMode: true });
  const api = await (await get('/api/v1/nodes')).text();
  expect(api).toContain('"arguments":null');
  const texts = [
    api,
    await (await get('/api/v1/nodes/gpu01')).text(),
    await (await get('/')).text(),
    await (await get('/nodes/gpu01?term')).text(),
  ];
  for (const text of texts) {
    expect(text).toContain('python');
    expect(text).not.toContain('train.py');
    expect(text).not.toContain('scene.blend');
  }
});
