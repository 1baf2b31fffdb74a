import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { listGpus, listJobs, listUsers } from '../../test/support/cluster-rows.ts';
import {
  createFakeCluster,
  type FakeCluster,
  fakeJob,
  fakeNode,
  TAKEN_AT_MS,
  unreachable,
} from '../../test/support/fake-cluster.ts';
import { randomCluster } from '../../test/support/random-cluster.ts';
import type { NodeReport } from '../report/node-report.ts';
import { type Cluster, createCluster } from './cluster.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const jobOn = (name: string, id: string, user: string): NodeReport =>
  fakeNode(
    name,
    {},
    {
      jobs: [
        {
          key: `slurm:${id}`,
          kind: 'slurm',
          id,
          name: null,
          user,
          startTimeMs: null,
          processCount: 1,
          cpuPercent: 100,
          residentBytes: 5,
        },
      ],
      gpuProcesses: [fakeJob(1, 0, { job: `slurm:${id}`, user })],
    },
  );

describe('the table of a cluster', () => {
  let fake: FakeCluster;
  let cluster: Cluster;
  let nowMs = 0;
  let made: string[] = [];

  function start(nodes: NodeReport[]): void {
    fake = createFakeCluster(nodes);
    const { report } = fake;
    cluster = createCluster(
      {
        ...fake,
        report(name) {
          made.push(name);
          return report(name);
        },
      },
      { monotonicMs: () => nowMs, epochMs: () => TAKEN_AT_MS },
    );
  }
  beforeEach(() => {
    nowMs = 1_000;
    made = [];
  });

  it('is read as of now, and makes only what changed', () => {
    start([fakeNode('a'), fakeNode('b'), fakeNode('c')]);
    expect(made).toEqual([]);
    cluster.catchUp();
    expect(made).toEqual(['a', 'b', 'c']);
    cluster.catchUp();
    fake.set(fakeNode('b', { tags: ['new'] }));
    cluster.catchUp();
    expect(made).toEqual(['a', 'b', 'c', 'b']);
    expect(cluster.reports().map(({ tags }) => tags)).toEqual([[], ['new'], []]);
    fake.remove('a');
    cluster.catchUp();
    expect(cluster.currentRows().nodes.map(({ name }) => name)).toEqual(['b', 'c']);
  });

  it('makes one node without the others', () => {
    start([fakeNode('a'), fakeNode('b')]);
    cluster.catchUp('b');
    expect(made).toEqual(['b']);
    expect(cluster.node('b')?.report.name).toBe('b');
    cluster.catchUp('nobody');
    expect(cluster.node('nobody')).toBeUndefined();
  });

  it('keeps the rows that did not change, with the version of their last change', () => {
    start([jobOn('a', '1', 'ann'), jobOn('b', '1', 'ann'), jobOn('c', '2', 'bob')]);
    cluster.catchUp();
    const before = cluster.currentRows();
    const first = cluster.generation;
    expect(before.jobs.map(({ key }) => key)).toEqual(['slurm:1', 'slurm:2']);
    expect(before.users.map(({ user }) => user)).toEqual(['ann', 'bob']);
    fake.set(jobOn('c', '2', 'bob'));
    cluster.catchUp();
    const after = cluster.currentRows();
    const rowsOf = ({ nodes, gpus, jobs, users }: typeof before) => [nodes[0], gpus[0], jobs[0], users[0]];
    for (const [at, row] of rowsOf(after).entries()) {
      expect(row).toBe(rowsOf(before)[at]);
      expect(cluster.versionOf(row ?? {})).toBeLessThanOrEqual(first);
    }
    for (const row of [after.nodes[2], after.gpus.at(-1), after.jobs[1], after.users[1]])
      expect(cluster.versionOf(row ?? {})).toBeGreaterThan(first);
    expect(cluster.versionOf({ name: 'a' })).toBeNull();
  });

  it('gives a user his jobs, also where nothing else of him changed', () => {
    start([jobOn('a', '1', 'ann')]);
    cluster.catchUp();
    expect(cluster.currentRows().users[0]?.jobs).toEqual(['slurm:1']);
    fake.set(jobOn('a', '3', 'ann'));
    cluster.catchUp();
    expect(cluster.currentRows().users[0]?.jobs).toEqual(['slurm:3']);
  });

  it('makes again what time alone changes', () => {
    start([fakeNode('a'), { ...unreachable(fakeNode('b')), state: 'stale' }]);
    cluster.catchUp();
    nowMs += 2_000;
    cluster.catchUp();
    expect(made.slice(2)).toEqual(['b']);
    nowMs += 9_000;
    cluster.catchUp();
    expect(made.slice(3)).toEqual(['a', 'b']);
    expect(cluster.agedMs('a')).toBe(0);
    nowMs += 500;
    expect(cluster.agedMs('a')).toBe(500);
  });

  it('forgets what nobody has asked for in a minute, whoever follows one node', () => {
    start([fakeNode('a'), fakeNode('b')]);
    cluster.catchUp();
    nowMs += 31_000;
    cluster.catchUp('a');
    nowMs += 30_000;
    fake.set(fakeNode('a'));
    expect(cluster.node('b')).toBeUndefined();
    cluster.catchUp('a');
    expect(cluster.node('a')?.report).toBe(fake.report('a'));
    cluster.catchUp();
    expect(cluster.reports()).toHaveLength(2);
  });

  it('stays as it is where somebody asks for a node that there is not', () => {
    start([fakeNode('a')]);
    cluster.catchUp();
    const { generation } = cluster;
    cluster.catchUp('b');
    expect(cluster.generation).toBe(generation);
  });

  it('waits for nothing of a node that has left the list', () => {
    start([fakeNode('a'), fakeNode('b')]);
    cluster.catchUp();
    fake.remove('b');
    expect(cluster.isBehind).toBe(true);
    cluster.catchUp();
    expect(cluster.isBehind).toBe(false);
  });

  it('gives back what it has forgotten', async () => {
    start([jobOn('a', '1', 'ann'), jobOn('b', '2', 'bob')]);
    const held: WeakRef<object>[] = [];
    const ask = () => {
      cluster.catchUp();
      const { gpus, jobs, users } = cluster.currentRows();
      const node = cluster.node('a');
      held.push(...[...gpus, ...jobs, ...users, ...(node ? [node] : [])].map((row) => new WeakRef(row)));
    };
    ask();
    expect(held.length).toBeGreaterThan(4);
    nowMs += 61_000;
    fake.set(fakeNode('c'));
    // Weak references hold what they refer to until the turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(held.filter((row) => row.deref() !== undefined)).toEqual([]);
  });

  it('comes to what it would come to if it was made anew, whatever changes', () => {
    const names = ['n1', 'n2', 'n3', 'n4'];
    const pool = [1, 2, 3].map((seed) =>
      randomCluster({ seed, nodes: names.length, gpusPerNode: 3, processesPerNode: 4 }),
    );
    const change = fc.record({
      at: fc.nat(names.length - 1),
      pick: fc.option(fc.nat(pool.length - 1)),
      isRead: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        start(names.map((name, at) => ({ ...(pool[0]?.[at] ?? fakeNode(name)), name })));
        for (const { at, pick, isRead } of changes) {
          const name = names[at] ?? '';
          if (pick === null) fake.remove(name);
          else fake.set({ ...(pool[pick]?.[at] ?? fakeNode(name)), name });
          nowMs += 100;
          if (isRead) {
            cluster.catchUp();
            void cluster.currentRows().users;
          }
        }
        cluster.catchUp();
        const { nodes, gpus, jobs, users } = cluster.currentRows();
        const wanted = listJobs(fake.nodes(), TAKEN_AT_MS);
        expect(nodes).toEqual(fake.nodes());
        expect(gpus).toEqual(listGpus(fake.nodes()));
        expect(jobs).toEqual(wanted);
        expect(users).toEqual(listUsers(fake.nodes(), wanted));
      }),
      { numRuns: 60 },
    );
  });
});
