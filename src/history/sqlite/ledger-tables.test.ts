import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { LedgerGroup, LedgerQuestion, PastJobsQuestion } from '../../report/ledger.ts';
import { type JobRecord, noGpuTime, type ShareRecord, type UsageRow } from '../ledger/records.ts';
import { createLedgerQueries, type LedgerQueries } from './ledger-queries.ts';
import { createLedgerTables, type LedgerTables, openLedgerTables } from './ledger-tables.ts';
import { type Database, findSqlite } from './sqlite.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const DAY = 20_780;
const START_MS = DAY * DAY_MS;
const NOW_MS = START_MS + 40 * DAY_MS;

const sqlite = await findSqlite();
const folder = mkdtempSync(join(tmpdir(), 'rollcall-ledger-'));
let path: string;
let database: Database;
let tables: LedgerTables;
let queries: LedgerQueries;
let files = 0;
let number = 0;

function open(): void {
  database = sqlite.open(path);
  createLedgerTables(database);
  tables = openLedgerTables(database);
  queries = createLedgerQueries(database);
}

beforeEach(() => {
  path = join(folder, `${files++}.sqlite`);
  number = 0;
  open();
  return () => database.close();
});

afterAll(() => rmSync(folder, { recursive: true }));

const share = (change: Partial<ShareRecord> = {}): ShareRecord => ({
  node: 'n1',
  model: 'H100',
  gpus: [{ index: 0, uuid: 'GPU-0', isHeld: true, isTouched: true, countedMs: START_MS }],
  isOpen: true,
  nodeStartMs: START_MS - 7,
  firstMs: START_MS,
  lastMs: START_MS + HOUR_MS,
  heldMs: HOUR_MS,
  cpuMs: 2 * HOUR_MS,
  lastDay: DAY,
  ...change,
});

function record(id: string, change: Partial<JobRecord> = {}): JobRecord {
  const shares = change.shares ?? [share()];
  return {
    id,
    key: `slurm:${id}`,
    kind: 'slurm',
    jobId: id,
    name: 'train',
    user: 'ann',
    command: "python train.py --name 'x; DROP TABLE job'",
    startMs: START_MS - 5,
    firstMs: Math.min(...shares.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...shares.map(({ lastMs }) => lastMs)),
    endMs: null,
    end: null,
    ...noGpuTime(),
    heldMs: HOUR_MS,
    activeMs: HOUR_MS / 2,
    idleMs: HOUR_MS / 4,
    toldMs: HOUR_MS,
    percentMs: 40.5 * HOUR_MS,
    energyJoules: 1_800_000.25,
    cpuMs: 2 * HOUR_MS,
    peakPercent: 99,
    byteMs: 64 * 1024 ** 3 * HOUR_MS,
    bytesToldMs: HOUR_MS,
    peakBytes: 70 * 1024 ** 3,
    peakResidentBytes: 9e15,
    shares,
    ...change,
  };
}

function usage(change: Partial<UsageRow> = {}): UsageRow {
  return {
    ...noGpuTime(),
    day: DAY,
    user: 'ann',
    node: 'n1',
    model: 'H100',
    jobs: 1,
    jobsOfNode: 1,
    jobsOfModel: 1,
    newJobs: 1,
    newJobsOfNode: 1,
    newJobsOfModel: 1,
    heldMs: HOUR_MS,
    activeMs: HOUR_MS / 2,
    toldMs: HOUR_MS,
    percentMs: 40 * HOUR_MS,
    ...change,
  };
}

function write(jobs: JobRecord[], rows: UsageRow[] = []): void {
  number += 1;
  tables.write({ writer: 'head1', number, jobs, usage: rows });
}

const ledger = (by: LedgerGroup, fromMs: number, toMs: number, change: Partial<LedgerQuestion> = {}) =>
  queries.ledger({ by, fromMs, toMs, user: null, most: 1_000, ...change }, NOW_MS);

