import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shiftOf, toShortFloat } from '../lib/short-floats.ts';
import { RECENT_MS } from '../report/series.ts';
import {
  addPoint,
  columnAt,
  createRecentRing,
  MAX_POINTS,
  MAX_RECENT_GPUS,
  MAX_RECENT_JOBS,
  placesSince,
  type RecentPoint,
  type RecentRing,
  ringBytes,
} from './recent-ring.ts';

const START_MS = 1_700_000_000_000;
/** Values of rows as they come: the third of four is a temperature. */
const rows = <Key>(keys: readonly Key[], values: readonly number[]) => {
  const width = values.length / keys.length;
  const shift = (at: number) => (width === 4 && at % 4 === 2 ? shiftOf('celsius') : 0);
  return { keys, cells: values.map((value, at) => toShortFloat(value + shift(at))) };
};
const NONE = { keys: [], cells: [] };
const machine = (cpu: number) => rows([null], [cpu, ...Array<number>(7).fill(Number.NaN)]);
const cpuOnly = (cpu: number): RecentPoint => ({ machine: machine(cpu), gpus: NONE, jobs: NONE });
const gpuRows = (count: number, value: number) =>
  rows(
    Array.from({ length: count }, (_, index) => index),
    Array<number>(count * 4).fill(value),
  );
const jobRows = (keys: readonly string[], value: number) =>
  rows(keys, Array<number>(keys.length * 3).fill(value));
const jobNames = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `slurm:${from + at}`);

const timesOf = (ring: RecentRing, sinceMs = 0) =>
  placesSince(ring, sinceMs).map((place) => (ring.times[place] ?? 0) - START_MS);
const cpuOf = (ring: RecentRing) => columnAt(ring.machine, 0, 0, placesSince(ring, 0));

