import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMemoryStore, type MemoryStore, play } from '../../../test/support/ledger-play.ts';
import { holdAt, isThere, makeTrace, type Trace, type TraceJob } from '../../../test/support/ledger-trace.ts';
import { SAMPLE_MS } from '../../../test/support/ledger-world.ts';
import { groupBy } from '../../lib/group-by.ts';
import { addGpuTime, type GpuTime, type JobRecord, noGpuTime } from './records.ts';

/** Every figure of the ledger against one that goes through all samples again for each job and GPU. */

const LIMIT = 3;
const QUIET_MS = 600_000;

interface Expected {
  time: GpuTime;
  /** Of GPUs' time divided among those who had them. */
  split: GpuTime;
  samples: number;
}

/** The plain way: sample by sample, for one job on one node and one GPU. */
function holdOf(trace: Trace, job: TraceJob, node: string, index: number, sums: Expected): void {
  const ticks = [...Array(trace.ticks).keys()].filter((tick) => trace.isUp(node, tick));
  const runs = { idle: [] as [number, number][], untouched: [] as [number, number][] };
  const end = (name: 'idle' | 'untouched') => {
    const total = runs[name].reduce((sum, [ms]) => sum + ms, 0);
    const key = name === 'idle' ? 'idleMs' : 'untouchedMs';
    if (total >= QUIET_MS) {
      add(sums.time, { [key]: total });
      for (const [ms, holders] of runs[name]) add(sums.split, { [key]: ms / holders });
    }
    runs[name] = [];
  };
  const count = (time: Partial<GpuTime>, holders: number) => {
    add(sums.time, time);
    addGpuTime(sums.split, time, 1 / holders);
  };
  const holdersAt = (tick: number) => trace.holds(node, tick).get(index)?.length ?? 0;
  /** Up to when the hold is counted, while there is one. */
  let countedMs: number | null = null;

  ticks.forEach((tick, at) => {
    const before = ticks[at - 1];
    const next = ticks[at + 1];
    const now = holdAt(trace, job, node, index, tick);
    const then = before === undefined ? null : holdAt(trace, job, node, index, before);
    const isSame = now !== null && then !== null && now.uuid === then.uuid;
    const isRestart = before !== undefined && startsBetween(trace, before, tick);
    const isGap = before === undefined || isRestart || tick - before > LIMIT;
    if (!isSame || isGap) {
      end('idle');
      end('untouched');
    }
    if (now === null) {
      countedMs = null;
      return;
    }
    const timeMs = tick * SAMPLE_MS;
    if (isGap) {
      // The time from the last count to here is unknown, where it had the GPU before, too.
      if (isSame && countedMs !== null) count({ unknownMs: timeMs - countedMs }, holdersAt(before ?? tick));
      countedMs = timeMs;
      return;
    }
    if (!trace.gpus(node, before).some((one) => one.index === index)) {
      // There was no such GPU at the sample before.
      countedMs = timeMs;
      end('idle');
      end('untouched');
      return;
    }
    const wasThere = isThere(job, node, before);
    const startMs = job.from * SAMPLE_MS - job.earlierMs;
    const fromMs = wasThere ? before * SAMPLE_MS : Math.max(startMs, before * SAMPLE_MS);
    if (!isSame) countedMs = fromMs;
    // Counted once the next sample has come, in the same run of the head.
    if (next === undefined || startsBetween(trace, tick, next)) {
      countedMs = fromMs;
      return;
    }
    countedMs = timeMs;
    const ms = timeMs - fromMs;
    const holders = holdersAt(tick);
    const gpu = trace.gpus(node, tick).find((one) => one.index === index);
    count({ heldMs: ms }, holders);
    if (!now.isTouched) {
      runs.untouched.push([ms, holders]);
      return;
    }
    end('untouched');
    const { percent = null, watts = null } = gpu ?? {};
    if (watts !== null) count({ energyJoules: (watts * ms) / 1000 }, holders);
    if (percent === null) end('idle');
    else {
      count({ toldMs: ms, percentMs: percent * ms, activeMs: percent >= 5 ? ms : 0 }, holders);
      if (percent >= 5) end('idle');
      else runs.idle.push([ms, holders]);
    }
  });
  end('idle');
  end('untouched');
}

const add = (sum: GpuTime, more: Partial<GpuTime>) => addGpuTime(sum, more);

const startsBetween = (trace: Trace, before: number, tick: number) =>
  [...trace.restarts].some((restart) => restart > before && restart <= tick);

function expectedOf(trace: Trace, job: TraceJob): Expected {
  const sums: Expected = { time: noGpuTime(), split: noGpuTime(), samples: 0 };
  for (const node of job.nodes) {
    for (const { index } of job.gpus) holdOf(trace, job, node, index, sums);
    for (let tick = 0; tick < trace.ticks; tick++)
      if (trace.isUp(node, tick) && isSeen(trace, job, node, tick)) sums.samples += 1;
  }
  return sums;
}

/** Whether every node that had it was heard without it afterwards. */
const isOver = (trace: Trace, job: TraceJob) =>
  job.nodes.every((node) => {
    const ticks = [...Array(trace.ticks).keys()].filter((tick) => trace.isUp(node, tick));
    return (ticks.at(-1) ?? 0) >= job.to || !ticks.some((tick) => isSeen(trace, job, node, tick));
  });

const isSeen = (trace: Trace, job: TraceJob, node: string, tick: number) =>
  isThere(job, node, tick) &&
  (job.kind === 'slurm' ||
    job.gpus.some(({ index }) => holdAt(trace, job, node, index, tick) !== null) ||
    job.cpuPercent >= 50);

