import { describe, expect, it } from 'vitest';
import { connectedHead, everyText, hear } from '../../test/support/every-text.ts';
import { createApp } from '../web/app.ts';
import { pastEventForStrangers, problemsForStrangers } from './strangers.ts';

/** Texts from a node that strangers may see; whatever else it says must not be in any answer. */
const seen = [
  'hello.hostname',
  'hello.cpuModel',
  'facts.gpus.vendor',
  'facts.gpus.name',
  'facts.gpus.uuid',
  'facts.gpus.pciAddress',
  'facts.gpus.migInstance',
  'facts.gpus.computeMode',
  'facts.gpus.driverVersion',
  'facts.gpus.cudaVersion',
  'facts.gpus.vbiosVersion',
  'facts.processes.user',
  'facts.processes.command',
  'facts.processes.job',
  'facts.jobs.key',
  'facts.jobs.id',
  'facts.jobs.user',
  'facts.events.pciAddress',
  'facts.events.jobs',
  'sample.filesystems.mountPoint',
  'sample.filesystems.fsType',
  'sample.disks.name',
  'sample.network.name',
  'sample.gpus.performanceState',
  'sample.gpus.throttleReasons',
  'sample.gpuProcesses.type',
  'sample.gpuProcesses.state',
  'sample.topProcesses.state',
  'sample.jobs.key',
];

/** Short, since a few texts are cut to two letters: a letter of its own for each place, of scripts nobody else uses. */
function markers() {
  const byPlace = new Map<string, string>();
  return {
    byPlace,
    of(place: string): string {
      const isKey = [
        'facts.processes.job',
        'facts.jobs.key',
        'facts.events.jobs',
        'sample.jobs.key',
      ].includes(place);
      const name = isKey ? 'key' : place;
      const known = byPlace.get(name) ?? String.fromCodePoint(0x1400 + byPlace.size);
      byPlace.set(name, known);
      return known;
    },
  };
}

const paths = [
  '/',
  '/gpus',
  '/jobs',
  '/users',
  '/nodes/n1',
  '/nodes/n2',
  '/api/v1/nodes',
  '/api/v1/nodes/n1',
  '/api/v1/nodes/n1/recent',
  '/api/v1/gpus',
  '/api/v1/jobs',
  '/api/v1/users',
  ...['command:', 'user:', 'job:', 'node:', 'driver:', 'gpu:'].map((q) => `/api/v1/complete?q=${q}`),
];

async function answers(forStrangers: boolean): Promise<{ text: string; placeOf: Map<string, string> }> {
  const { state, web } = connectedHead(['n1', 'n2'], { forStrangers });
  const marks = markers();
  expect(hear(state, 'n1', everyText(marks.of))).toEqual([]);
  const failure = {
    cause: 'auth' as const,
    message: marks.of('failure.message'),
    hint: marks.of('failure.hint'),
    needsPerson: false,
    lastLines: [marks.of('failure.lastLines')],
  };
  state.take({ kind: 'failed', name: 'n2', failure, logPath: marks.of('failure.logPath') });
  const told = [marks.of('problems')];
  const problems = () => (forStrangers ? problemsForStrangers(told) : told);
  const app = createApp({ ...web, problems });
  const texts: string[] = [];
  const jobs = (await (await app.request('/api/v1/jobs')).json()) as { jobs: { key: string }[] };
  const jobPaths = jobs.jobs.map(({ key }) => `/jobs/${encodeURIComponent(key)}`);
  expect(jobPaths).toHaveLength(1);
  const users = (await (await app.request('/api/v1/users')).json()) as { users: { user: string }[] };
  const userPaths = users.users.map(({ user }) => `/users/${encodeURIComponent(user)}`);
  for (const path of [...paths, ...jobPaths, ...userPaths]) {
    for (const accept of ['text/html', 'text/plain']) {
      const answer = await app.request(path, { headers: { accept } });
      expect(answer.status).toBe(200);
      texts.push(await answer.text());
    }
  }
  app.close();
  return {
    text: texts.join('\n'),
    placeOf: new Map(Array.from(marks.byPlace, ([place, mark]) => [mark, place])),
  };
}

const found = ({ text, placeOf }: Awaited<ReturnType<typeof answers>>) =>
  [...placeOf].filter(([mark]) => text.includes(mark)).map(([, place]) => place);

describe('--public', () => {
  it('shows of all that a node says what is listed here, and nothing else', async () => {
    const allowed = new Set([...seen, 'key']);
    expect(found(await answers(true)).filter((place) => !allowed.has(place))).toEqual([]);
  });

  it('shows all that is listed here', async () => {
    const shown = new Set(found(await answers(true)));
    const keys = new Set(['facts.processes.job', 'facts.jobs.key', 'facts.events.jobs', 'sample.jobs.key']);
    expect(seen.filter((place) => !shown.has(keys.has(place) ? 'key' : place))).toEqual([]);
  });

  it('is what hides: without it nearly all of it is there', async () => {
    const shown = found(await answers(false));
    for (const place of [
      'hello.kernel',
      'sample.filesystems.source',
      'facts.processes.arguments',
      'facts.jobs.name',
      'failure.lastLines',
      'failure.hint',
      'failure.logPath',
      'problems',
    ])
      expect(shown).toContain(place);
  });
});

it('of what happened strangers see that it did, and not why', () => {
  const past = { atMs: 1, node: 'a', severity: 'error', gpuIndex: null } as const;
  const away = {
    ...past,
    kind: 'state',
    text: 'unreachable: carol@10.0.0.7 refused the key /home/carol/.ssh/id',
  } as const;
  expect(pastEventForStrangers(away)).toEqual({ ...past, kind: 'state', text: 'unreachable' });
  const xid = { ...past, kind: 'xid', text: 'Xid 13: NVRM: Xid: pid=1, name=secret-plan' } as const;
  expect(JSON.stringify(pastEventForStrangers(xid))).not.toContain('secret-plan');
});
