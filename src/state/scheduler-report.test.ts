import { describe, expect, it } from 'vitest';
import { bareSample } from '../../test/support/bare-sample.ts';
import { listGpus, listJobs, listUsers } from '../../test/support/cluster-rows.ts';
import { fakeGpu } from '../../test/support/fake-cluster.ts';
import { parseMessage } from '../protocol/messages.ts';
import { countGpus, gpuUses } from '../report/gpu-use.ts';
import { gpusByGres, isOutOfService } from './scheduler-report.ts';
import { createState } from './state.ts';

describe('states of Slurm', () => {
  it.each([
    'IDLE+DRAIN',
    'MIXED+DRAIN',
    'DOWN',
    'DOWN*',
    'IDLE*',
    'DRAINED',
    'IDLE+NOT_RESPONDING',
    'IDLE+MAINT',
    'FAIL',
    'INVAL',
  ])('%s gives nothing to anybody', (state) => expect(isOutOfService(state)).toBe(true));
  it.each([
    'IDLE',
    'MIXED',
    'ALLOCATED',
    'COMPLETING',
    'IDLE+CLOUD',
    'IDLE~',
    'IDLE+PLANNED',
    'RESERVED',
    '',
  ])('%s does', (state) => expect(isOutOfService(state)).toBe(false));
});

describe('Slurm’s indexes', () => {
  const indexes = (...args: Parameters<typeof gpusByGres>) =>
    Array.from(gpusByGres(...args), ([gres, { index }]) => [gres, index]).sort();

  it('are the numbers of device files, else the driver’s order', () => {
    const gpus = [fakeGpu(1), fakeGpu(0)];
    const gpuMinors = [
      { index: 0, minor: 5 },
      { index: 1, minor: 2 },
    ];
    expect(indexes(gpus, { gpuMinors }, 2)).toEqual([
      [2, 1],
      [5, 0],
    ]);
    expect(indexes(gpus, { gpuMinors: gpuMinors.slice(1) }, 2)).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  it('count MIG instances where their number is Slurm’s, and mean nothing else', () => {
    const gpus = [
      fakeGpu(0, { migEnabled: true }),
      fakeGpu(1),
      fakeGpu(1025, { parentIndex: 0 }),
      fakeGpu(1024, { parentIndex: 0 }),
    ];
    expect(indexes(gpus, { gpuMinors: [] }, 3)).toEqual([
      [0, 1024],
      [1, 1025],
      [2, 1],
    ]);
    expect(indexes(gpus, { gpuMinors: [] }, 2)).toEqual([]);
  });
});

describe('a node with a scheduler', () => {
  let nowMs = 1_000;
  const way = { node: 'n1', sshWords: ['ssh', 'n1'], host: 'n1', port: 22 };

  function message(name: string, state: ReturnType<typeof createState>, fields: object): void {
    const parsed = parseMessage(JSON.stringify(fields));
    if (!parsed.ok) throw new Error(parsed.reason);
    state.take({ kind: 'message', name, message: parsed.message, faults: parsed.faults });
  }

  /** n1 has three idle GPUs; n2, a login without any, asks. */
  function start(nodeState = 'MIXED') {
    nowMs = 1_000;
    const state = createState(() => nowMs);
    state.take({ kind: 'listed', nodes: [{ name: 'login' }, { name: 'n1' }] });
    const sample = (gpus: object | null) => ({
      ...bareSample,
      gpus,
      gpuProcesses: gpus && { pid: [], gpuIndex: [] },
    });
    const idle = [0, 0, 0];
    for (const [name, gpus] of [
      ['login', null],
      [
        'n1',
        { index: [0, 1, 2], health: ['ok', 'ok', 'ok'], utilizationPercent: idle, memoryUsedBytes: idle },
      ],
    ] as const) {
      state.take({ kind: 'connected', name, connection: { way, transport: 'ssh2', logPath: null } });
      message(name, state, {
        ...{ type: 'hello', protocol: 1, build: 'b', nonce: 'n', pid: 1, hostname: name },
        ...{ os: 'o', kernel: 'k', runtime: 'r', gpus: null },
      });
      message(name, state, {
        type: 'facts',
        gpus: gpus?.index.map((index) => ({ index, vendor: 'NVIDIA', memoryTotalBytes: 80 * 1024 ** 3 })),
        slurm: { cluster: 'fleet', nodeName: name, canAsk: name === 'login' },
      });
      message(name, state, sample(gpus));
    }
    expect([...state.chooseAskers()]).toEqual(['login']);
    const told: string[][] = [];
    state.subscribe((names) => told.push([...names]));
    message('login', state, {
      type: 'facts',
      schedulerAnswer: {
        cluster: 'fleet',
        part: 0,
        parts: 1,
        nodes: [
          {
            name: 'n1',
            state: nodeState,
            reason: 'broken fan',
            partitions: ['gpu', 'long'],
            gpuCount: 3,
            allocations: [
              { gpus: [0], number: '11', id: '9_2', user: 'ann' },
              { gpus: [2], number: null, id: null, user: null },
            ],
          },
        ],
      },
    });
    // What it was told is about all nodes of the cluster.
    expect(told.flat()).toContain('n1');
    return state;
  }
  const usesOf = (state: ReturnType<typeof start>) => {
    const node = state.report('n1');
    return node ? [...gpuUses(node).values()] : [];
  };

  it('has the GPUs that its jobs hold, whether they use them or not', () => {
    const state = start();
    expect(usesOf(state)).toEqual(['allocated', 'free', 'allocated']);
    const reports = state.reports();
    const [, node] = reports;
    expect(node && countGpus(node)).toEqual({ total: 3, free: 1, busy: 2, heldIdle: 0, out: 0 });
    expect(node?.scheduler).toEqual({
      cluster: 'fleet',
      state: 'MIXED',
      reason: 'broken fan',
      partitions: ['gpu', 'long'],
      reservation: null,
      isDrained: false,
      askedBy: 'login',
      ageMs: 0,
      problem: null,
    });
    const gpus = listGpus(reports);
    expect(gpus.map(({ allocation }) => allocation)).toEqual([
      { jobKey: 'slurm:11', jobId: '9_2', user: 'ann' },
      null,
      { jobKey: null, jobId: null, user: null },
    ]);
    expect(gpus[0]).toMatchObject({ use: 'allocated', jobs: ['slurm:11'], users: ['ann'] });
    const jobs = listJobs(reports, 0);
    expect(jobs).toMatchObject([
      { key: 'slurm:11', id: '9_2', user: 'ann', nodes: ['n1'], gpus: [{ index: 0 }] },
    ]);
    expect(listUsers(reports, jobs)).toMatchObject([{ user: 'ann', gpuCount: 1, jobs: ['slurm:11'] }]);
  });

  it('is not free where it is drained', () => {
    expect(usesOf(start('IDLE+DRAIN'))).toEqual(['allocated', 'drained', 'allocated']);
  });

  it('counts as it stands without a scheduler once that was silent for long', () => {
    const state = start('IDLE+DRAIN');
    nowMs += 181_000;
    message('n1', state, { ...bareSample, gpus: { index: [0], health: ['ok'], utilizationPercent: [0] } });
    const report = state.report('n1');
    expect(report?.sample?.gpus?.[0]?.allocation).toBeNull();
    expect(report?.scheduler).toMatchObject({ state: null, isDrained: false, partitions: [] });
    expect(report?.scheduler?.problem).toContain('old and counts no more');
    expect(usesOf(state)).toEqual(['free']);
  });
});
