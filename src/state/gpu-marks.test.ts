import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bareSample } from '../../test/support/bare-sample.ts';
import { fakeGpu, fakeJob, fakeNode, TAKEN_AT_MS } from '../../test/support/fake-cluster.ts';
import { noGpuFacts } from '../protocol/absent.ts';
import { briefGpus } from '../protocol/brief-gpus.ts';
import type { GpuFacts } from '../protocol/gpu-facts.ts';
import { parseMessage } from '../protocol/messages.ts';
import type { ReportedGpu, ReportedGpuProcess } from '../protocol/reported-sample.ts';
import { findMajorities } from './gpu-majorities.ts';
import { defaultThresholds, type MarkInput, markGpus, unexplainedBytes } from './gpu-marks.ts';
import { createGpuSpells } from './gpu-spells.ts';

const GIB = 1024 ** 3;
const MINUTE_MS = 60_000;

function input(
  gpus: ReportedGpu[],
  gpuProcesses: ReportedGpuProcess[] = [],
  change: Partial<MarkInput> = {},
): MarkInput {
  const { sample } = fakeNode('n1', {}, { gpus, gpuProcesses });
  if (sample === null) throw new Error('a fake node has a sample');
  return {
    sample,
    holders: [],
    spells: createGpuSpells(defaultThresholds),
    majorities: new Map(),
    thresholds: defaultThresholds,
    nowMs: 0,
    ...change,
  };
}

const codes = (given: MarkInput) => markGpus(given).map(({ gpuIndex, code }) => `${gpuIndex} ${code}`);