const figures = ['heldMs', 'activeMs', 'idleMs', 'untouchedMs', 'unknownMs', 'toldMs', 'percentMs'] as const;

function recordsOf(store: MemoryStore, trace: Trace): Map<number, JobRecord[]> {
  const runs = new Map<number, JobRecord[]>();
  for (const record of store.jobs.values()) {
    const [share] = record.shares;
    const job = trace.jobs.find(
      ({ kind, id, nodeStartsMs, user }) =>
        record.key.startsWith(`${kind}:${id}`) &&
        user === record.user &&
        nodeStartsMs.get(share?.node ?? '') === share?.nodeStartMs,
    );
    const run = job?.run ?? -1;
    runs.set(run, [...(runs.get(run) ?? []), record]);
  }
  return runs;
}

function compare(trace: Trace): void {
  const store = play(trace, createMemoryStore());
  const records = recordsOf(store, trace);
  expect(records.get(-1) ?? []).toEqual([]);
  const split = new Map<string, GpuTime>();
  for (const job of trace.jobs) {
    const expected = expectedOf(trace, job);
    const own = records.get(job.run) ?? [];
    expect(own.length, `records of run ${job.run}`).toBe(expected.samples > 0 ? 1 : 0);
    const [record] = own;
    if (record === undefined) continue;
    expect(record.end !== null, `whether run ${job.run} has ended`).toBe(isOver(trace, job));
    for (const figure of figures) {
      const off = figure === 'percentMs' ? 2_000 : 20;
      expect(
        Math.abs(record[figure] - expected.time[figure]),
        `${figure} of run ${job.run}: ${record[figure]} and ${expected.time[figure]}`,
      ).toBeLessThan(off);
    }
    expect(record.energyJoules ?? 0).toBeCloseTo(expected.time.energyJoules ?? 0, -1);
    const ofUser = split.get(job.user) ?? noGpuTime();
    addGpuTime(ofUser, expected.split);
    split.set(job.user, ofUser);
  }
  for (const [user, time] of split) {
    const rows = [...store.usage.values()].filter((row) => row.user === user);
    for (const figure of figures.filter((name) => name !== 'percentMs')) {
      const sum = rows.reduce((total, row) => total + row[figure], 0);
      expect(Math.abs(sum - time[figure]), `${figure} of ${user}: ${sum} and ${time[figure]}`).toBeLessThan(
        100,
      );
    }
  }
  for (const row of store.usage.values())
    for (const figure of figures) expect(row[figure], figure).toBeGreaterThanOrEqual(0);
}

const seeds = fc.integer({ min: 1, max: 1_000_000 });

it('counts what a look at every sample counts', () => {
  fc.assert(
    fc.property(seeds, (seed) => compare(makeTrace({ seed }))),
    { numRuns: 40 },
  );
});

it('goes on after restarts of the head, and knows nothing of the time between', () => {
  fc.assert(
    fc.property(seeds, (seed) => compare(makeTrace({ seed, restarts: 3 }))),
    { numRuns: 40 },
  );
});

it('counts the same while clocks are set', () => {
  fc.assert(
    fc.property(seeds, (seed) => compare(makeTrace({ seed, clockSteps: true }))),
    { numRuns: 40 },
  );
});

it('doubles nothing and splits no job where the head is killed, and never has more than there was', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const trace = makeTrace({ seed, restarts: 4 });
      const store = play(trace, createMemoryStore(), true);
      for (const [run, records] of recordsOf(store, trace)) {
        expect(run).toBeGreaterThanOrEqual(0);
        expect(records.length, `records of run ${run}`).toBe(1);
        for (const record of records) checkRecord(record);
      }
      const usage = [...store.usage.values()];
      for (const row of usage) for (const figure of figures) expect(row[figure]).toBeGreaterThanOrEqual(-1);
      for (const node of trace.nodes) {
        const own = usage.filter((row) => row.node === node && row.model !== '');
        for (const [model, rows] of groupBy(own, (row) => row.model)) {
          const wallMs = trace.ticks * SAMPLE_MS * (model === 'H100' ? 2 : 1);
          const sum = (key: 'heldMs' | 'unknownMs') => rows.reduce((total, row) => total + row[key], 0);
          expect(sum('heldMs')).toBeLessThanOrEqual(wallMs + 100);
          // Of what was not written yet when the head was killed, ten minutes, nobody knows who shared it.
          const lostMs = trace.restarts.size * 2 * 600_000;
          expect(sum('heldMs') + sum('unknownMs')).toBeLessThanOrEqual(wallMs + lostMs + 100);
        }
      }
      // Each job counts once for its user, whenever the head was started.
      const jobs = usage.reduce((sum, row) => sum + row.newJobs, 0);
      expect(jobs).toBeLessThanOrEqual(store.jobs.size);
    }),
    { numRuns: 40 },
  );
});

function checkRecord(record: JobRecord): void {
  const { heldMs, activeMs, idleMs, untouchedMs, unknownMs, toldMs, firstMs, lastMs, shares } = record;
  for (const figure of figures) expect(record[figure]).toBeGreaterThanOrEqual(0);
  // Of a job's first minute each figure is the same part, but a spell is what it is.
  expect(activeMs + idleMs).toBeLessThanOrEqual(toldMs + SAMPLE_MS);
  expect(toldMs + untouchedMs).toBeLessThanOrEqual(heldMs + 5);
  const gpus = Math.max(1, shares.flatMap((share) => share.gpus).length);
  expect(heldMs + unknownMs).toBeLessThanOrEqual((lastMs - firstMs) * gpus + 5);
  expect(record.end === null).toBe(record.endMs === null);
}
