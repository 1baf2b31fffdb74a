import { beforeEach, describe, expect, it } from 'vitest';
import {
  fakeGpu,
  fakeJob,
  fakeNode,
  fakeReportedJob,
  unreachable,
} from '../../../test/support/fake-cluster.ts';
import {
  briefOf,
  type GpuMoment,
  type JobMoment,
  reportOf,
  SAMPLE_MS,
} from '../../../test/support/ledger-world.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { JobRecord, LedgerBatch, UsageRow } from './records.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const EPOCH_MS = Date.UTC(2026, 10, 30, 12);
const GIB = 1024 ** 3;

let ledger: Ledger;
let nowMs: number;
const at = (ms = nowMs) => ({ monotonicMs: 1_000 + ms, epochMs: EPOCH_MS + ms });

beforeEach(() => {
  ledger = createLedger('head', '1');
  nowMs = 0;
});

const gpu = (index: number, percent: number | null, change: Partial<GpuMoment> = {}): GpuMoment => ({
  index,
  uuid: `GPU-${index}`,
  model: 'H100',
  percent,
  bytes: 2 * GIB,
  watts: 100,
  ...change,
});

const job = (change: Partial<JobMoment> = {}): JobMoment => ({
  kind: 'slurm',
  id: '7',
  user: 'ann',
  touched: [0],
  cpuPercent: 200,
  residentBytes: GIB,
  startTimeMs: EPOCH_MS - HOUR_MS,
  ...change,
});

/** One sample, with a look. */
function sample(gpus: readonly GpuMoment[], jobs: readonly JobMoment[] | null, node = 'n1'): void {
  const moment = { node, sequence: 1, takenAtMs: EPOCH_MS + nowMs, gpus, jobs };
  ledger.note(node, briefOf(moment), at());
  ledger.look(reportOf(moment), at());
}

/** Samples of the same for so long; the clock stands at the one behind the last. */
function samples(
  ms: number,
  gpus: readonly GpuMoment[],
  jobs: readonly JobMoment[] | null,
  node = 'n1',
): void {
  const endMs = nowMs + ms;
  for (; nowMs < endMs; nowMs += SAMPLE_MS) sample(gpus, jobs, node);
}

/** All that there is to write, as one batch. */
function taken(): Pick<LedgerBatch, 'jobs' | 'usage'> {
  const all: Pick<LedgerBatch, 'jobs' | 'usage'> = { jobs: [], usage: [] };
  for (let batch = takeOne(); batch !== null; batch = takeOne()) {
    all.jobs.push(...batch.jobs);
    all.usage.push(...batch.usage);
    ledger.confirm(batch.number);
  }
  return all;
}

const takeOne = () => ledger.takeChanges(at(nowMs + MINUTE_MS), { all: true });

function only<Row>(rows: readonly Row[]): Row {
  expect(rows).toHaveLength(1);
  const [row] = rows;
  if (row === undefined) throw new Error('nothing');
  return row;
}

const sumOf = (rows: readonly UsageRow[], key: 'heldMs' | 'idleMs' | 'unknownMs' | 'jobs' | 'newJobs') =>
  rows.reduce((sum, row) => sum + row[key], 0);

