import { describe, expect, it, vi } from 'vitest';
import { createFakeCluster, TAKEN_AT_MS } from '../../test/support/fake-cluster.ts';
import { randomCluster } from '../../test/support/random-cluster.ts';
import { createCluster } from '../cluster/cluster.ts';
import { type AnyRow, createRowWriter, withAges } from './row-json.ts';

const nodes = randomCluster({ seed: 3, nodes: 6, gpusPerNode: 2, processesPerNode: 3 }).map((node, at) =>
  at <= 1
    ? {
        ...node,
        // Of the second, a scheduler is known before its first figures.
        sampleAgeMs: at === 0 ? 700 : null,
        scheduler: {
          cluster: 'x',
          state: 'IDLE',
          reason: null,
          partitions: [],
          reservation: null,
          isDrained: false,
          askedBy: 'n1',
          ageMs: 7_000,
          problem: null,
        },
      }
    : node,
);

describe('rows as JSON', () => {
  it('are those of the table, as much older as they have become', () => {
    let nowMs = 1_000;
    let epochMs = TAKEN_AT_MS;
    const cluster = createCluster(createFakeCluster(nodes), {
      monotonicMs: () => nowMs,
      epochMs: () => epochMs,
    });
    const write = createRowWriter(cluster, () => epochMs);
    cluster.catchUp();
    const { gpus, jobs, users } = cluster.currentRows();
    const reports = cluster.reports();
    expect(jobs.length).toBeGreaterThan(0);
    const read = (rows: readonly AnyRow[]) =>
      JSON.parse(Buffer.concat([...write('[', rows, ']')]).toString());
    for (const rows of [reports, gpus, jobs, users]) expect(read([...rows])).toEqual(rows);
    nowMs += 400;
    epochMs += 400;
    const older = (ageMs: number | null | undefined) => (ageMs == null ? ageMs : ageMs + 400);
    expect(read([...reports])).toEqual(
      reports.map((report) => ({
        ...report,
        sampleAgeMs: older(report.sampleAgeMs),
        scheduler: report.scheduler && { ...report.scheduler, ageMs: older(report.scheduler.ageMs) },
      })),
    );
    expect(read([...gpus])).toEqual(gpus.map((gpu) => ({ ...gpu, sampleAgeMs: older(gpu.sampleAgeMs) })));
    expect(read([...jobs])).toEqual(jobs.map((job) => ({ ...job, ageMs: older(job.ageMs) })));
    expect(read([...users])).toEqual(users);
    const now = () => epochMs;
    for (const rows of [reports, gpus, jobs, users])
      expect(withAges(cluster, [...rows], now)).toEqual(read([...rows]));
  });

  it('come in pieces, of any size and number', () => {
    const cluster = createCluster(createFakeCluster(nodes));
    const write = createRowWriter(cluster);
    cluster.catchUp();
    const many = Array.from({ length: 300 }, () => cluster.reports()).flat();
    const pieces = [...write('{"é":[', many, ']}')];
    expect(pieces.length).toBeGreaterThan(3);
    expect(JSON.parse(Buffer.concat(pieces).toString()).é).toHaveLength(many.length);
    expect(Buffer.concat([...write('{"x":[', [], ']}')]).toString()).toBe('{"x":[]}');
  });

  it('are written once while they are the same', () => {
    const cluster = createCluster(createFakeCluster(nodes));
    const write = createRowWriter(cluster);
    cluster.catchUp();
    const stringify = vi.spyOn(JSON, 'stringify');
    for (let round = 0; round < 3; round += 1) [...write('[', cluster.reports(), ']')];
    expect(stringify).toHaveBeenCalledTimes(nodes.length);
    stringify.mockRestore();
  });
});
