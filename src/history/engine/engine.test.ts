import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pointOf } from '../../../test/support/history-trace.ts';
import { groupBy } from '../../lib/group-by.ts';
import type { BlobStore } from '../blob-store.ts';
import { findSqlite, type Sqlite } from '../sqlite/sqlite.ts';
import { createSqliteStore } from '../sqlite/sqlite-store.ts';
import { DAY_MS } from '../tiers.ts';
import { valuesOf } from './bins.ts';
import { createEngine, type Engine, type NodePoint } from './engine.ts';

const START_MS = Date.parse('2026-11-30T00:00:00Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const GIB = 1024 ** 3;

let root: string;
let sqlite: Sqlite;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'rollcall-history-'));
  sqlite = await findSqlite();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A promise that the test resolves. */
function openGate() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

let folders = 0;
const newFolder = () => join(root, String(folders++));
/** A head's history, of which the test moves the clock. */
async function openHistory(folder = newFolder(), options: { mostBytes?: number } = {}) {
  const clock = { ms: START_MS };
  const nowMs = () => clock.ms;
  const engine = await createEngine({
    store: createSqliteStore({ folder, sqlite, nowMs }),
    nowMs,
    ...options,
  });
  return { engine, clock, folder };
}

/** One point of a node with one GPU and one job. */
const plain = (atMs: number, value: number | null, node = 'a'): NodePoint =>
  pointOf(node, atMs, { cpu: value, gpus: new Map([[0, value]]), jobs: new Map([['slurm:1', GIB]]) });

/** By half hours: each append is synced to the disk. */
async function feed(
  { engine, clock }: { engine: Engine; clock: { ms: number } },
  points: readonly NodePoint[],
) {
  const buckets = groupBy(points, ({ atMs }) => Math.floor(atMs / (30 * MINUTE_MS)));
  for (const bucket of buckets.values()) {
    clock.ms = bucket.at(-1)?.atMs ?? clock.ms;
    await engine.append(bucket);
    await engine.work();
  }
}

async function read(engine: Engine, fromMs: number, toMs: number, stepMs: number, node = 'a') {
  const { bins, tier } = await engine.range({ node, fromMs, toMs, stepMs, isWanted: () => true });
  const lines = new Map(
    Array.from(bins.lines.values(), (line) => [`${line.group}.${line.row}.${line.figure}`, valuesOf(line)]),
  );
  return {
    tier: tier.name,
    stepMs: bins.stepMs,
    fromMs: bins.fromMs,
    lines,
    cpu: lines.get('machine.null.0'),
  };
}

const series = (fromMs: number, toMs: number, stepMs: number, valueAt: (ms: number) => number | null) =>
  Array.from({ length: (toMs - fromMs) / stepMs }, (_, at) =>
    plain(fromMs + at * stepMs, valueAt(fromMs + at * stepMs)),
  );