describe('a job', () => {
  it('is one record from the sample that first has it to the last that does', () => {
    samples(MINUTE_MS, [gpu(0, 0)], []);
    const startTimeMs = EPOCH_MS + nowMs - 4_000;
    samples(10 * MINUTE_MS, [gpu(0, 60, { bytes: 4 * GIB })], [job({ startTimeMs, name: 'train' })]);
    samples(MINUTE_MS, [gpu(0, 0)], []);
    const { jobs, usage } = taken();
    const lastMs = 10 * MINUTE_MS - SAMPLE_MS;
    expect(jobs.at(-1)).toMatchObject({
      id: 'head.1.1',
      key: 'slurm:7',
      kind: 'slurm',
      jobId: '7',
      name: 'train',
      user: 'ann',
      command: 'python',
      startMs: startTimeMs,
      firstMs: startTimeMs,
      endMs: EPOCH_MS + MINUTE_MS + lastMs,
      end: 'seen',
      // It began 4 s before its first sample.
      heldMs: lastMs + 4_000,
      activeMs: lastMs + 4_000,
      idleMs: 0,
      unknownMs: 0,
      untouchedMs: 0,
      cpuMs: 2 * (lastMs + 4_000),
      energyJoules: (100 * (lastMs + 4_000)) / 1000,
      peakPercent: 60,
      peakBytes: 4 * GIB,
      peakResidentBytes: GIB,
    });
    const record = jobs.at(-1) as JobRecord;
    expect(record.percentMs / record.toldMs).toBeCloseTo(60);
    expect(record.byteMs / record.bytesToldMs).toBeCloseTo(4 * GIB, -3);
    expect(record.shares.map(({ node, model, gpus }) => ({ node, model, gpus }))).toEqual([
      {
        node: 'n1',
        model: 'H100',
        gpus: [{ index: 0, uuid: 'GPU-0', isHeld: false, isTouched: true, countedMs: null }],
      },
    ]);
    expect(sumOf(usage, 'heldMs')).toBe(record.heldMs);
    expect(usage.every(({ user, node, model }) => `${user} ${node} ${model}` === 'ann n1 H100')).toBe(true);
  });

  it('is idle once it did nothing for ten minutes, and from the beginning of that on', () => {
    samples(5 * MINUTE_MS, [gpu(0, 90)], [job()]);
    samples(9 * MINUTE_MS, [gpu(0, 4)], [job()]);
    samples(5 * MINUTE_MS, [gpu(0, 5)], [job()]);
    samples(30 * MINUTE_MS, [gpu(0, 0)], [job()]);
    samples(2 * MINUTE_MS, [gpu(0, 90)], [job()]);
    const record = taken().jobs.at(-1);
    expect(record?.idleMs).toBe(30 * MINUTE_MS);
    expect(record?.heldMs).toBe(51 * MINUTE_MS - 2 * SAMPLE_MS);
  });

  it('of which no utilization is told is neither active nor idle', () => {
    samples(30 * MINUTE_MS, [gpu(0, null)], [job()]);
    const record = taken().jobs.at(-1);
    expect(record).toMatchObject({ activeMs: 0, idleMs: 0, toldMs: 0, peakPercent: null });
    expect(record?.heldMs).toBeGreaterThan(28 * MINUTE_MS);
  });

  it('that a scheduler gave GPUs which it does not touch has them untouched, and nothing of what others do there', () => {
    const given = job({ touched: [0], allocated: [0, 1] });
    const other = job({ kind: 'session', id: '9', user: 'bob', touched: [1] });
    samples(20 * MINUTE_MS, [gpu(0, 50), gpu(1, 50)], [given, other]);
    const records = taken().jobs;
    const [ann, bob] = ['ann', 'bob'].map((name) => records.findLast(({ user }) => user === name));
    expect(ann?.untouchedMs).toBeGreaterThan(18 * MINUTE_MS);
    expect(ann?.heldMs).toBe(2 * (ann?.untouchedMs ?? 0));
    expect(ann?.activeMs).toBe(ann?.untouchedMs);
    expect(bob).toMatchObject({ untouchedMs: 0, activeMs: bob?.heldMs });
  });

  it('is not charged for what display servers keep on every GPU, nor for a GPU that is split', () => {
    const gpus = [
      fakeGpu(0, { name: 'A100', migEnabled: true }),
      fakeGpu(1024, { name: 'A100 MIG 1g.5gb', parentIndex: 0, utilizationPercent: null }),
      fakeGpu(1, { name: 'A100' }),
    ];
    const report = () =>
      fakeNode(
        'n1',
        {},
        {
          gpus,
          jobs: [fakeReportedJob('slurm:7'), fakeReportedJob('systemd:gdm', { user: 'gdm', cpuPercent: 1 })],
          gpuProcesses: [
            fakeJob(1, 0, { job: 'slurm:7' }),
            fakeJob(1, 1024, { job: 'slurm:7' }),
            fakeJob(2, 1, { job: 'systemd:gdm', type: 'G', command: 'Xorg' }),
          ],
        },
      );
    const moment = {
      node: 'n1',
      sequence: 1,
      takenAtMs: EPOCH_MS,
      gpus: [gpu(0, 0), gpu(1024, 0), gpu(1, 0)],
      jobs: [],
    };
    for (; nowMs < 10 * MINUTE_MS; nowMs += SAMPLE_MS) {
      ledger.note('n1', briefOf(moment), at());
      ledger.look(report(), at());
    }
    const { jobs, usage } = taken();
    expect(only(jobs).shares.flatMap(({ gpus: held }) => held.map(({ index }) => index))).toEqual([1024]);
    expect(only(usage)).toMatchObject({ model: 'A100 MIG 1g.5gb', heldMs: nowMs - 2 * SAMPLE_MS });
  });

  it('shares a GPU whole, but not its user’s usage', () => {
    const two = [job(), job({ kind: 'session', id: '9', user: 'bob' })];
    samples(10 * MINUTE_MS, [gpu(0, 50)], two);
    const { jobs, usage } = taken();
    const held = 10 * MINUTE_MS - 2 * SAMPLE_MS;
    expect(jobs.map(({ heldMs }) => heldMs)).toEqual([held, held]);
    expect(usage.map(({ user, heldMs, activeMs }) => ({ user, heldMs, activeMs }))).toEqual([
      { user: 'ann', heldMs: held / 2, activeMs: held / 2 },
      { user: 'bob', heldMs: held / 2, activeMs: held / 2 },
    ]);
  });

  it('on several nodes is one record, which ends with its last share', () => {
    for (; nowMs < 10 * MINUTE_MS; nowMs += SAMPLE_MS)
      for (const node of ['n1', 'n2']) sample([gpu(0, 50)], [job()], node);
    for (; nowMs < 12 * MINUTE_MS; nowMs += SAMPLE_MS) {
      sample([gpu(0, 0)], [], 'n1');
      sample([gpu(0, 50)], [job()], 'n2');
    }
    const running = taken();
    expect(only(running.jobs)).toMatchObject({
      endMs: null,
      heldMs: 22 * MINUTE_MS - 4 * SAMPLE_MS + SAMPLE_MS,
    });
    samples(MINUTE_MS, [gpu(0, 0)], [], 'n2');
    const { jobs, usage } = taken();
    expect(only(jobs)).toMatchObject({
      id: 'head.1.1',
      end: 'seen',
      endMs: EPOCH_MS + 12 * MINUTE_MS - SAMPLE_MS,
    });
    expect(sumOf([...running.usage, ...usage], 'newJobs')).toBe(1);
    expect(running.usage.map(({ newJobsOfNode }) => newJobsOfNode)).toEqual([1, 1]);
  });

  it('of another user with the same number is another one', () => {
    for (; nowMs < 5 * MINUTE_MS; nowMs += SAMPLE_MS) {
      sample([gpu(0, 50)], [job()], 'n1');
      sample([gpu(0, 50)], [job({ user: 'mallory' })], 'n2');
    }
    expect(taken().jobs.map(({ user, shares }) => `${user} ${shares.length}`)).toEqual([
      'ann 1',
      'mallory 1',
    ]);
  });

  it('whose user is learned later is his from the beginning', () => {
    for (; nowMs < 50_000; nowMs += SAMPLE_MS)
      for (const node of ['n1', 'n2']) sample([gpu(0, 50)], [job({ user: 'root' })], node);
    expect(ledger.takeChanges(at())).toBeNull();
    for (; nowMs < 3 * MINUTE_MS; nowMs += SAMPLE_MS)
      for (const node of ['n1', 'n2']) sample([gpu(0, 50)], [job()], node);
    const { jobs, usage } = taken();
    expect(only(jobs)).toMatchObject({ user: 'ann' });
    expect(new Set(usage.map(({ user }) => user))).toEqual(new Set(['ann']));
  });

  it('with a number that was used before is another one where it began after that one was seen last', () => {
    const first = job({ kind: 'session', id: '11', startTimeMs: EPOCH_MS - HOUR_MS });
    samples(5 * MINUTE_MS, [gpu(0, 50)], [first]);
    const next = { ...first, startTimeMs: EPOCH_MS + nowMs - 3_000 };
    samples(5 * MINUTE_MS, [gpu(0, 50)], [next]);
    const records = taken().jobs;
    expect(records.map(({ id, end }) => `${id} ${end}`)).toEqual(['head.1.1 seen', 'head.1.2 null']);
    // What a step of the node's clock does is no new start.
    const set = { ...next, startTimeMs: next.startTimeMs + DAY_MS };
    for (const endMs = nowMs + MINUTE_MS; nowMs < endMs; nowMs += SAMPLE_MS) {
      const moment = {
        node: 'n1',
        sequence: 1,
        takenAtMs: EPOCH_MS + nowMs + DAY_MS,
        gpus: [gpu(0, 50)],
        jobs: [set],
      };
      ledger.note('n1', briefOf(moment), at());
      ledger.look(reportOf(moment), at());
    }
    expect(only(taken().jobs).id).toBe('head.1.2');
  });

  it('that nobody names is one once it takes something, and the same when it is told of again', () => {
    const shell = (cpuPercent: number) => job({ kind: 'session', id: '5', touched: [], cpuPercent });
    samples(5 * MINUTE_MS, [], [shell(3)]);
    expect(taken().jobs).toEqual([]);
    samples(5 * MINUTE_MS, [], [shell(300)]);
    samples(40 * MINUTE_MS, [], []);
    expect(only(taken().jobs)).toMatchObject({ id: 'head.1.1', end: 'seen' });
    samples(5 * MINUTE_MS, [], [shell(2)]);
    const { jobs, usage } = taken();
    expect(only(jobs)).toMatchObject({ id: 'head.1.1', endMs: null, end: null });
    expect(sumOf(usage, 'newJobs')).toBe(0);
  });
});

