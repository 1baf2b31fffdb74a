import { describe, expect, it } from 'vitest';
import { noGpuFacts, noGpuFigures, noGpuProcessFigures } from './absent.ts';
import type { Figure, Unit } from './column-kinds.ts';
import { gpuColumnNames, gpuProcessColumnNames, jobColumnNames, topProcessColumnNames } from './columns.ts';
import { gpuColumns, gpuHelp, gpuProperties } from './gpu-columns.ts';
import { createKnownFacts } from './known-facts.ts';
import { mergeSample } from './merge-sample.ts';
import { parseMessage } from './messages.ts';

const report = { ok: true, ms: 1 };
const collectors = Object.fromEntries(
  ['cpu', 'memory', 'filesystems', 'disks', 'network', 'gpus', 'processes'].map((name) => [name, report]),
);
const empty = { cpu: null, memory: null, filesystems: null, disks: null, network: null, gpus: null };

function parsed(more: object) {
  const known = { type: 'sample', sequence: 1, takenAtMs: 1, intervalMs: 1000, collectors, ...empty };
  const rest = { gpuProcesses: null, processCount: 1, topProcesses: null };
  const found = parseMessage(JSON.stringify({ ...known, ...rest, ...more }));
  if (!found.ok || found.message.type !== 'sample') throw new Error('not a sample');
  return { sample: found.message, faults: found.faults };
}

const figuresOf = (table: object): [string, Figure][] =>
  Object.entries(table).filter(([, { kind }]) => kind === 'figure');

describe('the columns of GPUs', () => {
  it.each(figuresOf(gpuColumns))(
    '%s is good within its range, and null with a fault beyond',
    (name, range) => {
      const { min, max } = range;
      const values = [min, max, min - 1, max * 2, null];
      const { sample, faults } = parsed({ gpus: { index: [0, 1, 2, 3, 4], [name]: values } });
      expect(sample.gpus).toMatchObject({ [name]: [min, max, null, null, null] });
      expect(faults).toEqual([
        { collector: 'gpus', figure: name, value: String(min - 1) },
        { collector: 'gpus', figure: name, value: String(max * 2) },
      ]);
    },
  );

  it.each(figuresOf(gpuProperties))('%s, a fact, likewise', (name, { min, max }) => {
    const rows = [max, max * 2].map((value, index) => ({ index, vendor: 'NVIDIA', [name]: value }));
    const found = parseMessage(JSON.stringify({ type: 'facts', gpus: rows }));
    if (!found.ok || found.message.type !== 'facts') throw new Error('not facts');
    expect(found.message.gpus).toEqual([
      { ...noGpuFacts, index: 0, vendor: 'NVIDIA', [name]: max },
      { ...noGpuFacts, index: 1, vendor: 'NVIDIA', [name]: null },
    ]);
    expect(found.faults).toEqual([{ collector: 'gpus', figure: name, value: String(max * 2) }]);
    expect(min).toBeLessThan(max);
  });

  it('are cut where they are texts, and other words of health count as an error', () => {
    const gpus = { index: [0, 1], health: ['lost', 'on fire'], performanceState: ['P0', 'P'.repeat(9)] };
    expect(parsed({ gpus }).sample.gpus).toMatchObject({
      health: ['lost', 'error'],
      performanceState: ['P0', 'P'.repeat(8)],
    });
  });

  it('have units at the ends of their names', () => {
    const endings: Record<Exclude<Unit, 'number'>, RegExp> = {
      percent: /Percent$/,
      bytes: /Bytes$/,
      bytesPerSecond: /BytesPerSecond$/,
      celsius: /Celsius$/,
      watts: /Watts$/,
      joules: /Joules$/,
      megahertz: /MHz$/,
    };
    for (const [name, { unit }] of figuresOf({ ...gpuColumns, ...gpuProperties })) {
      if (unit === 'number') expect(Object.values(endings).filter((end) => end.test(name))).toEqual([]);
      else expect(name).toMatch(endings[unit]);
    }
  });

  it('are told to people in a line each, which no two share', () => {
    for (const help of Object.values(gpuHelp)) expect(help).toMatch(/^[A-Zo][^\n]{3,130}[^.\n]$/);
    expect(new Set(Object.values(gpuHelp)).size).toBe(Object.keys(gpuHelp).length);
  });
});

describe('tables of columns', () => {
  it('begin with what names their rows', () => {
    expect([
      gpuColumnNames[0],
      topProcessColumnNames[0],
      gpuProcessColumnNames[0],
      jobColumnNames[0],
    ]).toEqual(['index', 'pid', 'pid', 'key']);
  });

  it('have no value but null in rows of which nothing is known', () => {
    expect(new Set(Object.values({ ...noGpuFigures, ...noGpuProcessFigures }))).toEqual(new Set([null]));
    const { unifiedMemory, ...facts } = noGpuFacts;
    expect(unifiedMemory).toBe(false);
    expect(new Set(Object.values(facts))).toEqual(new Set([null]));
  });

  it('come to rows with everything that is known of a GPU, though hardly anything was told', () => {
    const { sample } = parsed({ gpus: { index: [3] } });
    const gpu = mergeSample(sample, createKnownFacts()).gpus?.[0];
    expect(Object.keys(gpu ?? {}).sort()).toEqual(Object.keys({ ...gpuColumns, ...gpuProperties }).sort());
  });
});