describe('ghost memory', () => {
  it('is what no visible process explains', () => {
    const gpu = fakeGpu(0, { memoryUsedBytes: 20 * GIB });
    const alive = fakeJob(7, 0, { gpuMemoryBytes: 5 * GIB });
    const dead = fakeJob(8, 0, { gpuMemoryBytes: 14 * GIB, state: null, command: null, user: null });
    expect(markGpus(input([gpu], [alive, dead], { holders: [{ gpuIndex: 0, pid: 99 }] }))).toEqual([
      {
        gpuIndex: 0,
        code: 'ghost-memory',
        text: '15.0 GiB that no visible process explains; the driver still lists pid 8, gone or hidden from this login; its device is open in pid 99',
      },
    ]);
  });

  it('is of hidden processes, not of such that are gone, where this login sees only its own', () => {
    const hidden = fakeJob(8, 0, { gpuMemoryBytes: 14 * GIB, state: null, command: null, user: null });
    const given = input([fakeGpu(0, { memoryUsedBytes: 20 * GIB })], [hidden]);
    given.sample.processCount = null;
    expect(markGpus(given)[0]?.text).toBe(
      '20.0 GiB that no visible process explains; the driver still lists pid 8, hidden from this login',
    );
  });

  it('is not claimed where a process’s memory is not told, nor below the threshold', () => {
    const gpu = fakeGpu(0, { memoryUsedBytes: 20 * GIB });
    expect(codes(input([gpu], [fakeJob(7, 0, { gpuMemoryBytes: null })]))).toEqual([]);
    expect(codes(input([gpu], [fakeJob(7, 0, { gpuMemoryBytes: 19.5 * GIB })]))).toEqual([]);
    expect(codes(input([{ ...gpu, unifiedMemory: true }]))).toEqual([]);
    expect(codes(input([{ ...gpu, migEnabled: true }]))).toEqual([]);
    const unknown = input([gpu]);
    unknown.sample.gpuProcesses = null;
    expect(codes(unknown)).toEqual([]);
  });

  it('is never negative', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.array(fc.maxSafeNat()), (used, held) => {
        const jobs = held.map((gpuMemoryBytes, pid) => fakeJob(pid, 0, { gpuMemoryBytes }));
        expect(unexplainedBytes(fakeGpu(0, { memoryUsedBytes: used }), jobs)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('a GPU that is held', () => {
  const brief = (use: number | null, power: number | null, held = true, index = 0) => {
    const gpuProcesses = { pid: [1], gpuIndex: held ? [index] : [], type: ['C'] };
    const gpus = { index: [index], utilizationPercent: [use], powerWatts: [power] };
    const parsed = parseMessage(JSON.stringify({ ...bareSample, gpus, gpuProcesses }));
    if (!parsed.ok || parsed.message.type !== 'sample') throw new Error('not a sample');
    return briefGpus(parsed.message);
  };
  const limit = () => 400;

  it('is marked after so long without work, with its user', () => {
    const spells = createGpuSpells(defaultThresholds);
    for (let nowMs = 0; nowMs <= 31 * MINUTE_MS; nowMs += MINUTE_MS) spells.note(brief(0, 50), limit, nowMs);
    const at = (minutes: number) =>
      markGpus(input([fakeGpu(0)], [fakeJob(7, 0)], { spells, nowMs: minutes * MINUTE_MS }));
    expect(at(29)).toEqual([]);
    expect(at(31)).toEqual([
      { gpuIndex: 0, code: 'held-idle', text: 'held by alice without any work for 31m00s' },
    ]);
    spells.note(brief(40, 200), limit, 32 * MINUTE_MS);
    expect(at(33)).toEqual([]);
  });

  it('is not held against those who came later, nor against a display or MPS', () => {
    const spells = createGpuSpells(defaultThresholds);
    for (let nowMs = 0; nowMs <= 60 * MINUTE_MS; nowMs += MINUTE_MS) spells.note(brief(0, 50), limit, nowMs);
    const at = { spells, nowMs: 60 * MINUTE_MS };
    const since = (minutes: number) => TAKEN_AT_MS - minutes * MINUTE_MS;
    const young = fakeJob(8, 0, { user: 'bob', startTimeMs: since(5) });
    expect(codes(input([fakeGpu(0)], [young], at))).toEqual([]);
    const older = { ...young, startTimeMs: since(40) };
    expect(markGpus(input([fakeGpu(0)], [young, older], at))[0]?.text).toBe(
      'held by bob without any work for 40m00s',
    );
    const display = fakeJob(1, 0, { type: 'G', command: 'Xorg', gpuMemoryBytes: 4 });
    expect(codes(input([fakeGpu(0)], [display], at))).toEqual([]);
    const server = fakeJob(1, 0, { command: 'nvidia-cuda-mps-server' });
    expect(codes(input([fakeGpu(0)], [server], at))).toEqual([]);
  });

  it('begins anew where its index was away', () => {
    const spells = createGpuSpells(defaultThresholds);
    spells.note(brief(0, 50), limit, 0);
    spells.note(brief(0, 50, false, 1), limit, MINUTE_MS);
    spells.note(brief(0, 50), limit, 2 * MINUTE_MS);
    expect(spells.heldIdleMs(0, 3 * MINUTE_MS)).toBe(MINUTE_MS);
  });

  it('counts anew after a gap of which nothing is known', () => {
    const spells = createGpuSpells(defaultThresholds);
    spells.note(brief(0, 50), limit, 0);
    spells.note(brief(0, 50), limit, 60 * MINUTE_MS);
    expect(spells.heldIdleMs(0, 60 * MINUTE_MS)).toBe(0);
  });

  it('is not called idle where its use is unknown or nobody holds it', () => {
    const spells = createGpuSpells(defaultThresholds);
    spells.note(brief(null, 50), limit, 0);
    expect(spells.heldIdleMs(0, MINUTE_MS)).toBeNull();
    spells.note(brief(0, 50, false), limit, 0);
    expect(spells.heldIdleMs(0, MINUTE_MS)).toBeNull();
  });

  it('is suspicious at full use and a quarter of its power', () => {
    const spells = createGpuSpells(defaultThresholds);
    spells.note(brief(100, 100), limit, 0);
    const gpu = fakeGpu(0, { utilizationPercent: 100, powerWatts: 100, powerLimitWatts: 400 });
    expect(codes(input([gpu], [], { spells, nowMs: MINUTE_MS - 1 }))).toEqual([]);
    expect(markGpus(input([gpu], [], { spells, nowMs: 2 * MINUTE_MS }))).toEqual([
      {
        gpuIndex: 0,
        code: 'low-power',
        text: '100% used at 25% of its power limit for 2m00s: it probably waits instead of computing',
      },
    ]);
    spells.note(brief(100, 101), limit, 2 * MINUTE_MS);
    expect(codes(input([gpu], [], { spells, nowMs: 3 * MINUTE_MS }))).toEqual([]);
  });

  it('is suspicious at the share that the settings have now', () => {
    const thresholds = { ...defaultThresholds };
    const spells = createGpuSpells(thresholds);
    spells.note(brief(100, 150), limit, 0);
    expect(spells.lowPowerMs(0, MINUTE_MS)).toBeNull();
    thresholds.lowPowerShare = 0.5;
    spells.note(brief(100, 150), limit, MINUTE_MS);
    expect(spells.lowPowerMs(0, 2 * MINUTE_MS)).toBe(MINUTE_MS);
  });
});

describe('siblings', () => {
  const facts = (name: string, change: Partial<GpuFacts> = {}): GpuFacts => ({
    ...noGpuFacts,
    index: 0,
    vendor: 'nvidia',
    name,
    driverVersion: '550.54.15',
    powerLimitWatts: 350,
    eccEnabled: true,
    migEnabled: false,
    pcieWidthMax: 16,
    ...change,
  });

  it('show the one that differs, in each property', () => {
    const odd = {
      driverVersion: '535.104.05',
      powerLimitWatts: 300,
      eccEnabled: false,
      migEnabled: true,
      pcieWidthMax: 8,
    };
    const majorities = findMajorities([
      ...Array.from({ length: 7 }, () => facts('H100')),
      facts('H100', odd),
    ]);
    const marks = markGpus(
      input(
        [fakeGpu(0, { ...facts('H100'), index: 0 }), fakeGpu(1, { ...facts('H100', odd), index: 1 })],
        [],
        { majorities },
      ),
    );
    expect(marks.map(({ gpuIndex, code }) => `${gpuIndex} ${code}`)).toEqual([
      '1 driver-differs',
      '1 power-limit-differs',
      '1 ecc-differs',
      '1 mig-differs',
      '1 link-differs',
    ]);
    expect(marks[1]?.text).toBe(
      'a power limit of 300 W, where 7 of 8 GPUs of this model have a power limit of 350 W',
    );
  });

  it('say nothing where there is no clear majority, or too few', () => {
    const half = [
      facts('A'),
      facts('A'),
      facts('A', { powerLimitWatts: 1 }),
      facts('A', { powerLimitWatts: 1 }),
    ];
    expect(findMajorities(half).size).toBe(0);
    expect(findMajorities([facts('A'), facts('A', { powerLimitWatts: 1 })]).size).toBe(0);
  });

  it('single out exactly one planted outlier of any fleet', () => {
    const fleet = fc.record({
      models: fc.array(
        fc.record({ name: fc.string({ minLength: 1 }), count: fc.integer({ min: 4, max: 40 }) }),
        {
          minLength: 1,
          maxLength: 5,
        },
      ),
      at: fc.nat(),
    });
    fc.assert(
      fc.property(fleet, ({ models, at }) => {
        const named = models.map(({ name, count }, number) => ({ name: `${number} ${name}`, count }));
        const all = named.flatMap(({ name, count }) => Array.from({ length: count }, () => facts(name)));
        const outlier = at % all.length;
        const gpus = all.map((gpu, index) => ({
          ...gpu,
          index,
          ...(index === outlier ? { driverVersion: '1.0' } : {}),
        }));
        const marked = markGpus(
          input(
            gpus.map((gpu) => fakeGpu(gpu.index, gpu)),
            [],
            { majorities: findMajorities(gpus) },
          ),
        );
        expect(marked.map(({ gpuIndex, code }) => [gpuIndex, code])).toEqual([[outlier, 'driver-differs']]);
      }),
      { numRuns: 50 },
    );
  });

  it('show the hot one, unless it works more', () => {
    const cool = [1, 2, 3].map((index) => fakeGpu(index, { temperatureCelsius: 50, powerWatts: 200 }));
    expect(codes(input([fakeGpu(0, { temperatureCelsius: 70, powerWatts: 210 }), ...cool]))).toEqual([
      '0 hotter',
    ]);
    expect(codes(input([fakeGpu(0, { temperatureCelsius: 70, powerWatts: 300 }), ...cool]))).toEqual([]);
    expect(codes(input([fakeGpu(0, { temperatureCelsius: 60, powerWatts: 200 }), ...cool]))).toEqual([]);
  });
});

describe('links and memory', () => {
  it('a busy GPU on a narrow link is marked, an idle one not', () => {
    const link = { pcieWidth: 8, pcieWidthMax: 16 };
    expect(codes(input([fakeGpu(0, { ...link, utilizationPercent: 50 })]))).toEqual(['0 narrow-link']);
    expect(codes(input([fakeGpu(0, { ...link, utilizationPercent: 0 })]))).toEqual([]);
  });

  it('memory errors are told with what waits for a reset', () => {
    const gpu = fakeGpu(0, { eccVolatileUncorrected: 2, remappedRowsPending: true });
    expect(markGpus(input([gpu]))[0]?.text).toBe(
      '2 memory errors that could not be corrected; a repair of its memory waits for a reset',
    );
  });

  it('a lost GPU has its own words', () => {
    expect(codes(input([fakeGpu(0, { health: 'lost', eccVolatileUncorrected: 2 })]))).toEqual([]);
  });
});