describe('what nobody saw', () => {
  it('is unknown where the job is still there, and nothing else', () => {
    samples(10 * MINUTE_MS, [gpu(0, 50)], [job()]);
    const lastMs = nowMs - SAMPLE_MS;
    nowMs += 2 * HOUR_MS;
    samples(10 * MINUTE_MS, [gpu(0, 50)], [job()]);
    const { jobs, usage } = taken();
    expect(only(jobs)).toMatchObject({
      unknownMs: 2 * HOUR_MS + SAMPLE_MS,
      heldMs: lastMs + 10 * MINUTE_MS - 2 * SAMPLE_MS,
      endMs: null,
    });
    expect(sumOf(usage, 'unknownMs')).toBe(2 * HOUR_MS + SAMPLE_MS);
  });

  it('ends a job that is gone then when it was seen last', () => {
    samples(10 * MINUTE_MS, [gpu(0, 50)], [job()]);
    const lastMs = nowMs - SAMPLE_MS;
    nowMs += 2 * HOUR_MS;
    samples(10 * MINUTE_MS, [gpu(0, 50)], []);
    expect(only(taken().jobs)).toMatchObject({
      end: 'lost',
      endMs: EPOCH_MS + lastMs,
      unknownMs: 0,
      heldMs: lastMs,
    });
  });

  it('is not what a report says that is not live', () => {
    samples(MINUTE_MS, [gpu(0, 50)], [job()]);
    ledger.look(unreachable(fakeNode('n1', {}, { jobs: [] })), at());
    samples(MINUTE_MS, [gpu(0, 50)], [job()]);
    expect(only(taken().jobs)).toMatchObject({ endMs: null, heldMs: 2 * MINUTE_MS - 2 * SAMPLE_MS });
  });

  it('is the time in which a node cannot read its jobs', () => {
    samples(10 * MINUTE_MS, [gpu(0, 50)], [job()]);
    samples(20 * MINUTE_MS, [gpu(0, 50)], null);
    samples(10 * MINUTE_MS, [gpu(0, 50)], [job()]);
    const { heldMs, unknownMs, endMs } = only(taken().jobs);
    expect(endMs).toBeNull();
    expect(heldMs + unknownMs).toBe(40 * MINUTE_MS - 2 * SAMPLE_MS);
    expect(unknownMs).toBeGreaterThan(18 * MINUTE_MS);
  });

  it('ends after a week of silence, or when the node is in the list no more', () => {
    for (const node of ['n1', 'n2']) {
      nowMs = 0;
      samples(2 * MINUTE_MS, [gpu(0, 50)], [job({ kind: 'docker', id: node })], node);
    }
    taken();
    ledger.forget('n1');
    expect(only(taken().jobs)).toMatchObject({
      jobId: 'n1',
      end: 'lost',
      endMs: EPOCH_MS + 2 * MINUTE_MS - 2 * SAMPLE_MS,
    });
    nowMs += 8 * DAY_MS;
    expect(only(taken().jobs)).toMatchObject({ jobId: 'n2', end: 'lost' });
    expect(ledger.jobCount).toBe(0);
  });
});