const jobs = (change: Partial<PastJobsQuestion> = {}) =>
  queries.jobs({
    fromMs: START_MS,
    toMs: NOW_MS,
    job: null,
    user: null,
    node: null,
    kind: null,
    ended: null,
    most: 1_000,
    before: null,
    ...change,
  });

describe('tables of the ledger', () => {
  it('give open jobs back as they were written, also to the next head', () => {
    const open1 = record('1', {
      shares: [share(), share({ node: 'n2', model: '', gpus: [], lastDay: null })],
    });
    write([open1, record('2', { endMs: START_MS + HOUR_MS, end: 'seen' })]);
    expect(tables.openJobs()).toEqual([open1]);
    database.close();
    open();
    expect(tables.openJobs()).toEqual([open1]);
  });

  it('replace a job with its shares, and add usage', () => {
    write([record('1')], [usage({ energyJoules: 5 })]);
    const later = record('1', {
      endMs: START_MS + 2 * HOUR_MS,
      end: 'lost',
      shares: [share({ node: 'n9' })],
    });
    write([later], [usage({ jobs: 0, newJobs: 0, cpuMs: 7 * HOUR_MS })]);
    expect(tables.openJobs()).toEqual([]);
    expect(jobs().jobs).toMatchObject([{ id: '1', nodes: ['n9'], end: 'lost' }]);
    expect(ledger('user', START_MS, START_MS + DAY_MS).rows).toEqual([
      {
        key: 'ann',
        user: 'ann',
        jobs: 1,
        gpuHoursHeld: 2,
        gpuHoursActive: 1,
        gpuHoursIdle: 0,
        gpuHoursUntouched: 0,
        gpuHoursUnknown: 0,
        gpuUtilizationPercent: 40,
        cpuHours: 7,
        energyKilowattHours: 0,
      },
    ]);
  });

  it('write a batch once, however often it comes, and all of it or nothing', () => {
    const batch = { writer: 'head1', number: 1, jobs: [record('1')], usage: [usage()] };
    tables.write(batch);
    tables.write(batch);
    tables.write({ ...batch, writer: 'head2' });
    expect(ledger('user', START_MS, START_MS + DAY_MS).rows[0]?.gpuHoursHeld).toBe(2);
    const torn = [usage(), { ...usage(), heldMs: Number.NaN }];
    expect(() => tables.write({ ...batch, number: 2, usage: torn })).toThrow();
    expect(ledger('user', START_MS, START_MS + DAY_MS).rows[0]?.gpuHoursHeld).toBe(2);
    tables.write({ ...batch, number: 2 });
    expect(ledger('user', START_MS, START_MS + DAY_MS).rows[0]?.gpuHoursHeld).toBe(3);
  });

  it('forget what is old, a part at a time', () => {
    const old = (id: number) => record(`${id}`, { endMs: START_MS + id, end: 'seen' });
    write(
      [1, 2, 3, 4].map(old).concat(record('5')),
      [0, 1, 2].map((day) => usage({ day: DAY + day })),
    );
    const limits = { jobsBeforeMs: START_MS + 4, daysBefore: DAY + 2, most: 2 };
    expect([1, 2, 3].map(() => tables.prune(limits))).toEqual([true, true, false]);
    expect(jobs().jobs.map(({ id }) => id)).toEqual(['5', '4']);
    expect(ledger('node', START_MS, NOW_MS).rows[0]?.gpuHoursHeld).toBe(1);
    expect(database.prepare('SELECT COUNT(*) AS n FROM job_share').get()).toEqual({ n: 2 });
    expect(tables.prune({ jobsBeforeMs: null, daysBefore: null, most: 9 })).toBe(false);
  });
});