describe('history', () => {
  it('tells each point again, at once and after the bucket was closed', async () => {
    const history = await openHistory();
    const points = series(START_MS, START_MS + 20 * MINUTE_MS, 10_000, (ms) => (ms / 10_000) % 97);
    await feed(history, points);
    const expected = points.map(({ atMs }) => (atMs / 10_000) % 97);
    const check = async () => {
      const { cpu, tier, lines } = await read(history.engine, START_MS, START_MS + 20 * MINUTE_MS, 10_000);
      expect(tier).toBe('raw');
      expect(cpu?.mean).toEqual(expected);
      expect(lines.get('gpu.0.0')?.mean).toEqual(expected);
      expect(lines.get('gpu.0.2')?.mean).toEqual(expected.map(() => 40));
      expect(lines.get('gpu.0.1')?.mean).toEqual(expected.map(() => null));
      expect(lines.get('job.slurm:1.1')?.max).toEqual(expected.map(() => GIB));
    };
    await check();
    history.clock.ms = START_MS + HOUR_MS;
    await history.engine.work();
    await check();
    expect(history.engine.problem()).toBeNull();
    await history.engine.close();
  });

  it('goes on after a restart, and after an end without goodbye', async () => {
    const folder = newFolder();
    const points = series(START_MS, START_MS + 45 * MINUTE_MS, 10_000, (ms) => (ms / 10_000) % 50);
    const first = await openHistory(folder);
    await feed(first, points.slice(0, 100));
    // Not closed: what a killed head leaves.
    const second = await openHistory(folder);
    await feed(second, points.slice(100));
    await second.engine.close();
    const third = await openHistory(folder);
    const { cpu } = await read(third.engine, START_MS, START_MS + 45 * MINUTE_MS, 10_000);
    expect(cpu?.mean).toEqual(points.map(({ atMs }) => (atMs / 10_000) % 50));
    await third.engine.close();
    await first.engine.close();
  });

  it('tells what comes late to a closed bucket at once, and over an end without goodbye', async () => {
    const folder = newFolder();
    const points = series(START_MS, START_MS + 45 * MINUTE_MS, 10_000, (ms) => (ms / 10_000) % 50);
    const isLate = ({ atMs }: NodePoint) => Math.abs(atMs - START_MS - 600_000) < 120_000;
    const first = await openHistory(folder);
    await feed(
      first,
      points.filter((point) => !isLate(point)),
    );
    first.clock.ms = START_MS + HOUR_MS;
    await first.engine.work();
    await first.engine.append(points.filter(isLate));
    const second = await openHistory(folder);
    for (const { engine } of [first, second]) {
      const { cpu } = await read(engine, START_MS, START_MS + 45 * MINUTE_MS, 10_000);
      expect(cpu?.mean).toEqual(points.map(({ atMs }) => (atMs / 10_000) % 50));
    }
    second.clock.ms = START_MS + HOUR_MS;
    await second.engine.work();
    const { cpu } = await read(second.engine, START_MS, START_MS + 45 * MINUTE_MS, 10_000);
    expect(cpu?.mean).toEqual(points.map(({ atMs }) => (atMs / 10_000) % 50));
    expect((await second.engine.frame(START_MS)).map(({ name }) => name)).toEqual(['a']);
    await second.engine.close();
    await first.engine.close();
  });

  it('keeps what comes while a half hour is closed, in a store that takes its time', async () => {
    const folder = newFolder();
    const clock = { ms: START_MS };
    const nowMs = () => clock.ms;
    const files = createSqliteStore({ folder, sqlite, nowMs });
    const asked = openGate();
    const late = openGate();
    const store: BlobStore = {
      ...files,
      async dropJournal(bucketMs) {
        asked.resolve();
        await late.promise;
        await files.dropJournal(bucketMs);
      },
    };
    const engine = await createEngine({ store, nowMs });
    await engine.append([plain(START_MS, 1), plain(START_MS + 10_000, 2)]);
    clock.ms = START_MS + HOUR_MS;
    const work = engine.work();
    await asked.promise;
    const appended = engine.append([plain(START_MS + 20_000, 3)]);
    await new Promise((resolve) => setImmediate(resolve));
    late.resolve();
    await Promise.all([work, appended]);
    await engine.append([plain(START_MS + 30_000, 4)]);
    // Not closed: what a killed head leaves.
    const second = await openHistory(folder);
    const { cpu } = await read(second.engine, START_MS, START_MS + 40_000, 10_000);
    expect(cpu?.mean).toEqual([1, 2, 3, 4]);
    expect(second.engine.damages()).toEqual([]);
    await second.engine.close();
    await engine.close();
  });

  it('keeps mean, least and most in coarser tiers, of which the newest part is made of finer ones', async () => {
    const history = await openHistory();
    const wave = (ms: number) => Math.round(50 + 50 * Math.sin(ms / 333_000));
    await feed(history, series(START_MS, START_MS + 50 * HOUR_MS, 10_000, wave));
    for (const [stepMs, tier] of [
      [MINUTE_MS, 'minute'],
      [15 * MINUTE_MS, 'quarter'],
      [DAY_MS, 'day'],
    ] as const) {
      const untilMs = START_MS + 50 * HOUR_MS;
      const answer = await read(history.engine, START_MS, untilMs, stepMs);
      expect(answer.tier).toBe(tier);
      answer.cpu?.mean.forEach((mean, at) => {
        const values = series(0, Math.min(stepMs, 50 * HOUR_MS - at * stepMs), 10_000, () => null).map(
          ({ atMs }) => wave(START_MS + at * stepMs + atMs),
        );
        expect(answer.cpu?.min[at]).toBe(Math.min(...values));
        expect(answer.cpu?.max[at]).toBe(Math.max(...values));
        const exact = values.reduce((sum, value) => sum + value, 0) / values.length;
        // Each tier is rounded once more.
        expect(Math.abs((mean ?? Number.NaN) - exact)).toBeLessThanOrEqual(0.16);
      });
    }
    await history.engine.close();
  }, 60_000);

  it('keeps the mean of rates, which are kept by their digits', async () => {
    const history = await openHistory();
    const rate = (at: number) => (at % 2 === 0 ? 1e3 : 1e9);
    await feed(
      history,
      Array.from({ length: 180 * 5 }, (_, at) =>
        pointOf('a', START_MS + at * 10_000, {
          cpu: null,
          gpus: new Map(),
          jobs: new Map(),
          receive: rate(at),
        }),
      ),
    );
    const { lines } = await read(history.engine, START_MS, START_MS + 2 * HOUR_MS, MINUTE_MS);
    for (const value of lines.get('machine.null.3')?.mean ?? []) expect(value).toBeCloseTo(5e8, -7);
    await history.engine.close();
  });

  it('tells what all GPUs did at a minute, of the open bucket and of closed ones', async () => {
    const history = await openHistory();
    await feed(
      history,
      series(START_MS, START_MS + 50 * MINUTE_MS, 10_000, (ms) => Math.floor(ms / MINUTE_MS) % 90),
    );
    for (const minute of [3, 29, 30, 49]) {
      const atMs = START_MS + minute * MINUTE_MS;
      const [node, ...others] = await history.engine.frame(atMs + 30_000);
      expect(others).toEqual([]);
      expect(node).toMatchObject({ name: 'a', cpuPercent: Math.floor(atMs / MINUTE_MS) % 90 });
      expect(node?.gpus).toEqual([
        {
          index: 0,
          utilizationPercent: Math.floor(atMs / MINUTE_MS) % 90,
          memoryUsedBytes: null,
          temperatureCelsius: 40,
          powerWatts: null,
        },
      ]);
    }
    expect(await history.engine.frame(START_MS + 55 * MINUTE_MS)).toEqual([]);
    await history.engine.close();
  });

  it('loses nothing where the clock is set back by hours, and tells no time twice', async () => {
    const history = await openHistory();
    await feed(
      history,
      series(START_MS, START_MS + 3 * HOUR_MS, 10_000, () => 10),
    );
    const backMs = START_MS + HOUR_MS + 5_000;
    // Half an hour of the time that was told already, then an hour of it left out, then on.
    await feed(
      history,
      series(backMs, backMs + HOUR_MS / 2, 10_000, () => 90),
    );
    await feed(
      history,
      series(START_MS + 3 * HOUR_MS, START_MS + 5 * HOUR_MS, 10_000, () => 20),
    );
    await history.engine.work();
    const { cpu } = await read(history.engine, START_MS, START_MS + 5 * HOUR_MS, 10_000);
    expect(cpu?.mean).toEqual(Array.from({ length: 1_800 }, (_, at) => (at < 1_080 ? 10 : 20)));
    const minutes = await read(history.engine, START_MS, START_MS + 4 * HOUR_MS, MINUTE_MS);
    expect(minutes.cpu?.max).toEqual(Array.from({ length: 240 }, (_, at) => (at < 180 ? 10 : 20)));
    await history.engine.close();
  });

  it('removes what is old, tier by tier', async () => {
    const history = await openHistory();
    // A point every six hours, over 36 days.
    await feed(
      history,
      series(START_MS, START_MS + 36 * DAY_MS, 6 * HOUR_MS, () => 7),
    );
    await history.engine.work();
    const days = (kind: string) =>
      readdirSync(history.folder).filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.sqlite'))
        .length;
    expect(days('raw')).toBeLessThanOrEqual(5);
    expect(days('minute')).toBeLessThanOrEqual(16);
    expect(days('frame')).toBeLessThanOrEqual(32);
    const { cpu, tier } = await read(history.engine, START_MS, START_MS + 30 * DAY_MS, 6 * HOUR_MS);
    expect(tier).toBe('quarter');
    expect(cpu?.mean.every((value) => value === 7)).toBe(true);
    // Asked finely for what is kept coarsely only: the finest that there is.
    expect((await read(history.engine, START_MS, START_MS + DAY_MS, 10_000)).tier).toBe('quarter');
    await history.engine.close();
  }, 60_000);
});

