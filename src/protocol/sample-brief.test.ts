import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bareSample } from '../../test/support/bare-sample.ts';
import { briefFigure } from './brief-gpus.ts';
import { MAX_BRIEF_JOBS } from './brief-jobs.ts';
import { BRIEF_BEGIN, BRIEF_END, sampleLine, writeBrief } from './brief-line.ts';
import { applyFacts, createKnownFacts } from './known-facts.ts';
import { parseMessage } from './messages.ts';
import { briefDifference, parseBrief } from './read-brief.ts';
import { readSample } from './read-sample.ts';
import type { Sample } from './sample.ts';
import { briefSample, type SampleBrief } from './sample-brief.ts';
import type { ToldSample } from './told-sample.ts';

const GIB = 1024 ** 3;
const NO_PROCESSES = { processes: new Map() };

function sampleOf(fields: object): Sample {
  const parsed = parseMessage(JSON.stringify({ ...bareSample, ...fields }));
  if (!parsed.ok || parsed.message.type !== 'sample') throw new Error('not a sample');
  return parsed.message;
}

function readBack(brief: SampleBrief): SampleBrief {
  const parsed = parseBrief(writeBrief(brief));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.brief;
}

it('a GPU is held by a process that computes, or by memory, but not by a display', () => {
  const sample = sampleOf({
    gpus: { index: [0, 1, 2, 3], memoryUsedBytes: [0, 2 * GIB, 2 * GIB, GIB] },
    gpuProcesses: {
      pid: [1, 2, 2],
      gpuIndex: [0, 1, 2],
      type: ['C', 'G', 'G'],
      gpuMemoryBytes: [null, 1.5 * GIB, GIB / 2],
    },
  });
  expect(briefSample(sample, NO_PROCESSES).gpus?.isHeld).toEqual([true, false, true, true]);
});