describe('days', () => {
  it('share what was counted at midnight, and count a job once each', () => {
    nowMs = 11 * HOUR_MS + 55 * MINUTE_MS;
    samples(40 * MINUTE_MS, [gpu(0, 0)], [job()]);
    const { usage } = taken();
    const [before, after] = usage.sort((a, b) => a.day - b.day);
    expect(before).toMatchObject({
      day: EPOCH_MS / DAY_MS - 0.5,
      heldMs: 5 * MINUTE_MS,
      idleMs: 5 * MINUTE_MS,
    });
    expect(before).toMatchObject({ jobs: 1, newJobs: 1 });
    expect(after).toMatchObject({
      heldMs: 35 * MINUTE_MS - 2 * SAMPLE_MS,
      idleMs: 35 * MINUTE_MS - 2 * SAMPLE_MS,
    });
    expect(after).toMatchObject({ jobs: 1, newJobs: 0 });
  });
});

describe('what is written', () => {
  it('is running jobs every ten minutes, what ended at once, and the same again until it is confirmed', () => {
    sample([gpu(0, 50)], [job()]);
    const first = ledger.takeChanges(at());
    expect(only(first?.jobs ?? [])).toMatchObject({ endMs: null });
    nowMs = SAMPLE_MS;
    samples(MINUTE_MS, [gpu(0, 50)], [job()]);
    expect(ledger.takeChanges(at())).toBe(first);
    ledger.confirm(first?.number ?? 0);
    expect(ledger.takeChanges(at())).toBeNull();
    samples(9 * MINUTE_MS, [gpu(0, 50)], [job()]);
    const second = ledger.takeChanges(at());
    expect(second).toMatchObject({ number: 2, writer: 'head.1' });
    ledger.confirm(2);
    samples(SAMPLE_MS, [gpu(0, 50)], []);
    expect(ledger.takeChanges(at())).toMatchObject({ number: 3, jobs: [{ end: 'seen' }] });
  });

  it('goes on after a restart of the head', () => {
    samples(10 * MINUTE_MS, [gpu(0, 50)], [job()]);
    const before = taken();
    nowMs += HOUR_MS;
    ledger = createLedger('head', '2');
    ledger.restore(before.jobs, { monotonicMs: 77, epochMs: at().epochMs });
    const back = (ms: number) => ({ monotonicMs: 77 + ms, epochMs: EPOCH_MS + nowMs + ms });
    for (let ms = 0; ms < 5 * MINUTE_MS; ms += SAMPLE_MS) {
      const moment = {
        node: 'n1',
        sequence: 1,
        takenAtMs: EPOCH_MS + nowMs + ms,
        gpus: [gpu(0, 50)],
        jobs: [job()],
      };
      ledger.note('n1', briefOf(moment), back(ms));
      ledger.look(reportOf(moment), back(ms));
    }
    const batch = ledger.takeChanges(back(20 * MINUTE_MS), { all: true });
    expect(only(batch?.jobs ?? [])).toMatchObject({
      id: 'head.1.1',
      endMs: null,
      // The sample that waited for the next one is gone with the head.
      unknownMs: HOUR_MS + 2 * SAMPLE_MS,
    });
    expect(sumOf(batch?.usage ?? [], 'newJobs')).toBe(0);
  });

  it('is told apart from what an earlier run of the same head wrote', () => {
    const ids = [1, 2].map(() => {
      ledger = createLedger('head');
      sample([gpu(0, 50)], [job()]);
      const batch = ledger.takeChanges(at());
      return [batch?.writer, batch?.jobs[0]?.id];
    });
    expect(new Set(ids.flat()).size).toBe(4);
  });

  it('takes up no job that a store saw longer ago than a week', () => {
    samples(10 * MINUTE_MS, [gpu(0, 50)], [job()]);
    const before = taken();
    ledger = createLedger('head', '2');
    ledger.restore(before.jobs, { monotonicMs: 77, epochMs: EPOCH_MS + 9 * DAY_MS });
    expect(only(ledger.takeChanges({ monotonicMs: 80, epochMs: 0 })?.jobs ?? [])).toMatchObject({
      end: 'lost',
    });
  });
});

