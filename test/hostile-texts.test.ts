import { afterEach, describe, expect, it } from 'vitest';
import { parseMessage } from '../src/protocol/messages.ts';
import { listGpus, listJobs } from '../src/state/cluster-jobs.ts';
import { listUsers } from '../src/state/cluster-users.ts';
import { createState, type State } from '../src/state/state.ts';
import { type App, createApp } from '../src/web/app.ts';
import type { NodeReport } from '../src/protocol/node.ts';
import { bareSample } from './support/bare-sample.ts';
import { readEvents } from './support/event-reader.ts';
import { compileOwnDesign, staticDir } from './support/read-design.ts';

/**
 * Every text of every message is one that programs stumble over. Whatever is made of it (page, API, text for terminals,
 * live stream) is made, is well-formed, and steers neither a terminal nor an eye.
 */

const evils = {
  'half a pair of surrogates': 'ann\ud83d',
  'the other half': '\udc00ann',
  'a NUL': 'an\u0000n',
  'an escape sequence': '\u001b]0;x\u0007\u001b[2J',
  'a turned direction': '\u202ean\u2066n',
  'zero width': 'an\u200bn\u200d\ufeff\u2060',
  'ends of lines': 'an\u2028n\u0085\n',
  'a long text that a cut takes apart': '\ud83d\ude00'.repeat(6_000),
};

const GIB = 1024 ** 3;
const report = { ok: false, ms: 1, error: 'EVIL' };

/** Messages with every text that a schema has. */
const messages = [
  {
    type: 'hello',
    protocol: 1,
    build: 'EVIL',
    nonce: 'EVIL',
    pid: 1,
    hostname: 'EVIL',
    os: 'EVIL',
    kernel: 'EVIL',
    runtime: 'EVIL',
    cpuModel: 'EVIL',
    cores: 8,
    threads: 16,
    logPath: 'EVIL',
    statusPath: 'EVIL',
    notes: ['EVIL'],
    gpus: null,
  },
  {
    type: 'facts',
    gpus: [
      {
        index: 0,
        vendor: 'EVIL',
        name: 'EVIL',
        uuid: 'EVIL',
        pciAddress: 'EVIL',
        migInstance: 'EVIL',
        computeMode: 'EVIL',
        driverVersion: 'EVIL',
        cudaVersion: 'EVIL',
        vbiosVersion: 'EVIL',
        memoryTotalBytes: 80 * GIB,
      },
    ],
    processes: [
      { pid: 7, startTimeMs: 5, user: 'EVIL', command: 'EVIL', arguments: 'EVIL', job: 'EVIL' },
      { pid: 8, startTimeMs: 5, user: 'EVIL', command: 'EVIL', arguments: 'EVIL', job: 'EVIL' },
    ],
    jobs: [{ key: 'EVIL', kind: 'slurm', id: 'EVIL', name: 'EVIL', user: 'EVIL', startTimeMs: 5 }],
    goneJobs: ['EVIL but another'],
    gpuHolders: [{ gpuIndex: 0, pid: 9 }],
    warnings: [{ code: 'driver-mismatch', message: 'EVIL' }],
    events: [
      {
        atMs: 5,
        kind: 'xid',
        code: 79,
        severity: 'critical',
        text: 'EVIL',
        pciAddress: 'EVIL',
        jobs: ['EVIL'],
      },
    ],
  },
  {
    ...bareSample,
    collectors: Object.fromEntries(Object.keys(bareSample.collectors).map((name) => [name, report])),
    filesystems: [
      { mountPoint: 'EVIL', source: 'EVIL', fsType: 'EVIL', kind: 'EVIL', totalBytes: GIB, error: 'EVIL' },
    ],
    disks: [{ name: 'EVIL', readBytesPerSecond: 5, writeBytesPerSecond: 5, busyPercent: 50 }],
    network: [{ name: 'EVIL', receiveBytesPerSecond: 5, transmitBytesPerSecond: 5 }],
    gpus: {
      index: [0],
      health: ['error'],
      error: ['EVIL'],
      performanceState: ['EVIL'],
      throttleReasons: ['EVIL'],
    },
    gpuProcesses: { pid: [7], gpuIndex: [0], gpuMemoryBytes: [GIB], type: ['EVIL'], state: ['EVIL'] },
    topProcesses: { pid: [8], cpuPercent: [800], state: ['EVIL'] },
    jobs: { key: ['EVIL'], processCount: [2], cpuPercent: [800], residentBytes: [16 * GIB] },
  },
];

function spoil(value: unknown, evil: string): unknown {
  if (typeof value === 'string') return value.replace('EVIL', () => evil);
  if (Array.isArray(value)) return value.map((inner) => spoil(inner, evil));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, spoil(inner, evil)]));
}