describe('a brief', () => {
  const number = (max: number, min = 0) => fc.oneof(fc.constant(null), fc.double({ min, max, noNaN: true }));
  const column = (max: number, min = 0) => fc.array(number(max, min), { maxLength: 10 });
  const name = fc.string({ unit: 'binary', maxLength: 40 });
  const fields = fc.record({
    sequence: fc.integer({ min: 1 }),
    intervalMs: fc.oneof(fc.constant(null), fc.double({ min: 200, max: 3_600_000, noNaN: true })),
    cpu: fc.oneof(
      fc.constant(null),
      number(100).map((totalPercent) => ({ totalPercent, corePercents: [] })),
    ),
    network: fc.oneof(
      fc.constant(null),
      fc.array(
        fc.record({ name, receiveBytesPerSecond: number(1e12), transmitBytesPerSecond: number(1e12) }),
      ),
    ),
    disks: fc.oneof(
      fc.constant(null),
      fc.array(
        fc.record({
          name,
          readBytesPerSecond: number(1e12),
          writeBytesPerSecond: number(1e12),
          busyPercent: number(100),
        }),
      ),
    ),
    gpus: fc.oneof(
      fc.constant(null),
      fc.record(
        {
          index: fc.uniqueArray(fc.integer({ min: 0, max: 4095 }), { maxLength: 10 }),
          utilizationPercent: column(100),
          memoryUsedBytes: column(Number.MAX_SAFE_INTEGER),
          temperatureCelsius: column(250, -60),
          powerWatts: column(100_000),
        },
        { requiredKeys: ['index'] },
      ),
    ),
    gpuProcesses: fc.record(
      {
        pid: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 6, maxLength: 6 }),
        gpuIndex: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 6, maxLength: 6 }),
        type: fc.array(fc.constantFrom('C', 'G', null), { maxLength: 6 }),
        gpuMemoryBytes: column(80 * GIB),
      },
      { requiredKeys: ['pid', 'gpuIndex'] },
    ),
    jobs: fc.oneof(
      fc.constant(null),
      fc.record(
        {
          key: fc.uniqueArray(fc.oneof(name, fc.constantFrom('slurm:1', 'slurm:2')), { maxLength: 30 }),
          cpuPercent: column(100_000),
          residentBytes: column(Number.MAX_SAFE_INTEGER),
        },
        { requiredKeys: ['key'] },
      ),
    ),
    fails: fc.boolean(),
  });

  it('that travelled is what the whole sample makes of it', () => {
    fc.assert(
      fc.property(fields, ({ fails, ...told }) => {
        const collectors = { ...bareSample.collectors, disks: { ok: !fails, ms: 1 } };
        const known = createKnownFacts();
        const processes = [1, 2, 3].map((pid) => ({
          pid,
          startTimeMs: 1,
          user: null,
          command: 'python',
          arguments: null,
          job: `slurm:${pid % 2}`,
        }));
        applyFacts(known, { processes });
        const sample = sampleOf({ ...told, collectors });
        // A monitor leaves out columns without a figure, and its figures were not checked by anybody.
        const said = { ...sample, ...told, collectors } as unknown as ToldSample;
        const line = sampleLine(briefSample(said, known), JSON.stringify(said));
        expect(line.startsWith(BRIEF_BEGIN)).toBe(true);
        expect(line).not.toContain('\n');
        const end = line.indexOf(BRIEF_END);
        const brief = parseBrief(line.slice(0, end));
        const whole = readSample(Buffer.from(line.slice(end + 1)));
        if (!brief.ok || !whole.ok) throw new Error('refused');
        expect(brief.brief).toEqual(briefSample(whole.sample, known));
        expect(briefDifference(brief.brief, whole.sample)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('has at most 400 bytes for 8 GPUs with 16 processes of 8 jobs', () => {
    const index = Array.from({ length: 8 }, (_, at) => at);
    const pids = Array.from({ length: 16 }, (_, at) => 100 + at);
    const sample = sampleOf({
      sequence: 1_000_000,
      intervalMs: 10_000,
      cpu: { totalPercent: 77.7, corePercents: [] },
      gpus: {
        index,
        utilizationPercent: index.map(() => 100),
        memoryUsedBytes: index.map((at) => (70 + at) * GIB),
        temperatureCelsius: index.map(() => 71),
        powerWatts: index.map(() => 688.25),
      },
      gpuProcesses: { pid: pids, gpuIndex: pids.map((pid) => pid % 8), gpuMemoryBytes: pids.map(() => GIB) },
      jobs: { key: index.map((at) => `slurm:48211${at}`), cpuPercent: index, residentBytes: index },
    });
    expect(writeBrief(briefSample(sample, NO_PROCESSES)).length).toBeLessThanOrEqual(400);
  });

  it('tells whole numbers as they are, and temperatures below zero', () => {
    const brief = briefSample(
      sampleOf({ gpus: { index: [3], utilizationPercent: [98], temperatureCelsius: [-7] } }),
      NO_PROCESSES,
    ).gpus;
    if (!brief) throw new Error('no GPUs');
    expect(briefFigure(brief, 0, 'utilizationPercent')).toBe(98);
    expect(briefFigure(brief, 0, 'temperatureCelsius')).toBe(-7);
    expect(briefFigure(brief, 0, 'powerWatts')).toBeNull();
  });

  it('of a sample without GPUs has none', () => {
    expect(briefSample(sampleOf({ gpus: { index: [] } }), NO_PROCESSES).gpus).toBeNull();
  });
});

describe('what a node may say in a brief', () => {
  const good = briefSample(
    sampleOf({
      cpu: { totalPercent: 12, corePercents: [] },
      gpus: { index: [0, 1], utilizationPercent: [5, 6] },
      jobs: { key: ['a'], cpuPercent: [1], residentBytes: [1] },
    }),
    NO_PROCESSES,
  );
  const changed = (at: number, value: unknown) => {
    const parts = JSON.parse(writeBrief(good)) as unknown[];
    parts[at] = value;
    return parseBrief(JSON.stringify(parts));
  };
  const codes = (...numbers: number[]) => Buffer.from(Uint16Array.from(numbers).buffer).toString('base64');

  it.each([
    ['the whole', -1, 0],
    ['sequence', 0, 0],
    ['sequence', 0, 1.5],
    ['collectors', 2, 128],
    ['machine', 3, 'A'],
    ['machine', 3, codes(1, 2, 3)],
    ['GPUs', 4, codes(1, 2)],
    ['GPUs', 4, ''],
    ['GPUs', 4, codes(2 * 4096, 0, 0, 0, 0)],
    ['GPUs', 4, 'A'.repeat(10_000)],
    ['job keys', 5, Array(MAX_BRIEF_JOBS + 1).fill('a')],
    ['job keys', 5, [7]],
    ['jobs', 5, ['a', 'b']],
    ['jobs', 6, codes(1)],
  ])('%s is refused by its name (%i: %j)', (place, at, value) => {
    const parsed = at < 0 ? parseBrief('[1,2]') : changed(at, value);
    expect(parsed).toMatchObject({
      ok: false,
      reason: expect.stringContaining(`a sample's brief: ${place}: `),
    });
  });

  it('is never more than the whole sample may say', () => {
    const parsed = changed(4, codes(0, 65_535, 65_535, 65_535, 65_535));
    if (!parsed.ok || !parsed.brief.gpus) throw new Error('refused');
    const { gpus } = parsed.brief;
    expect(briefFigure(gpus, 0, 'utilizationPercent')).toBeNull();
    expect(briefFigure(gpus, 0, 'temperatureCelsius')).toBeNull();
    expect(briefFigure(gpus, 0, 'powerWatts')).toBeNull();
    for (const intervalMs of [0, 1e9, '1'])
      expect(changed(1, intervalMs)).toMatchObject({ ok: true, brief: { intervalMs: null } });
    const machine = changed(3, codes(...Array<number>(8).fill(65_535)));
    expect(machine.ok && machine.brief.machine[0]).toBe(0);
  });

  it('never throws, and its texts are well-formed', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        parseBrief(text);
      }),
    );
    const parsed = parseBrief(writeBrief(good).replace('"a"', '"\\ud800"'));
    expect(parsed.ok && parsed.brief.jobs?.key[0]).toBe('\ufffd');
  });

  it('is compared with the sample that it came with', () => {
    const sample = sampleOf({ gpus: { index: [0], utilizationPercent: [5] }, jobs: { key: [] } });
    const brief = readBack(briefSample(sample, NO_PROCESSES));
    const other = (fields: object) => briefDifference(brief, { ...sample, ...fields });
    expect(other({})).toBeNull();
    expect(other({ sequence: 2 })).toBe('sequence');
    expect(other({ intervalMs: 2_000 })).toBe('interval');
    expect(other({ cpu: { totalPercent: 1 } })).toBe('machine');
    expect(other({ gpus: null })).toBe('GPUs');
    expect(other({ gpus: { ...sample.gpus, utilizationPercent: [6] } })).toBe('GPUs');
    expect(other({ jobs: null })).toBe('jobs');
    const collectors = { ...sample.collectors, cpu: { ok: false, ms: 1, error: 'x' } };
    expect(other({ collectors })).toBe('collectors');
  });
});