describe('a damaged history', () => {
  const damage: [string, (path: string) => void][] = [
    ['overwritten', (path) => writeFileSync(path, Buffer.alloc(40_000, 0x55))],
    ['empty', (path) => truncateSync(path, 0)],
    ['cut', (path) => truncateSync(path, 5_000)],
  ];
  it.each(damage)(
    'day that is %s is set aside or begun anew, and everything else is told',
    async (_, spoil) => {
      const first = await openHistory();
      await feed(
        first,
        series(START_MS, START_MS + 26 * HOUR_MS, 10_000, () => 5),
      );
      await first.engine.close();
      spoil(join(first.folder, 'raw-2026-11-30.sqlite'));
      const { engine, clock } = await openHistory(first.folder);
      clock.ms = START_MS + 26 * HOUR_MS;
      const second = await read(engine, START_MS + DAY_MS, START_MS + 26 * HOUR_MS, 10_000);
      expect(second.cpu?.mean).toEqual(Array<number>(720).fill(5));
      const lost = await read(engine, START_MS, START_MS + HOUR_MS, 10_000);
      expect(lost.cpu?.mean.every((value) => value === null) ?? true).toBe(true);
      const minutes = await read(engine, START_MS, START_MS + HOUR_MS, MINUTE_MS);
      expect(minutes.cpu?.mean).toEqual(Array<number>(60).fill(5));
      await engine.append([plain(clock.ms, 6)]);
      expect(engine.problem()).toBeNull();
      const aside = readdirSync(first.folder).filter((name) => name.includes('damaged'));
      expect(engine.damages().length > 0).toBe(aside.length > 0);
      await engine.close();
    },
  );
});