let app: App | null = null;
let state: State;

function startHead(): App {
  state = createState(() => performance.now());
  state.setNodes([{ name: 'evil' }, { name: 'good' }]);
  const way = { node: 'evil', sshWords: ['ssh', 'evil'], host: 'evil', port: 22 };
  for (const name of ['evil', 'good']) state.connected(name, { way, transport: 'ssh2', logPath: null });
  const templates = compileOwnDesign();
  return createApp({
    version: '1',
    demo: false,
    publicMode: false,
    allowedHosts: [],
    token: 'x'.repeat(48),
    nodes: state.reports,
    names: state.names,
    node: state.report,
    recent: state.recent,
    recentPoint: state.recentPoint,
    jobsOf: (nodes: readonly NodeReport[]) => listJobs(nodes, Date.now()),
    gpusOf: listGpus,
    usersOf: listUsers,
    subscribe: state.subscribe,
    problems: () => [],
    watch: () => undefined,
    retry: () => false,
    templates: () => templates,
    staticDir,
    live: { flushMs: 5 },
  });
}

/** As a monitor of that node would send it; the head must take all of it. */
function say(name: string, evil: string): void {
  for (const message of messages) {
    const parsed = parseMessage(JSON.stringify(spoil(message, evil)));
    expect(parsed.ok ? '' : parsed.reason).toBe('');
    if (parsed.ok) state.message(name, parsed.message, parsed.faults);
  }
}

afterEach(() => {
  app?.close();
  app = null;
});

/** Ends of lines and tabs are the answers' own. */
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/u;

describe.each(Object.entries(evils))('a node that says %s', (_, evil) => {
  it.each([
    ['/', 'text/html'],
    ['/gpus', 'text/html'],
    ['/jobs', 'text/html'],
    ['/users', 'text/html'],
    ['/nodes/evil', 'text/html'],
    ['/', 'text/plain'],
    ['/gpus', 'text/plain'],
    ['/jobs', 'text/plain'],
    ['/users', 'text/plain'],
    ['/nodes/evil', 'text/plain'],
    ['/?q=user:ann&group=user', 'text/html'],
    ['/?q=is:problem&sort=-mem', 'text/html'],
  ])('is shown by %s as %s', async (path, accept) => {
    app = startHead();
    say('evil', evil);
    say('good', 'bob');
    const answer = await app.request(path, { headers: { accept } });
    const text = await answer.text();
    expect({ status: answer.status, text: answer.status === 200 ? '' : text }).toEqual({
      status: 200,
      text: '',
    });
    expect(text.isWellFormed()).toBe(true);
    expect(UNSEEN.exec(text)?.[0].codePointAt(0)?.toString(16)).toBeUndefined();
    expect(text).not.toContain('cannot be shown');
    if (path === '/users') expect(text).toContain('bob');
  });

  it.each([
    '/api/v1/nodes',
    '/api/v1/nodes/evil',
    '/api/v1/nodes/evil/recent',
    '/api/v1/gpus',
    '/api/v1/jobs',
    '/api/v1/users',
    '/api/v1/complete?q=user:',
  ])('is told by %s', async (path) => {
    app = startHead();
    say('evil', evil);
    const answer = await app.request(path);
    expect(answer.status).toBe(200);
    const body = await answer.text();
    expect(body.isWellFormed()).toBe(true);
    expect(body).not.toMatch(/\\ud[89a-f]/i);
    expect(JSON.stringify(JSON.parse(body))).toContain('"');
  });

  it('is shown live', async () => {
    app = startHead();
    say('good', 'bob');
    const html = await (await app.request('/users', { headers: { accept: 'text/html' } })).text();
    const [, epoch, version] = /data-live-version="(\w+)\.(\d+)"/.exec(html) ?? [];
    const answer = await app.request('/events');
    if (!answer.body) throw new Error('no stream');
    const reader = readEvents(answer.body);
    const { data: stream } = await reader.next();
    const since = Number(version);
    const rows = Array.from({ length: 30 }, (_, part) => [since, part, '1-20']);
    const pages = ['/', '/gpus', '/jobs', '/users'].map((path) => [0, path, '']);
    const wanted = JSON.stringify({
      epoch,
      rows,
      pages,
      topics: [
        [0, 'heat layout'],
        [0, 'recent evil'],
      ],
    });
    const subscribed = await app.request(`/events/${stream}`, { method: 'POST', body: wanted });
    expect(subscribed.status).toBe(204);
    say('evil', evil);
    const { data } = await reader.next();
    expect(data.isWellFormed()).toBe(true);
    await reader.cancel();
  });
});
