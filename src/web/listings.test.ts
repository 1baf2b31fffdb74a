import { afterEach, describe, expect, test } from 'vitest';
import { aMomentLater } from '../../test/support/a-moment-later.ts';
import {
  createFakeCluster,
  type FakeChange,
  type FakeCluster,
  fakeGpu,
  fakeJob,
  fakeNode,
  TAKEN_AT_MS,
  unreachable,
} from '../../test/support/fake-cluster.ts';
import { compileOwnDesign, staticDir } from '../../test/support/read-design.ts';
import { fields } from '../query/fields.ts';
import type { NodeReport } from '../report/node-report.ts';
import { type App, createApp } from './app.ts';
import { textFor } from './text-answers.ts';

const templates = compileOwnDesign();
let app: App;
let cluster: FakeCluster;

const job = {
  key: 'slurm:7',
  kind: 'slurm',
  id: '7',
  name: 'secret-name',
  user: 'bob',
  startTimeMs: TAKEN_AT_MS - 1_000,
  processCount: 3,
  cpuPercent: 250,
  residentBytes: 5,
} as const;

function nodes(): NodeReport[] {
  return [
    fakeNode('gpu10', { tags: ['lab'] }),
    fakeNode(
      'gpu2',
      {},
      {
        gpus: [fakeGpu(0, { utilizationPercent: 50 }), fakeGpu(1, { name: 'NVIDIA L40S' })],
        gpuProcesses: [fakeJob(9, 0, { user: 'bob', job: 'slurm:7', arguments: 'hidden-word.py' })],
        jobs: [job],
      },
    ),
    unreachable(fakeNode('gone')),
  ];
}

function start(change: FakeChange = {}): void {
  cluster = createFakeCluster(nodes(), change);
  app = createApp(Object.assign(cluster, { templates: () => templates, staticDir }));
}

afterEach(() => app.close());