describe('jobs of former times', () => {
  it('are told as they were', () => {
    write([record('9', { endMs: START_MS + HOUR_MS, end: 'seen' })]);
    expect(jobs()).toEqual({
      fromMs: START_MS,
      toMs: NOW_MS,
      next: null,
      jobs: [
        {
          key: 'slurm:9',
          kind: 'slurm',
          id: '9',
          name: 'train',
          user: 'ann',
          command: "python train.py --name 'x; DROP TABLE job'",
          nodes: ['n1'],
          gpus: ['GPU-0'],
          startTimeMs: START_MS - 5,
          firstSeenMs: START_MS,
          lastSeenMs: START_MS + HOUR_MS,
          endTimeMs: START_MS + HOUR_MS,
          end: 'seen',
          gpuHoursHeld: 1,
          gpuHoursActive: 0.5,
          gpuHoursIdle: 0.25,
          gpuHoursUntouched: 0,
          gpuHoursUnknown: 0,
          gpuUtilizationPercent: 40.5,
          gpuUtilizationPeakPercent: 99,
          gpuMemoryBytes: 64 * 1024 ** 3,
          gpuMemoryPeakBytes: 70 * 1024 ** 3,
          cpuHours: 2,
          residentPeakBytes: 9e15,
          energyKilowattHours: 0.5,
        },
      ],
    });
  });

  it('are found by user, node, kind and whether they ended, and come in pages', () => {
    const ended = Array.from({ length: 7 }, (_, n) =>
      record(`${n}`, {
        endMs: START_MS + n * HOUR_MS,
        end: 'seen',
        user: n % 2 === 0 ? 'ann' : 'bob',
        kind: n === 3 ? 'docker' : 'slurm',
        shares: [share({ node: n < 5 ? 'n1' : "n'2" })],
      }),
    );
    write([...ended, record('run')]);
    const idsOf = (change: Partial<PastJobsQuestion>) => jobs(change).jobs.map(({ id }) => id);
    expect(idsOf({})).toEqual(['run', '6', '5', '4', '3', '2', '1', '0']);
    expect(idsOf({ ended: false })).toEqual(['run']);
    expect(idsOf({ ended: true, fromMs: START_MS + 2 * HOUR_MS, toMs: START_MS + 4 * HOUR_MS })).toEqual([
      '3',
      '2',
    ]);
    expect(idsOf({ user: 'bob' })).toEqual(['5', '3', '1']);
    expect(idsOf({ node: "n'2" })).toEqual(['6', '5']);
    expect(idsOf({ kind: 'docker' })).toEqual(['3']);
    expect(idsOf({ job: 'slurm:4' })).toEqual(['4']);
    expect([queries.hasJob('slurm:4'), queries.hasJob('slurm:44')]).toEqual([true, false]);
    expect(idsOf({ user: "' OR 1=1 --" })).toEqual([]);
    const pages: string[][] = [];
    let before: string | null = null;
    do {
      const page = jobs({ most: 3, before });
      pages.push(page.jobs.map(({ id }) => id));
      before = page.next;
    } while (before !== null);
    expect(pages).toEqual([
      ['run', '6', '5'],
      ['4', '3', '2'],
      ['1', '0'],
    ]);
  });
});

