import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noGpuFacts, noGpuFigures, noGpuProcessFigures } from '../../protocol/absent.ts';
import { FIRST_MIG_INDEX, MAX_GPUS, MIG_INDEXES_PER_GPU } from '../../protocol/constants.ts';
import { createGpuCollector, mergeReadings } from './gpu-collector.ts';
import type { GpuProvider, GpuReading } from './provider.ts';

const factsOf = (vendor: string, index: number, parentIndex: number | null = null) => ({
  ...noGpuFacts,
  vendor,
  index,
  parentIndex,
});

/** A vendor's reading with these GPUs, and MIG instances by the index of their GPU. */
function readingOf(vendor: string, gpus: readonly number[], instancesOf: readonly number[] = []): GpuReading {
  const facts = [
    ...gpus.map((index) => factsOf(vendor, index)),
    ...instancesOf.map((gpu, place) =>
      factsOf(vendor, FIRST_MIG_INDEX + gpu * MIG_INDEXES_PER_GPU + place, gpu),
    ),
  ];
  return {
    known: true,
    facts,
    gpus: facts.map(({ index }) => ({ ...noGpuFigures, index, health: 'ok', error: null })),
    processes: facts.map(({ index }) => ({ ...noGpuProcessFigures, pid: 100 + index, gpuIndex: index })),
    error: null,
  };
}

const rowsOf = (reading: GpuReading) =>
  reading.facts.map(({ vendor, index, parentIndex }) => [vendor, index, parentIndex]);

function providerOf(vendor: string, read: () => GpuReading, more: Partial<GpuProvider> = {}): GpuProvider {
  const nothing = () => undefined;
  return {
    vendor,
    isPresent: () => true,
    start: nothing,
    setInterval: nothing,
    read,
    stop: nothing,
    ...more,
  };
}

describe('mergeReadings', () => {
  it("leaves out a driver's nonsense and says so: a number that no process can have costs nothing else", () => {
    const reading = readingOf('NVIDIA', [0]);
    const nonsense = { ...noGpuProcessFigures, pid: 0xffff_ffff, gpuIndex: 0 };
    const merged = mergeReadings([{ ...reading, processes: [nonsense, ...reading.processes] }]);
    expect(merged.processes.map(({ pid }) => pid)).toEqual([100]);
    expect(merged.note).toBe('left out, because no process can have the number that the driver gives: 1');
    expect(mergeReadings([reading])).not.toHaveProperty('note');
  });

  it('says that there may be more processes than fit', () => {
    const reading = readingOf('NVIDIA', [0]);
    const processes = Array.from({ length: 1_030 }, (_, pid) => ({
      ...noGpuProcessFigures,
      pid,
      gpuIndex: 0,
    }));
    const merged = mergeReadings([{ ...reading, processes }]);
    expect(merged.processes).toHaveLength(1_024);
    expect(merged.note).toBe('no more than 1024 processes on GPUs are told');
  });

  it('puts a second vendor behind the first, processes too', () => {
    const merged = mergeReadings([readingOf('NVIDIA', [0, 1]), readingOf('AMD', [0, 1])]);
    expect(rowsOf(merged)).toEqual([
      ['NVIDIA', 0, null],
      ['NVIDIA', 1, null],
      ['AMD', 2, null],
      ['AMD', 3, null],
    ]);
    expect(merged.gpus.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(merged.processes.map(({ gpuIndex }) => gpuIndex)).toEqual([0, 1, 2, 3]);
  });

  it('leaves MIG instances where they are, and does not count them', () => {
    const merged = mergeReadings([readingOf('NVIDIA', [0, 1], [1]), readingOf('AMD', [0])]);
    expect(rowsOf(merged)).toEqual([
      ['NVIDIA', 0, null],
      ['NVIDIA', 1, null],
      ['NVIDIA', FIRST_MIG_INDEX + MIG_INDEXES_PER_GPU, 1],
      ['AMD', 2, null],
    ]);
  });

  it('moves the parent of an instance with its GPU', () => {
    const merged = mergeReadings([readingOf('AMD', [0, 1]), readingOf('NVIDIA', [0], [0])]);
    expect(rowsOf(merged).slice(2)).toEqual([
      ['NVIDIA', 2, null],
      ['NVIDIA', FIRST_MIG_INDEX, 2],
    ]);
    expect(merged.processes.at(-1)?.gpuIndex).toBe(FIRST_MIG_INDEX);
  });

  it('never gives two rows one index, and never more rows than the head takes', () => {
    const gpus = fc.uniqueArray(fc.nat(MAX_GPUS - 1), { maxLength: 12 });
    fc.assert(
      fc.property(gpus, gpus, gpus, (first, second, third) => {
        const merged = mergeReadings([
          readingOf('NVIDIA', first, first.slice(0, 2)),
          readingOf('AMD', second),
          readingOf('Intel', third),
        ]);
        const indexes = merged.gpus.map(({ index }) => index);
        expect(new Set(indexes).size).toBe(indexes.length);
        expect(indexes.length).toBeLessThanOrEqual(MAX_GPUS);
      }),
    );
  });
});

describe('createGpuCollector', () => {
  const unknown = () => ({ ...readingOf('AMD', []), known: false, error: 'amd-smi has not answered' });

  it('tells both vendors and their errors', () => {
    const collector = createGpuCollector(
      [
        providerOf('NVIDIA', () => readingOf('NVIDIA', [0])),
        providerOf('AMD', () => ({ ...readingOf('AMD', [0]), error: 'amd-smi ended' })),
        providerOf('Intel', () => readingOf('Intel', [0]), { isPresent: () => false }),
      ],
      1_000,
    );
    expect(rowsOf(collector.read()).map(([vendor]) => vendor)).toEqual(['NVIDIA', 'AMD']);
    expect(collector.read().error).toBe('amd-smi ended');
  });

  it('waits for a vendor that has not answered, but not for ever', () => {
    let nowMs = 0;
    const providers = [providerOf('NVIDIA', () => readingOf('NVIDIA', [0])), providerOf('AMD', unknown)];
    const collector = createGpuCollector(providers, 1_000, () => nowMs);
    expect(collector.read().known).toBe(false);
    nowMs = 20_000;
    expect(collector.read()).toMatchObject({ known: true, error: 'amd-smi has not answered' });
    expect(collector.read().facts).toHaveLength(1);
  });

  it('does not take silence for an answer where nobody answers', () => {
    let nowMs = 0;
    const collector = createGpuCollector([providerOf('AMD', unknown)], 1_000, () => nowMs);
    nowMs = 20_000;
    expect(collector.read().known).toBe(false);
  });

  it('keeps the others when one vendor throws, wherever it does', () => {
    const fail = () => {
      throw new Error('broken');
    };
    const collector = createGpuCollector(
      [
        providerOf('AMD', fail, { start: fail, setInterval: fail, stop: fail }),
        providerOf('Intel', fail, { isPresent: fail }),
        providerOf('NVIDIA', () => readingOf('NVIDIA', [0])),
      ],
      1_000,
    );
    expect(() => collector.setInterval(500, true)).not.toThrow();
    expect(rowsOf(collector.read())).toEqual([['NVIDIA', 0, null]]);
    expect(collector.read().error).toContain('AMD: broken');
    expect(() => collector.stop()).not.toThrow();
  });
});