describe('the ring', () => {
  it('holds nothing before the first point', () => {
    const ring = createRecentRing();
    expect(ringBytes(ring)).toBe(0);
    expect(placesSince(ring, 0)).toEqual([]);
  });

  it('holds the last 15 minutes, in order, over days', () => {
    const ring = createRecentRing();
    let ms = 0;
    for (; ms < 2 * 86_400_000; ms += 10_000)
      addPoint(ring, cpuOnly((ms / 10_000) % 100), 10_000, START_MS + ms);
    const times = timesOf(ring);
    expect(times).toHaveLength(91);
    expect(times[0]).toBe(ms - 10_000 - RECENT_MS);
    expect(times.at(-1)).toBe(ms - 10_000);
    expect(cpuOf(ring)).toEqual(times.map((time) => (time / 10_000) % 100));
    expect(timesOf(ring, START_MS + ms - 30_001)).toEqual([ms - 30_000, ms - 20_000, ms - 10_000]);
  });

  it('ends a line where the node was away for more than three intervals, and not before', () => {
    const ring = createRecentRing();
    for (const ms of [0, 5_000, 20_000, 35_001]) addPoint(ring, cpuOnly(7), 1_000, START_MS + ms);
    expect(timesOf(ring)).toEqual([0, 5_000, 20_000, 25_000, 35_001]);
    expect(cpuOf(ring)).toEqual([7, 7, 7, null, 7]);
  });

  it('takes no change of pace for an absence', () => {
    const ring = createRecentRing();
    const pace: [number, number][] = [
      [0, 60_000],
      [60_000, 60_000],
      [120_000, 1_000],
      [125_000, 1_000],
      [185_000, 60_000],
    ];
    for (const [ms, intervalMs] of pace) addPoint(ring, cpuOnly(1), intervalMs, START_MS + ms);
    expect(cpuOf(ring)).not.toContain(null);
  });

  it('follows a clock that is set back, and one that is set forward', () => {
    const ring = createRecentRing();
    for (const ms of [0, 5_000, 10_000]) addPoint(ring, cpuOnly(1), 1_000, START_MS + ms);
    addPoint(ring, cpuOnly(2), 1_000, START_MS + 7_000);
    expect(timesOf(ring)).toEqual([0, 5_000, 7_000]);
    addPoint(ring, cpuOnly(3), 1_000, START_MS - 86_400_000);
    expect(cpuOf(ring)).toEqual([3]);
    addPoint(ring, cpuOnly(4), 1_000, START_MS + 86_400_000);
    expect(cpuOf(ring)).toEqual([4]);
  });

  it('forgets a GPU and a job 15 minutes after their last value, and gives their room back', () => {
    const ring = createRecentRing();
    addPoint(
      ring,
      { machine: machine(1), gpus: gpuRows(8, 5), jobs: jobRows(jobNames(12), 5) },
      10_000,
      START_MS,
    );
    for (let ms = 10_000; ms <= RECENT_MS; ms += 10_000) addPoint(ring, cpuOnly(1), 10_000, START_MS + ms);
    expect(ring.gpus.keys).toHaveLength(8);
    expect(ring.jobs.keys).toHaveLength(12);
    const before = ringBytes(ring);
    addPoint(ring, cpuOnly(1), 10_000, START_MS + RECENT_MS + 10_000);
    expect(ring.gpus.keys).toEqual([]);
    expect(ring.jobs.keys).toEqual([]);
    expect(ringBytes(ring)).toBeLessThan(before / 2);
  });

  it('shows a GPU that came back with what was before and null between', () => {
    const ring = createRecentRing();
    const add = (count: number, ms: number) =>
      addPoint(ring, { machine: machine(1), gpus: gpuRows(count, count), jobs: NONE }, 10_000, START_MS + ms);
    add(2, 0);
    add(1, 10_000);
    add(2, 20_000);
    const row = ring.gpus.keys.indexOf(1);
    expect(columnAt(ring.gpus, row, 0, placesSince(ring, 0))).toEqual([2, null, 2]);
  });

  it('keeps the others as they are when one is forgotten, and a new one has no past', () => {
    const ring = createRecentRing();
    const add = (keys: number[], ms: number) => {
      const values = keys.flatMap((key) => Array<number>(4).fill(key + ms / 100_000));
      addPoint(ring, { machine: machine(1), gpus: rows(keys, values), jobs: NONE }, 10_000, START_MS + ms);
    };
    add([0, 1, 2, 3, 4, 5], 0);
    for (let ms = 10_000; ms <= RECENT_MS + 10_000; ms += 10_000) add([1, 3, 5], ms);
    add([1, 3, 5, 9], RECENT_MS + 20_000);
    expect([...ring.gpus.keys].sort()).toEqual([1, 3, 5, 9]);
    const places = placesSince(ring, 0);
    const valuesOf = (gpu: number, column: number) =>
      columnAt(ring.gpus, ring.gpus.keys.indexOf(gpu), column, places);
    for (const gpu of [1, 3, 5])
      for (const column of [0, 3])
        expect(valuesOf(gpu, column).map((value) => Math.round((value ?? 0) * 10))).toEqual(
          places.map((place) => Math.round((gpu + ((ring.times[place] ?? 0) - START_MS) / 100_000) * 10)),
        );
    expect(valuesOf(9, 0).filter((value) => value !== null)).toHaveLength(1);
  });

  it('keeps temperatures below zero', () => {
    const ring = createRecentRing();
    const gpus = rows([0], [Number.NaN, Number.NaN, -40, Number.NaN]);
    addPoint(ring, { machine: machine(1), gpus, jobs: NONE }, 1_000, START_MS);
    const places = placesSince(ring, 0);
    expect(columnAt(ring.gpus, 0, 2, places)).toEqual([-40]);
    expect(columnAt(ring.gpus, 0, 3, places)).toEqual([null]);
  });
});