async function ask(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await app.request(path);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const curl = (path: string) => app.request(path, { headers: { 'user-agent': 'curl/8.5.0', accept: '*/*' } });

async function namesOf(path: string, list: string, key: string): Promise<unknown[]> {
  const { body } = await ask(path);
  return (body[list] as Record<string, unknown>[]).map((row) => row[key]);
}

describe('the lists of the API', () => {
  test('keep what a search means', async () => {
    start();
    expect(await namesOf('/api/v1/nodes?q=state:live', 'nodes', 'name')).toEqual(['gpu10', 'gpu2']);
    expect(await namesOf('/api/v1/nodes?q=free:%3E%3D1+gpu:l40s', 'nodes', 'name')).toEqual(['gpu2']);
    expect(await namesOf('/api/v1/gpus?q=is:free', 'gpus', 'node')).toEqual(['gpu10', 'gpu2']);
    expect(await namesOf('/api/v1/jobs?q=user:%3Dbob', 'jobs', 'key')).toEqual(['slurm:7']);
    expect(await namesOf('/api/v1/jobs?q=user:%3Dalice', 'jobs', 'key')).toEqual([]);
    expect(await namesOf('/api/v1/users', 'users', 'user')).toEqual(['alice', 'bob']);
    expect(await namesOf('/api/v1/users?q=node:gpu2', 'users', 'user')).toEqual(['bob']);
    const { body } = await ask('/api/v1/nodes?q=');
    expect(body).toEqual({ nodes: cluster.nodes().map(aMomentLater) });
  });

  test('are sorted and grouped', async () => {
    start();
    expect(await namesOf('/api/v1/nodes?sort=node', 'nodes', 'name')).toEqual(['gone', 'gpu2', 'gpu10']);
    expect(await namesOf('/api/v1/gpus?sort=-util,node&q=is:live', 'gpus', 'utilizationPercent')).toEqual([
      98, 50, 0, 0,
    ]);
    const { body } = await ask('/api/v1/gpus?group=user&q=is:live');
    expect(body.groups).toEqual([
      { title: 'alice', count: 1, rows: [0] },
      { title: 'bob', count: 1, rows: [2] },
      { title: null, count: 2, rows: [1, 3] },
    ]);
    expect((await ask('/api/v1/nodes?group=tag')).body.groups).toMatchObject([
      { title: 'lab', count: 1 },
      { title: null, count: 2 },
    ]);
  });

  test.each([
    ['/api/v1/nodes?q=usr:bob', 'bad-query', 0, 3, 'Did you mean user:?'],
    ['/api/v1/jobs?q=x+mem:%3E40', 'bad-query', 6, 3, 'needs a unit'],
    ['/api/v1/gpus?sort=node,-utli', 'bad-sort', 6, 4, 'Did you mean util?'],
    ['/api/v1/users?group=usr', 'bad-group', 0, 3, 'node, model'],
  ])('refuse %s with place and remedy', async (path, code, at, length, remedy) => {
    start();
    const { status, body } = await ask(path);
    expect(status).toBe(400);
    expect(body).toEqual({ error: { code, at, length, message: expect.stringContaining(remedy) } });
  });

  test('complete what is typed', async () => {
    start();
    const { body } = await ask('/api/v1/complete?q=state:live+user:b&at=17');
    expect(body).toMatchObject({ from: 16, to: 17, options: [{ text: 'bob' }] });
    expect((await ask('/api/v1/complete?q=gp')).body.options).toContainEqual({
      text: 'gpu:',
      help: expect.any(String),
    });
    expect((await ask('/api/v1/complete?q=x&at=nonsense')).status).toBe(200);
  });
});

test('the API names the fields of a search, in the order of their table', async () => {
  start();
  const { body } = await ask('/api/v1/complete/fields');
  expect((body.fields as { name: string }[]).map(({ name }) => name)).toEqual(fields.map(({ name }) => name));
  expect(body.fields).toContainEqual({
    name: 'state',
    aliases: [],
    kind: 'text',
    help: 'state of the node',
    example: 'state:live',
    choices: ['connecting', 'live', 'stale', 'unreachable', 'disabled'],
  });
});

describe('in public mode', () => {
  test('a search finds nothing by what strangers must not see', async () => {
    const searches = ['command:hidden-word', 'hidden', 'job:secret', 'secret-name', '-command:hidden-word'];
    const found = async (kind: string, q: string) =>
      ((await ask(`/api/v1/${kind}?q=${encodeURIComponent(q)}`)).body[kind] as unknown[]).length;
    start();
    for (const kind of ['nodes', 'gpus', 'jobs', 'users'])
      expect(await found(kind, 'command:hidden-word'), kind).toBe(1);
    app.close();
    start({ publicMode: true });
    for (const kind of ['nodes', 'gpus', 'jobs', 'users']) {
      const all = await found(kind, '');
      for (const q of searches)
        expect(await found(kind, q), `${kind} ${q}`).toBe(q.startsWith('-') ? all : 0);
    }
    expect(JSON.stringify((await ask('/api/v1/complete?q=job:')).body)).not.toContain('secret');
    expect(await (await curl('/?q=hidden')).text()).toContain('Nothing fits');
  });
});

describe('the text for terminals', () => {
  test('answers the same searches', async () => {
    start();
    const lines = async (path: string) => (await (await curl(path)).text()).trim().split('\n');
    expect((await lines('/?q=gpu:l40s')).map((line) => line.split(' ')[0])).toEqual(['NODE', 'gpu2', '1']);
    expect((await lines('/?sort=node')).map((line) => line.split(' ')[0])).toEqual([
      'NODE',
      'gone',
      'gpu2',
      'gpu10',
      '3',
    ]);
    expect(await lines('/?group=state')).toContain('live (2)');
    expect(await lines('/?q=nobody')).toEqual(['Nothing fits this search.']);
    expect((await lines('/'))[0]).toMatch(/^NODE/);
  });

  test('marks what is wrong', async () => {
    start();
    const response = await curl('/?q=gpu01+usr:bob');
    expect(response.status).toBe(400);
    const [message, text, marks] = (await response.text()).split('\n');
    expect(message).toContain('Did you mean user:?');
    expect(text).toBe('  gpu01 usr:bob');
    expect(marks).toBe('        ^^^');
  });

  test('exists for every view', () => {
    start();
    const asked = { q: 'user:bob', sort: null, group: null };
    expect(textFor('gpus', cluster.cluster, asked).text).toMatch(
      /gpu2 +0 +GeForce RTX 3090 +busy +50% .* bob +slurm:7\n1 GPU: 1 busy · .*\n$/,
    );
    expect(textFor('jobs', cluster.cluster, asked).text).toMatch(/slurm 7 +secret-name +bob/);
    expect(textFor('users', cluster.cluster, asked).text).toMatch(/bob +1 +0 .* gpu2\n1 user on 1 node/);
    expect(textFor('users', cluster.cluster, { ...asked, group: 'nope' }).status).toBe(400);
    const grouped = textFor('gpus', cluster.cluster, { q: 'is:live', sort: null, group: 'model' }).text;
    expect(grouped.match(/^\S.*\(\d\)$/gm)).toEqual(['GeForce RTX 3090 (3)', 'NVIDIA L40S (1)']);
  });
});
