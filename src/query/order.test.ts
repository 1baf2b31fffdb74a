import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listGpus, listJobs, listUsers } from '../../test/support/cluster-rows.ts';
import { fakeGpu, fakeJob, fakeNode, TAKEN_AT_MS, unreachable } from '../../test/support/fake-cluster.ts';
import { randomCluster } from '../../test/support/random-cluster.ts';
import { type RowKind, rowKinds } from '../lib/row-kinds.ts';
import type { NodeReport } from '../report/node-report.ts';
import { columns, groupNames, type RowsByKind, sortNames } from './columns.ts';
import { groupRows, sortRows } from './order.ts';

const nodes = [
  fakeNode('gpu10', { tags: ['lab'] }, { gpus: [fakeGpu(0, { utilizationPercent: 20 })], gpuProcesses: [] }),
  fakeNode('GPU2', { tags: ['lab', 'fast'] }, { gpus: null, gpuProcesses: [] }),
  fakeNode('gpu1', {}, { gpus: [fakeGpu(0, { utilizationPercent: 80 })] }),
];

function sorted<Kind extends RowKind>(kind: Kind, rows: readonly RowsByKind[Kind][], text: string) {
  const outcome = sortRows(kind, rows, text);
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.rows;
}
const nodesBy = (text: string) => sorted('nodes', nodes, text).map(({ name }) => name);

describe('sorting', () => {
  it('counts as people do, and puts what is absent last in both directions', () => {
    expect(nodesBy('node')).toEqual(['gpu1', 'GPU2', 'gpu10']);
    expect(nodesBy('-node')).toEqual(['gpu10', 'GPU2', 'gpu1']);
    expect(nodesBy('util')).toEqual(['gpu10', 'gpu1', 'GPU2']);
    expect(nodesBy('-util')).toEqual(['gpu1', 'gpu10', 'GPU2']);
    expect(nodesBy('state,-node')).toEqual(['gpu10', 'GPU2', 'gpu1']);
  });

  it('takes no old memory for free', () => {
    const gone = unreachable(fakeNode('gone'));
    expect(sorted('nodes', [gone, ...nodes], '-mem').at(-1)?.name).toBe('GPU2');
    expect(sorted('nodes', [gone, ...nodes], '-free').map(({ name }) => name)).toEqual([
      'gpu10',
      'gpu1',
      'gone',
      'GPU2',
    ]);
  });

  it('keeps the order of equals, for every column of every kind', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const cluster = randomCluster({ seed, nodes: 6, gpusPerNode: 3, processesPerNode: 4 });
        const jobs = listJobs(cluster, TAKEN_AT_MS);
        const rows = { nodes: cluster, gpus: listGpus(cluster), jobs, users: listUsers(cluster, jobs) };
        for (const kind of rowKinds) checkKind(kind, rows[kind]);
      }),
      { numRuns: 20 },
    );
  });

  function checkKind<Kind extends RowKind>(kind: Kind, rows: readonly RowsByKind[Kind][]): void {
    for (const name of sortNames(kind)) {
      const read = columns[kind].sort[name];
      const found = sorted(kind, rows, name);
      expect(new Set(found)).toEqual(new Set(rows));
      for (const [at, row] of found.entries()) {
        const next = found[at + 1];
        if (next === undefined || !read) continue;
        const [a, b] = [read(row), read(next)];
        if (a === b) expect(rows.indexOf(row), name).toBeLessThan(rows.indexOf(next));
        if (a === null) expect(b, name).toBeNull();
        if (typeof a === 'number' && typeof b === 'number') expect(a, name).toBeLessThanOrEqual(b);
      }
    }
  }

  it('says what it can sort by', () => {
    expect(sortRows('nodes', nodes, 'node,-utl')).toEqual({
      ok: false,
      error: { message: expect.stringContaining('Did you mean util?'), at: 6, length: 3 },
    });
    for (const text of ['', ',', '-', '__proto__', 'constructor', '\u001b[31m']) {
      const outcome = sortRows('gpus', [], text);
      expect(outcome.ok, text).toBe(false);
      expect(JSON.stringify(outcome)).not.toContain('\\u001b');
    }
  });
});

describe('grouping', () => {
  const titles = (kind: 'nodes', name: string, rows: readonly NodeReport[] = nodes) => {
    const outcome = groupRows(kind, rows, name, rows);
    if (!outcome.ok) throw new Error(outcome.error.message);
    return outcome.groups.map((group) => [group.title, ...group.rows.map((row) => row.name)]);
  };

  it('puts a row under each of its titles, and rows without one last', () => {
    expect(titles('nodes', 'tag')).toEqual([
      ['fast', 'GPU2'],
      ['lab', 'gpu10', 'GPU2'],
      [null, 'gpu1'],
    ]);
    expect(titles('nodes', 'user')).toEqual([
      ['alice', 'gpu1'],
      [null, 'gpu10', 'GPU2'],
    ]);
  });

  it('loses no row, for every name of every kind', () => {
    const cluster = randomCluster({ seed: 7, nodes: 20, gpusPerNode: 3, processesPerNode: 5 });
    const jobs = listJobs(cluster, TAKEN_AT_MS);
    const rows = { nodes: cluster, gpus: listGpus(cluster), jobs, users: listUsers(cluster, jobs) };
    for (const kind of rowKinds) {
      for (const name of groupNames(kind)) {
        const outcome = groupRows(kind, rows[kind], name, cluster);
        if (!outcome.ok) throw new Error(outcome.error.message);
        expect(new Set(outcome.groups.flatMap((group): unknown[] => group.rows))).toEqual(
          new Set<unknown>(rows[kind]),
        );
        expect(outcome.groups.slice(0, -1).every(({ title }) => title !== null)).toBe(true);
      }
    }
  });

  it('of a GPU with two users is under both', () => {
    const node = fakeNode('n', {}, { gpuProcesses: [fakeJob(1, 0), fakeJob(2, 0, { user: 'bob' })] });
    const outcome = groupRows('gpus', listGpus([node]), 'user', [node]);
    expect(outcome).toMatchObject({
      groups: [
        { title: 'alice', rows: [{ index: 0 }] },
        { title: 'bob', rows: [{ index: 0 }] },
        { title: null, rows: [{ index: 1 }] },
      ],
    });
  });
});