describe('a look', () => {
  const isDue = (jobs: readonly JobMoment[], isLooked = true) => {
    const moment = { node: 'n1', sequence: 1, takenAtMs: EPOCH_MS + nowMs, gpus: [gpu(0, 50)], jobs };
    const due = ledger.note('n1', briefOf(moment), at());
    if (due && isLooked) ledger.look(reportOf(moment), at());
    nowMs += SAMPLE_MS;
    return due;
  };

  it('is due once a minute, and when jobs or holders of GPUs changed', () => {
    expect([job(), job(), job()].map((one) => isDue([one]))).toEqual([true, false, false]);
    expect([isDue([]), isDue([])]).toEqual([true, false]);
    expect([isDue([job({ touched: [] })]), isDue([job()]), isDue([job()])]).toEqual([true, true, false]);
    expect([1, 2, 3, 4, 5].map(() => isDue([job()]))).toEqual([false, false, false, false, true]);
  });

  it('is due as soon as a node is heard again', () => {
    expect([isDue([job()]), isDue([job()])]).toEqual([true, false]);
    nowMs += 40_000;
    expect([isDue([job()], false), isDue([job()])]).toEqual([true, true]);
  });

  it('is not due with every sample of a node whose jobs are more than a brief tells', () => {
    const many = (first: number) =>
      Array.from({ length: 12 }, (_, n) => job({ id: `${first + n}`, touched: [] }));
    expect([0, 1, 2, 3].map((first) => isDue(many(first)))).toEqual([true, false, false, false]);
  });
});