describe('what a ring costs', () => {
  const filled = (spacingMs: number, gpus: number, jobs: number) => {
    const ring = createRecentRing();
    for (let ms = 0; ms < 3 * RECENT_MS; ms += spacingMs) {
      const point = { machine: machine(9), gpus: gpuRows(gpus, 3), jobs: jobRows(jobNames(jobs), 3) };
      addPoint(ring, point, spacingMs, START_MS + ms);
    }
    return ring;
  };

  it('is 15 KB for 8 GPUs and 12 jobs every 10 s, 30 KB every 5 s', () => {
    expect(ringBytes(filled(10_000, 8, 12))).toBeLessThanOrEqual(15.5 * 1024);
    expect(ringBytes(filled(5_000, 8, 12))).toBeLessThanOrEqual(32 * 1024);
    expect(ringBytes(filled(10_000, 8, 4))).toBeLessThanOrEqual(11 * 1024);
  });

  it('falls again when nobody looks any more', () => {
    const ring = filled(5_000, 8, 4);
    const watched = ringBytes(ring);
    const lastMs = START_MS + 3 * RECENT_MS;
    for (let ms = 0; ms < 2 * RECENT_MS; ms += 10_000) {
      const point = { machine: machine(9), gpus: gpuRows(8, 3), jobs: jobRows(jobNames(4), 3) };
      addPoint(ring, point, 10_000, lastMs + ms);
    }
    expect(ringBytes(ring)).toBeLessThan(watched * 0.6);
  });

  it('is bounded by whatever a node says: other GPUs and jobs in every sample, too many, too often', () => {
    const ring = createRecentRing();
    for (let at = 0; at < 3_000; at++) {
      const gpus = rows(
        Array.from({ length: 256 }, (_, n) => (n + at * 7) % 4096),
        Array<number>(1024).fill(1e300),
      );
      addPoint(
        ring,
        { machine: machine(1), gpus, jobs: jobRows(jobNames(12, at * 12), 1) },
        200,
        START_MS + at * 200,
      );
    }
    expect(ring.count).toBeLessThanOrEqual(MAX_POINTS);
    expect(ring.gpus.keys.length).toBeLessThanOrEqual(MAX_RECENT_GPUS);
    expect(ring.jobs.keys.length).toBeLessThanOrEqual(MAX_RECENT_JOBS);
    expect(new Set(ring.jobs.keys).size).toBe(ring.jobs.keys.length);
    expect(ringBytes(ring)).toBeLessThanOrEqual((8 + MAX_RECENT_GPUS * 4 + MAX_RECENT_JOBS * 3) * 400 + 1600);
    expect(ring.jobs.keys).toContain('slurm:35999');
  });
});

/** What the ring should hold, kept the long way. */
function createOracle() {
  let points: { ms: number; cpu: number | null; gpus: Map<number, number> }[] = [];
  let interval = 5_000;
  return {
    add(ms: number, intervalMs: number, cpu: number, gpus: Map<number, number>) {
      points = points.filter((point) => point.ms < ms);
      const last = points.at(-1);
      const spacing = Math.max(5_000, interval, intervalMs);
      interval = intervalMs;
      if (last && ms - last.ms > 3 * spacing && ms - last.ms < RECENT_MS)
        points.push({ ms: last.ms + spacing, cpu: null, gpus: new Map() });
      points.push({ ms, cpu, gpus });
      points = points.filter((point) => point.ms >= ms - RECENT_MS).slice(-MAX_POINTS);
    },
    points: () => points,
  };
}

it('holds what a plain list would hold', () => {
  const step = fc.record({
    afterMs: fc.oneof(
      fc.integer({ min: 4_500, max: 12_000 }),
      fc.integer({ min: -20_000, max: 200_000 }),
      fc.constant(RECENT_MS + 1),
    ),
    intervalMs: fc.constantFrom(1_000, 10_000, 60_000),
    cpu: fc.integer({ min: 0, max: 100 }),
    gpus: fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      const ring = createRecentRing();
      const oracle = createOracle();
      let nowMs = START_MS;
      for (const { afterMs, intervalMs, cpu, gpus } of steps) {
        nowMs += afterMs;
        const values = gpus.flatMap((gpu) => [gpu + cpu, Number.NaN, gpu, Number.NaN]);
        const point = { machine: machine(cpu), gpus: rows(gpus, values), jobs: NONE };
        addPoint(ring, point, intervalMs, nowMs);
        oracle.add(nowMs, intervalMs, cpu, new Map(gpus.map((gpu) => [gpu, gpu + cpu])));
      }
      const points = oracle.points();
      const places = placesSince(ring, 0);
      expect(places.map((place) => ring.times[place])).toEqual(points.map(({ ms }) => ms));
      if (steps.length > 0) expect(cpuOf(ring)).toEqual(points.map(({ cpu }) => cpu));
      const present = new Set(points.flatMap(({ gpus }) => [...gpus.keys()]));
      for (const gpu of present)
        expect(columnAt(ring.gpus, ring.gpus.keys.indexOf(gpu), 0, places)).toEqual(
          points.map(({ gpus }) => gpus.get(gpu) ?? null),
        );
    }),
    { numRuns: 60 },
  );
});
