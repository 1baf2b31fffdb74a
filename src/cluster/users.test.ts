import { describe, expect, it } from 'vitest';
import { listGpus, listJobs, listUsers } from '../../test/support/cluster-rows.ts';
import { fakeGpu, fakeJob, fakeNode, TAKEN_AT_MS, unreachable } from '../../test/support/fake-cluster.ts';
import type { ReportedJob } from '../protocol/reported-sample.ts';

const GIB = 1024 ** 3;

const job = (id: string, user: string | null, change: Partial<ReportedJob> = {}): ReportedJob => ({
  key: `slurm:${id}`,
  kind: 'slurm',
  id,
  name: null,
  user,
  startTimeMs: TAKEN_AT_MS,
  processCount: 4,
  cpuPercent: 200,
  residentBytes: 10 * GIB,
  ...change,
});

const listOf = (...nodes: Parameters<typeof listUsers>[0]) => listUsers(nodes, listJobs(nodes, TAKEN_AT_MS));

describe('users of all nodes', () => {
  it('hold GPUs, and what their jobs take', () => {
    const first = fakeNode(
      'n1',
      { marks: [{ gpuIndex: 1, code: 'held-idle', text: 'held' }] },
      {
        gpus: [fakeGpu(0, { utilizationPercent: 90 }), fakeGpu(1, { utilizationPercent: 0 }), fakeGpu(2)],
        jobs: [job('7', 'alice'), job('8', 'bob', { cpuPercent: null })],
        gpuProcesses: [
          fakeJob(1, 0, { job: 'slurm:7', gpuMemoryBytes: GIB }),
          fakeJob(2, 1, { job: 'slurm:7', gpuMemoryBytes: null }),
          fakeJob(3, 0, { job: 'slurm:8', user: 'bob', gpuMemoryBytes: 2 * GIB }),
        ],
      },
    );
    const second = unreachable(
      fakeNode(
        'n2',
        {},
        {
          gpus: [fakeGpu(0, { utilizationPercent: 60 })],
          jobs: [job('7', 'alice')],
          gpuProcesses: [fakeJob(1, 0, { job: 'slurm:7', gpuMemoryBytes: GIB })],
        },
      ),
    );
    expect(listOf(first, second)).toEqual([
      {
        user: 'alice',
        gpus: [
          { node: 'n1', index: 0, uuid: 'GPU-0000-0', name: 'GeForce RTX 3090' },
          { node: 'n1', index: 1, uuid: 'GPU-0000-1', name: 'GeForce RTX 3090' },
          { node: 'n2', index: 0, uuid: 'GPU-0000-0', name: 'GeForce RTX 3090' },
        ],
        gpuCount: 3,
        heldIdleCount: 1,
        gpuMemoryBytes: 2 * GIB,
        gpuUtilizationPercent: 50,
        cpuPercent: 400,
        coreCount: 64,
        residentBytes: 20 * GIB,
        processCount: 8,
        nodes: ['n1', 'n2'],
        jobs: ['slurm:7'],
        isCurrent: false,
      },
      expect.objectContaining({
        user: 'bob',
        gpuCount: 1,
        heldIdleCount: 0,
        gpuUtilizationPercent: 90,
        cpuPercent: null,
        jobs: ['slurm:8'],
        isCurrent: true,
      }),
    ]);
  });

  it('without GPUs are listed only where they take much of one node', () => {
    const service = (user: string, cpuPercent: number | null, residentBytes: number | null) =>
      job(user, user, { kind: 'systemd', key: `systemd:${user}`, cpuPercent, residentBytes });
    // What its services take on many nodes does not add up to a user.
    const nodes = Array.from({ length: 50 }, (_, at) =>
      fakeNode(
        `n${at}`,
        {},
        {
          gpuProcesses: [],
          jobs: [
            service('root', 3, GIB),
            service('quiet', null, null),
            ...(at === 9 ? [service('cpu', 1_600, GIB), service('memory', 0.1, 90 * GIB)] : []),
          ],
        },
      ),
    );
    expect(listOf(...nodes).map(({ user }) => user)).toEqual(['cpu', 'memory']);
  });

  it('hold nothing by a display alone, and nobody is no user', () => {
    const node = fakeNode(
      'n1',
      {},
      {
        jobs: null,
        gpuProcesses: [
          fakeJob(1, 0, { type: 'G', user: 'gdm', treeResidentBytes: GIB, treeCpuPercent: 1 }),
          fakeJob(2, 1, { user: null }),
        ],
      },
    );
    expect(listOf(node)).toEqual([]);
  });

  it('count a process on two GPUs once where the node tells no jobs', () => {
    const process = { treeCpuPercent: 300, treeResidentBytes: 5 * GIB, gpuMemoryBytes: GIB };
    const node = fakeNode(
      'n1',
      {},
      { jobs: null, gpuProcesses: [fakeJob(1, 0, process), fakeJob(1, 1, process)] },
    );
    expect(listOf(node)).toMatchObject([
      {
        gpuCount: 2,
        cpuPercent: 300,
        residentBytes: 5 * GIB,
        processCount: 1,
        gpuMemoryBytes: 2 * GIB,
        jobs: [],
      },
    ]);
  });
});

describe('the use of GPUs', () => {
  it('stands in their rows', () => {
    const node = fakeNode(
      'n1',
      { marks: [{ gpuIndex: 1, code: 'held-idle', text: 'held' }] },
      {
        gpus: [
          fakeGpu(0),
          fakeGpu(1),
          fakeGpu(2),
          fakeGpu(3, { health: 'error' }),
          fakeGpu(4, { utilizationPercent: null, memoryUsedBytes: null }),
          fakeGpu(5, { migEnabled: true }),
          fakeGpu(1184, { parentIndex: 5 }),
        ],
        gpuProcesses: [fakeJob(1, 0), fakeJob(2, 1)],
      },
    );
    const uses = listGpus([node]).map(({ use }) => use);
    expect(uses).toEqual(['busy', 'held-idle', 'free', 'out', 'unknown', 'unknown', 'free']);
    expect(new Set(listGpus([unreachable(node)]).map(({ use }) => use))).toEqual(new Set(['out']));
  });
});