describe('a node that makes things up', () => {
  it('fills neither memory nor disk', () => {
    const kept = new Set<string>();
    const users = new Set<string>();
    for (let round = 0; round < 20; round++, nowMs += SAMPLE_MS) {
      const jobs = Array.from({ length: 500 }, (_, n) =>
        job({ id: `${round}.${n}`, user: `u${round}.${n}`, touched: [] }),
      );
      sample([gpu(0, 50, { model: `m${round}` })], jobs);
      for (let batch = ledger.takeChanges(at()); batch; batch = ledger.takeChanges(at())) {
        for (const { id } of batch.jobs) kept.add(id);
        for (const { user } of batch.usage) users.add(user);
        ledger.confirm(batch.number);
      }
    }
    expect(kept.size).toBeLessThanOrEqual(1_024 + 40);
    expect(users.size).toBeLessThanOrEqual(257);
    expect(ledger.jobCount).toBe(500);
  });

  it('keeps no more than so many GPUs and models of one job', () => {
    for (let round = 0; round < 400; round++, nowMs += SAMPLE_MS)
      sample([gpu(0, 50, { uuid: `GPU-${round}`, model: `m${round}` })], [job()]);
    const { shares } = taken().jobs.at(-1) as JobRecord;
    expect(shares.length).toBeLessThanOrEqual(17);
    expect(shares.flatMap(({ gpus }) => gpus).length).toBeLessThanOrEqual(17 * 256);
  });
});
