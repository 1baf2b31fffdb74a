import { describe, expect, it } from 'vitest';
import { listGpus, listJobs } from '../../test/support/cluster-rows.ts';
import { fakeGpu, fakeJob, fakeNode, fakeReportedJob, TAKEN_AT_MS } from '../../test/support/fake-cluster.ts';
import type { ReportedJob } from '../protocol/reported-sample.ts';

const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;
const NOW_MS = 5_000_000_000_000;

const job = (key: string, change: Partial<ReportedJob> = {}) =>
  fakeReportedJob(key, { processCount: 2, cpuPercent: 150, residentBytes: 4 * GIB, ...change });

describe('jobs of all nodes', () => {
  it('merge a scheduler’s job across nodes', () => {
    const first = fakeNode(
      'n1',
      { sampleAgeMs: 500 },
      {
        jobs: [job('slurm:7', { name: 'train' })],
        gpus: [fakeGpu(0, { utilizationPercent: 90 }), fakeGpu(1, { utilizationPercent: 70 }), fakeGpu(2)],
        gpuProcesses: [
          fakeJob(1, 0, { job: 'slurm:7', gpuMemoryBytes: GIB }),
          fakeJob(2, 1, { job: 'slurm:7', gpuMemoryBytes: 2 * GIB }),
        ],
      },
    );
    // Its clock is a year behind: ages are by each node's own clock.
    const behindMs = 365 * 24 * HOUR_MS;
    const second = fakeNode(
      'n2',
      { sampleAgeMs: 500 },
      {
        takenAtMs: TAKEN_AT_MS - behindMs,
        jobs: [job('slurm:7', { startTimeMs: TAKEN_AT_MS - behindMs - 2 * HOUR_MS })],
        gpus: [fakeGpu(0, { utilizationPercent: 20 })],
        gpuProcesses: [fakeJob(1, 0, { job: 'slurm:7', gpuMemoryBytes: null })],
      },
    );
    expect(listJobs([first, second], NOW_MS)).toEqual([
      {
        key: 'slurm:7',
        kind: 'slurm',
        id: '7',
        name: 'train',
        user: 'alice',
        nodes: ['n1', 'n2'],
        gpus: [
          { node: 'n1', index: 0, uuid: 'GPU-0000-0', name: 'GeForce RTX 3090' },
          { node: 'n1', index: 1, uuid: 'GPU-0000-1', name: 'GeForce RTX 3090' },
          { node: 'n2', index: 0, uuid: 'GPU-0000-0', name: 'GeForce RTX 3090' },
        ],
        gpuMemoryBytes: 3 * GIB,
        gpuUtilizationPercent: 60,
        cpuPercent: 300,
        coreCount: 64,
        command: 'python train.py --epochs 40',
        residentBytes: 8 * GIB,
        processCount: 4,
        ageMs: 2 * HOUR_MS + 500,
        startTimeMs: NOW_MS - 2 * HOUR_MS - 500,
        isCurrent: true,
      },
    ]);
  });

  it('keep apart what only looks alike', () => {
    const nodes = ['n1', 'n2'].map((name, at) =>
      fakeNode(
        name,
        {},
        { jobs: [job('docker:ab'), job('slurm:9', { user: at === 0 ? 'alice' : 'bob' })], gpuProcesses: [] },
      ),
    );
    const found = listJobs(nodes, NOW_MS);
    expect(found.map(({ key, user, nodes: on }) => `${key} ${user} ${on}`).sort()).toEqual([
      'docker:ab@n1 alice n1',
      'docker:ab@n2 alice n2',
      'slurm:9 alice n1',
      'slurm:9 bob n2',
    ]);
  });

  it('are known by kind and id alone, whatever a node calls them', () => {
    const honest = fakeNode('gpu07', {}, { jobs: [job('docker:3f2a', { name: 'web' })], gpuProcesses: [] });
    const hostile = fakeNode(
      'evil',
      {},
      {
        jobs: [
          job('docker:3f2a@gpu07', { kind: 'slurm', id: '8', name: 'stolen' }),
          job('slurm:9', { kind: 'docker', id: '3f2a@gpu07', name: 'stolen' }),
        ],
        gpus: [fakeGpu(0)],
        gpuProcesses: [fakeJob(1, 0, { job: 'docker:3f2a@gpu07' })],
      },
    );
    for (const nodes of [
      [honest, hostile],
      [hostile, honest],
    ]) {
      const found = listJobs(nodes, NOW_MS).map(({ key, name, nodes: on }) => `${key} ${name} ${on}`);
      expect(found.sort()).toEqual([
        'docker:3f2a%40gpu07@evil stolen evil',
        'docker:3f2a@gpu07 web gpu07',
        'slurm:8 stolen evil',
      ]);
    }
    expect(listGpus([hostile])[0]?.jobs).toEqual(['slurm:8']);
    // A node's own name may have an @ in it, and end as another one's does.
    const pair = [
      fakeNode('ops@n1', {}, { jobs: [job('docker:a')] }),
      fakeNode('n1', {}, { jobs: [job('docker:a@ops')] }),
    ];
    expect(listJobs(pair, NOW_MS)).toHaveLength(2);
  });

  it('are called what most of their nodes call them, and what one says twice counts once', () => {
    const call = (node: string, names: (string | null)[], user: string | null = 'alice') =>
      fakeNode(
        node,
        {},
        {
          jobs: names.map((name, at) => job(`own:${at}`, { kind: 'slurm', id: '7', name, user })),
          gpus: [fakeGpu(0)],
          gpuProcesses: names.map((_, at) => fakeJob(at + 1, 0, { job: `own:${at}` })),
        },
      );
    const evil = call('a-evil', ['evil', 'evil', 'evil']);
    const others = [call('n1', ['train']), call('n2', [null]), call('n3', ['train'], null)];
    for (const nodes of [
      [evil, ...others],
      [...others, evil],
    ]) {
      const [found, ...more] = listJobs(nodes, NOW_MS);
      expect(more).toEqual([]);
      expect(found).toMatchObject({ key: 'slurm:7', name: 'train', user: 'alice' });
      expect(found?.nodes.toSorted()).toEqual(['a-evil', 'n1', 'n2', 'n3']);
      expect(found?.gpus).toHaveLength(4);
    }
    const tie = [call('n1', ['b']), call('n2', ['a'])];
    expect(listJobs(tie, NOW_MS)[0]?.name).toBe('a');
    expect(listJobs(tie.toReversed(), NOW_MS)[0]?.name).toBe('a');
  });

  it('of an array are one job on all nodes, whoever knows its element already', () => {
    const on = (node: string, change: Partial<ReportedJob>) =>
      fakeNode(node, {}, { jobs: [job('slurm:11', change)], gpuProcesses: [] });
    const told = { id: '9_2', number: '11' };
    const nodes = [on('n1', {}), on('n2', told), on('n3', told)];
    expect(listJobs(nodes, NOW_MS)).toMatchObject([
      { key: 'slurm:11', id: '9_2', nodes: ['n1', 'n2', 'n3'] },
    ]);
    const alone = on('evil', { id: '1_1', number: '11' });
    expect(listJobs([alone, on('n1', {}), on('n2', {})], NOW_MS)[0]?.id).toBe('11');
  });

  it('of nodes that do not know the user are whose most others say', () => {
    const nodes = [null, 'alice', 'bob', 'alice', null].map((user, at) =>
      fakeNode(`n${at}`, {}, { jobs: [job('slurm:7', { user })], gpuProcesses: [] }),
    );
    const found = listJobs(nodes, NOW_MS).map(({ user, nodes: on }) => `${user} ${on.toSorted()}`);
    expect(found.sort()).toEqual(['alice n0,n1,n3,n4', 'bob n2']);
  });

  it('count of a shared GPU only what is their own', () => {
    const node = fakeNode(
      'n1',
      {},
      {
        jobs: [job('slurm:1'), job('slurm:2')],
        gpus: [fakeGpu(0, { utilizationPercent: 95 })],
        gpuProcesses: [
          fakeJob(1, 0, { job: 'slurm:1', gpuUtilizationPercent: 60 }),
          fakeJob(2, 0, { job: 'slurm:1', gpuUtilizationPercent: 10 }),
          fakeJob(3, 0, { job: 'slurm:2', gpuUtilizationPercent: null }),
        ],
      },
    );
    const byId = new Map(listJobs([node], NOW_MS).map((found) => [found.id, found.gpuUtilizationPercent]));
    expect(byId).toEqual(
      new Map([
        ['1', 70],
        ['2', 95],
      ]),
    );
  });

  it('say null where nothing is known, and what is old', () => {
    const node = fakeNode(
      'n1',
      { state: 'unreachable' },
      {
        jobs: [job('pbs:1', { cpuPercent: null, residentBytes: null, startTimeMs: null })],
        gpuProcesses: null,
        gpus: null,
      },
    );
    expect(listJobs([node], NOW_MS)).toMatchObject([
      {
        gpus: [],
        gpuMemoryBytes: null,
        gpuUtilizationPercent: null,
        cpuPercent: null,
        ageMs: null,
        startTimeMs: null,
        isCurrent: false,
      },
    ]);
    expect(listJobs([{ ...node, state: 'disabled' }], NOW_MS)).toEqual([]);
    expect(listJobs([{ ...node, sample: null }], NOW_MS)).toEqual([]);
  });
});

describe('GPUs of all nodes', () => {
  it('have node, jobs, users and marks', () => {
    const node = fakeNode(
      'n1',
      { marks: [{ gpuIndex: 1, code: 'hotter', text: 'hot' }] },
      {
        jobs: [job('docker:ab')],
        gpus: [fakeGpu(0), fakeGpu(1)],
        gpuProcesses: [
          fakeJob(1, 0, { job: 'docker:ab' }),
          fakeJob(2, 0, { job: 'docker:ab', user: 'bob' }),
          fakeJob(3, 0, { job: null }),
        ],
      },
    );
    expect(listGpus([node, fakeNode('n2', {}, { gpus: null })])).toMatchObject([
      { node: 'n1', index: 0, jobs: ['docker:ab@n1'], users: ['alice', 'bob'], marks: [], state: 'live' },
      { node: 'n1', index: 1, jobs: [], users: [], marks: [{ code: 'hotter', text: 'hot' }] },
    ]);
  });
});
