import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HEAT_ABSENT, HEAT_LEVELS, heatLevel } from '../../static/shared/heat-scale.js';
import { fakeGpu, fakeJob, fakeNode, unreachable } from '../../test/support/fake-cluster.ts';
import { randomCluster } from '../../test/support/random-cluster.ts';
import { countGpus } from '../report/gpu-use.ts';
import { heatCells, heatMetrics, nodeHeatCell } from './heat.ts';

const GIB = 1024 ** 3;
const levelAt = (share: number | null) => HEAT_LEVELS.indexOf(heatLevel(share));

describe('cells of the heat map', () => {
  test('come to what the page counts, in whatever state a node is', () => {
    const size = fc.record({
      seed: fc.integer({ min: 1, max: 1e6 }),
      nodes: fc.integer({ min: 1, max: 5 }),
      gpusPerNode: fc.integer({ min: 0, max: 9 }),
      processesPerNode: fc.integer({ min: 0, max: 12 }),
    });
    fc.assert(
      fc.property(size, fc.boolean(), (wanted, isSampled) => {
        for (const made of randomCluster(wanted)) {
          const node = isSampled ? made : { ...made, sample: null };
          const cells = heatCells(node);
          const { total, free, busy, heldIdle, out } = countGpus(node);
          const count = (use: string) => cells.filter((cell) => cell.use === use).length;
          expect(cells.length).toBe(total);
          expect([count('free'), count('busy'), count('held-idle'), count('out')]).toEqual([
            free,
            busy,
            heldIdle,
            out,
          ]);
          expect(new Set(cells.map(({ label }) => label)).size).toBe(total);
        }
      }),
    );
  });

  test('say each figure as a share of its scale', () => {
    const gpu = fakeGpu(0, {
      utilizationPercent: 50,
      memoryUsedBytes: 6 * GIB,
      temperatureCelsius: 95,
      powerWatts: 70,
    });
    const [cell] = heatCells(fakeNode('a', {}, { gpus: [gpu], gpuProcesses: [fakeJob(1, 0)] }));
    expect(cell).toEqual({
      label: '0',
      use: 'busy',
      shares: { utilization: 0.5, memory: 0.25, temperature: 1, power: 0.2, cpu: null, ram: null },
      unlimited: null,
    });
  });

  test('tell what is absent, and do not tell old figures', () => {
    const bare = fakeGpu(0, {
      utilizationPercent: null,
      memoryUsedBytes: null,
      temperatureCelsius: null,
      powerWatts: null,
    });
    const node = fakeNode('a', {}, { gpus: [bare], gpuProcesses: null });
    const old = unreachable(fakeNode('b'));
    for (const [report, use] of [
      [node, 'unknown'],
      [old, 'out'],
      [{ ...fakeNode('c'), sample: null }, 'unknown'],
    ] as const)
      for (const cell of heatCells(report)) {
        expect(cell.use).toBe(use);
        expect(heatMetrics.map((metric) => heatLevel(cell.shares[metric])).join('')).toBe('......');
      }
    expect(heatCells(old).length).toBe(2);
  });

  test('are one for each node of a cluster without GPUs', () => {
    const live = nodeHeatCell(fakeNode('a', {}, { gpus: [], gpuProcesses: [] }));
    expect(live).toMatchObject({ use: 'busy', shares: { cpu: 0.151, ram: 186 / 256, utilization: null } });
    expect(nodeHeatCell(unreachable(fakeNode('b')))).toMatchObject({ use: 'out', shares: { cpu: null } });
    expect(nodeHeatCell(fakeNode('c', { state: 'connecting' })).use).toBe('unknown');
  });

  test('of a MIG instance have the temperature and power of its card', () => {
    const card = fakeGpu(0, { migEnabled: true, temperatureCelsius: 57.5, powerWatts: 175 });
    const none = { temperatureCelsius: null, powerWatts: null, powerLimitWatts: null };
    const instance = (index: number, migInstance: string) =>
      fakeGpu(index, { ...none, parentIndex: 0, migInstance, utilizationPercent: null });
    const cells = heatCells(
      fakeNode('a', {}, { gpus: [card, instance(1, '0'), instance(2, '3')], gpuProcesses: [] }),
    );
    expect(cells.map(({ label }) => label)).toEqual(['0:0', '0:3']);
    for (const { shares } of cells)
      expect(shares).toMatchObject({ utilization: null, temperature: 0.5, power: 0.5 });
  });

  test('without a limit keep the power for a scale of its own', () => {
    const gpu = fakeGpu(0, { name: 'Orin', powerLimitWatts: null, powerWatts: 12 });
    const [cell] = heatCells(fakeNode('a', {}, { gpus: [gpu] }));
    expect(cell?.shares.power).toBeNull();
    expect(cell?.unlimited).toEqual({ model: 'Orin', powerWatts: 12 });
  });
});

describe('levels', () => {
  test('are 64 printable characters that JSON leaves alone, and one for absent', () => {
    expect(new Set(HEAT_LEVELS).size).toBe(64);
    expect(JSON.stringify(HEAT_LEVELS)).toBe(`"${HEAT_LEVELS}"`);
    expect(HEAT_LEVELS).toMatch(/^[!-~]+$/);
    expect(HEAT_LEVELS).not.toContain(HEAT_ABSENT);
    expect(heatLevel(null)).toBe(HEAT_ABSENT);
    expect(heatLevel(Number.NaN)).toBe(HEAT_ABSENT);
  });

  test('grow with the share, from the first to the last', () => {
    expect([levelAt(-3), levelAt(0), levelAt(1), levelAt(9)]).toEqual([0, 0, 63, 63]);
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (a, b) => {
        expect(levelAt(Math.min(a, b))).toBeLessThanOrEqual(levelAt(Math.max(a, b)));
      }),
    );
  });
});