/** What history should tell, kept the long way. */
it('tells what a plain list would tell, whatever comes and goes', async () => {
  const step = fc.record({
    afterMs: fc.oneof(
      fc.constant(10_000),
      fc.integer({ min: 1_000, max: 40_000 }),
      fc.integer({ min: 0, max: 3 * HOUR_MS }),
    ),
    cpu: fc.option(fc.integer({ min: 0, max: 100 })),
    gpus: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }),
    jobs: fc.uniqueArray(fc.constantFrom('slurm:1', 'slurm:2', 'docker:x@a'), { maxLength: 3 }),
    restart: fc.integer({ min: 0, max: 40 }).map((one) => one === 0),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), async (steps) => {
      const folder = newFolder();
      let history = await openHistory(folder);
      const told = new Map<number, { cpu: number | null; gpus: Map<number, number> }>();
      let ms = START_MS;
      for (const { afterMs, cpu, gpus, jobs, restart } of steps) {
        ms += afterMs;
        if (restart) {
          await history.engine.close();
          history = await openHistory(folder);
        }
        history.clock.ms = ms;
        const values = new Map(gpus.map((index) => [index, (index * 7 + steps.length) % 100]));
        const point = pointOf('a', ms, { cpu, gpus: values, jobs: new Map(jobs.map((key) => [key, GIB])) });
        await history.engine.append([point]);
        await history.engine.work();
        const place = Math.floor(ms / 10_000);
        if (!told.has(place)) told.set(place, { cpu, gpus: values });
      }
      const toMs = ms + 10_000;
      const { lines, cpu, fromMs } = await read(history.engine, START_MS, toMs, 10_000);
      for (const [place, { cpu: value, gpus }] of told) {
        const at = place - fromMs / 10_000;
        expect(cpu?.mean[at] ?? null).toBe(value);
        for (const index of [0, 3, 9])
          expect(lines.get(`gpu.${index}.0`)?.mean[at] ?? null).toBe(gpus.get(index) ?? null);
      }
      const known = [...told.values()].filter(({ cpu: value }) => value !== null).length;
      expect(cpu?.mean.filter((value) => value !== null).length ?? 0).toBe(known);
      expect(history.engine.problem()).toBeNull();
      await history.engine.close();
      rmSync(folder, { recursive: true, force: true });
    }),
    { numRuns: 10 },
  );
}, 120_000);