describe('the ledger', () => {
  it('counts a job once for its user, each node and each model', () => {
    // Two nodes with one model, three days.
    const rows = [0, 1, 2].flatMap((day) =>
      ['n1', 'n2'].map((node, at) =>
        usage({
          day: DAY + day,
          node,
          jobs: 1 - at,
          jobsOfModel: 1 - at,
          newJobs: day === 0 && at === 0 ? 1 : 0,
          newJobsOfNode: day === 0 ? 1 : 0,
          newJobsOfModel: day === 0 && at === 0 ? 1 : 0,
        }),
      ),
    );
    write([], rows);
    const all = [START_MS, START_MS + 3 * DAY_MS] as const;
    expect(ledger('user', ...all).rows).toMatchObject([{ key: 'ann', jobs: 1, gpuHoursHeld: 6 }]);
    expect(ledger('node', ...all).rows).toMatchObject([
      { key: 'n1', user: null, jobs: 1, gpuHoursHeld: 3 },
      { key: 'n2', user: null, jobs: 1, gpuHoursHeld: 3 },
    ]);
    expect(ledger('model', ...all).rows).toMatchObject([{ key: 'H100', jobs: 1, gpuHoursHeld: 6 }]);
    // It was there before the range.
    expect(ledger('user', START_MS + DAY_MS, all[1]).rows).toMatchObject([{ jobs: 1, gpuHoursHeld: 4 }]);
  });

  it('has nobody and nothing as null, and cuts what is too much', () => {
    write([], [usage({ user: '', heldMs: 9 * HOUR_MS }), usage({ user: 'bob' }), usage()]);
    const answer = ledger('user', START_MS, START_MS + DAY_MS, { most: 2 });
    expect(answer.rows.map(({ key, user }) => [key, user])).toEqual([
      [null, null],
      ['ann', 'ann'],
    ]);
    expect(answer.isCut).toBe(true);
  });

  it('is told of one user, and by day: whole days', () => {
    const bob = { user: 'bob', heldMs: 5 * HOUR_MS };
    write([], [usage(), usage(bob), usage({ ...bob, day: DAY + 1, node: 'n2', jobs: 2, newJobs: 0 })]);
    const days = ledger('day', START_MS + HOUR_MS, START_MS + 30 * HOUR_MS, { user: 'bob' });
    expect(days).toMatchObject({ fromMs: START_MS, toMs: START_MS + 2 * DAY_MS, isCut: false });
    expect(
      days.rows.map(({ key, user, jobs: count, gpuHoursHeld }) => [key, user, count, gpuHoursHeld]),
    ).toEqual([
      [new Date(START_MS).toISOString().slice(0, 10), 'bob', 1, 5],
      [new Date(START_MS + DAY_MS).toISOString().slice(0, 10), 'bob', 2, 5],
    ]);
    expect(ledger('day', START_MS, START_MS + DAY_MS).rows).toMatchObject([{ user: null, gpuHoursHeld: 6 }]);
    const nodes = ledger('node', START_MS, START_MS + 2 * DAY_MS, { user: 'bob' });
    expect(nodes.rows).toMatchObject([
      { key: 'n1', gpuHoursHeld: 5 },
      { key: 'n2', gpuHoursHeld: 5 },
    ]);
    expect([queries.hasUser('bob'), queries.hasUser('b')]).toEqual([true, false]);
  });

  it('says of GPUs of which no utilization was told that nobody knows', () => {
    write([], [usage({ toldMs: 0, activeMs: 0 })]);
    expect(ledger('user', START_MS, START_MS + DAY_MS).rows).toMatchObject([
      {
        gpuHoursHeld: 1,
        gpuHoursActive: null,
        gpuHoursIdle: null,
        gpuUtilizationPercent: null,
        cpuHours: null,
      },
    ]);
  });

  it('has of a part of a day what its jobs had then', () => {
    const hour = (from: number, to: number) => ({
      firstMs: START_MS + from * HOUR_MS,
      lastMs: START_MS + to * HOUR_MS,
      heldMs: (to - from) * HOUR_MS,
      cpuMs: 0,
    });
    write(
      [
        record('1', { shares: [share(hour(2, 6))], endMs: START_MS + 6 * HOUR_MS, end: 'seen' }),
        record('2', { shares: [share(hour(10, 30))], endMs: START_MS + 30 * HOUR_MS, end: 'seen' }),
        record('3', { user: 'bob', shares: [share(hour(1, 2))], endMs: START_MS + 2 * HOUR_MS, end: 'seen' }),
      ],
      [
        usage({ heldMs: 18 * HOUR_MS, activeMs: 9 * HOUR_MS, jobs: 2, newJobs: 2 }),
        usage({ day: DAY + 1, heldMs: 6 * HOUR_MS, jobs: 1, newJobs: 0 }),
        usage({ user: 'bob' }),
      ],
    );
    const held = (from: number, to: number) =>
      ledger('user', START_MS + from * HOUR_MS, START_MS + to * HOUR_MS).rows.map(
        ({ key, jobs: count, gpuHoursHeld }) => `${key} ${count} ${gpuHoursHeld}`,
      );
    expect(held(0, 24)).toEqual(['ann 2 18', 'bob 1 1']);
    expect(held(4, 12)).toEqual(['ann 2 4']);
    expect(held(4, 24)).toEqual(['ann 2 16']);
    expect(held(4, 48)).toEqual(['ann 2 22']);
    expect(held(12, 26)).toEqual(['ann 1 14']);
    expect(held(7, 9)).toEqual([]);
    expect(held(0, 3)).toEqual(['ann 1 1', 'bob 1 1']);
    // By job it is as if each had done the same all the time.
    const byJob = ledger('job', START_MS + 12 * HOUR_MS, START_MS + 26 * HOUR_MS);
    expect(byJob.rows).toMatchObject([{ key: 'slurm:2', user: 'ann', name: 'train', gpuHoursHeld: 0.7 }]);
  });

  it('of parts is the whole', () => {
    const cut = fc.array(fc.integer({ min: 0, max: 5 * 24 * 60 }), { minLength: 1, maxLength: 4 });
    const span = fc.tuple(
      fc.integer({ min: 0, max: 4 * 24 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom('ann', 'bob'),
    );
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 8 }), cut, (spans, cuts) => {
        database.exec('DELETE FROM job; DELETE FROM job_share; DELETE FROM usage');
        const records = spans.map(([from, hours, user], at) =>
          record(`${at}`, {
            user,
            shares: [
              share({
                firstMs: START_MS + from * HOUR_MS,
                lastMs: START_MS + (from + hours) * HOUR_MS,
                heldMs: hours * HOUR_MS,
              }),
            ],
            endMs: START_MS + (from + hours) * HOUR_MS,
            end: 'seen',
          }),
        );
        const rows = spans.flatMap(([from, hours, user]) =>
          Array.from({ length: hours }, (_, at) => {
            const day = DAY + Math.floor((from + at) / 24);
            const isFirst = at === 0 ? 1 : 0;
            const isDay = isFirst || (from + at) % 24 === 0 ? 1 : 0;
            return usage({ user, day, jobs: isDay, newJobs: isFirst, activeMs: 0 });
          }),
        );
        write(records, rows);
        const ends = [0, ...cuts.toSorted((a, b) => a - b), 6 * 24 * 60].map(
          (minutes) => START_MS + minutes * 60_000,
        );
        for (const user of ['ann', 'bob']) {
          const ofUser = (fromMs: number, toMs: number) =>
            ledger('user', fromMs, toMs).rows.find(({ key }) => key === user) ?? { gpuHoursHeld: 0, jobs: 0 };
          let sum = 0;
          ends.slice(1).forEach((toMs, at) => {
            const fromMs = ends[at] ?? 0;
            if (fromMs === toMs) return;
            const { gpuHoursHeld, jobs: count } = ofUser(fromMs, toMs);
            sum += gpuHoursHeld;
            const there = records.filter(
              ({ user: whose, firstMs, lastMs }) => whose === user && firstMs < toMs && lastMs > fromMs,
            );
            expect(count).toBe(there.length);
            const expected = there.reduce(
              (total, { firstMs, lastMs }) => total + Math.min(lastMs, toMs) - Math.max(firstMs, fromMs),
              0,
            );
            expect(gpuHoursHeld).toBeCloseTo(expected / HOUR_MS, 2);
          });
          expect(sum).toBeCloseTo(ofUser(ends[0] ?? 0, ends.at(-1) ?? 0).gpuHoursHeld, 2);
        }
      }),
      { numRuns: 40 },
    );
  });
});
