import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { bareSample } from '../../test/support/bare-sample.ts';
import { parseMessage } from '../protocol/messages.ts';
import { briefSample } from '../protocol/sample-brief.ts';
import { isPointDue, RECENT_MS } from '../report/series.ts';
import { createState, type State } from '../state/state.ts';

const START_MS = 1_700_000_000_000;
const GIB = 1024 ** 3;
const way = { node: 'n1', sshWords: ['ssh', 'n1'], host: 'n1', port: 22 };
const full = {
  ...bareSample,
  cpu: { totalPercent: 12.3, corePercents: [], load1: 1, load5: 1, load15: 1 },
  memory: {
    totalBytes: 64 * GIB,
    availableBytes: GIB,
    usedBytes: 63 * GIB,
    swapTotalBytes: 0,
    swapUsedBytes: 0,
  },
  disks: [
    { name: 'a', readBytesPerSecond: 100, writeBytesPerSecond: null, busyPercent: 5 },
    { name: 'b', readBytesPerSecond: 11, writeBytesPerSecond: null, busyPercent: 40 },
  ],
  network: [
    { name: 'eth0', receiveBytesPerSecond: 1000, transmitBytesPerSecond: null },
    { name: 'eth1', receiveBytesPerSecond: null, transmitBytesPerSecond: 7 },
  ],
  gpus: {
    index: [0, 1],
    health: ['ok', 'lost'],
    error: [null, 'GPU is lost'],
    utilizationPercent: [97, null],
    memoryUsedBytes: [20 * GIB, null],
    temperatureCelsius: [71, null],
  },
  gpuProcesses: { pid: [10, 10, 11], gpuIndex: [0, 1, 0], gpuMemoryBytes: [GIB, GIB, null] },
  jobs: {
    key: ['slurm:7', 'session:1', 'docker:abc'],
    processCount: [1, 1, 1],
    cpuPercent: [310, 2, null],
    residentBytes: [GIB, null, null],
  },
};
const facts = {
  type: 'facts',
  processes: [
    { pid: 10, startTimeMs: 1, user: 'ann', command: 'python', arguments: '', job: 'slurm:7' },
    { pid: 11, startTimeMs: 1, user: 'ann', command: 'python', arguments: '', job: 'session:1' },
  ],
  jobs: [{ key: 'slurm:7', kind: 'slurm', id: '7', name: 'train', user: 'ann', startTimeMs: 1 }],
};

describe('the last 15 minutes of a node', () => {
  let nowMs = 0;
  let state: State;

  const say = (fields: object) => {
    const parsed = parseMessage(JSON.stringify(fields));
    if (!parsed.ok) throw new Error(parsed.reason);
    state.take({ kind: 'message', name: 'n1', message: parsed.message, faults: parsed.faults });
  };
  const recent = (sinceMs: number | null = null) => {
    const found = state.recent('n1', sinceMs);
    if (!found) throw new Error('no such node');
    return found;
  };
  const seriesOf = (key: string) => recent().series.find((row) => row.key === key);

  beforeEach(() => {
    nowMs = 0;
    state = createState(
      () => nowMs,
      undefined,
      () => START_MS + nowMs,
    );
    state.take({ kind: 'listed', nodes: [{ name: 'n1' }, { name: 'n2' }] });
    state.take({ kind: 'connected', name: 'n1', connection: { way, transport: 'ssh2', logPath: null } });
  });

  it('are there for every figure, with label and unit', () => {
    say(facts);
    say(full);
    expect(recent()).toMatchObject({ node: 'n1', fromMs: START_MS - RECENT_MS, toMs: START_MS, missing: {} });
    expect(recent().timesMs).toEqual([START_MS]);
    const told = recent().series.filter(({ missing }) => missing === undefined);
    expect(told.map(({ key, values }) => [key, values[0]])).toEqual([
      ['cpu', 12.3],
      ['memory', 63 * GIB],
      ['swap', 0],
      ['network.receive', 1000],
      ['network.transmit', 7],
      ['disks.read', 111],
      ['disks.busy', 40],
      ['gpu.0.utilization', 97],
      ['gpu.0.memory', 20 * GIB],
      ['gpu.0.temperature', 71],
      ['job.slurm:7.cpu', 310],
      ['job.slurm:7.resident', GIB],
      ['job.slurm:7.gpuMemory', 2 * GIB],
      ['job.session:1.cpu', 2],
    ]);
    expect(seriesOf('job.slurm:7.cpu')).toMatchObject({
      group: 'jobs',
      label: 'slurm 7 · train',
      unit: 'percent',
      jobKey: 'slurm:7',
    });
    expect(seriesOf('gpu.0.memory')).toMatchObject({ label: 'GPU 0', unit: 'bytes', gpuIndex: 0 });
  });

  it('say why there is no value', () => {
    expect(seriesOf('cpu')).toMatchObject({ values: [], missing: 'no sample yet' });
    expect(recent().missing).toEqual({ gpus: 'no sample yet', jobs: 'no sample yet' });
    say({
      ...full,
      collectors: { ...bareSample.collectors, network: { ok: false, ms: 1, error: 'no /proc/net' } },
      network: null,
    });
    expect(seriesOf('network.receive')?.missing).toBe('no /proc/net');
    expect(seriesOf('disks.write')?.missing).toBe('the node does not tell it');
    expect(seriesOf('gpu.0.power')?.missing).toBe("the node's driver does not tell it");
    expect(seriesOf('gpu.1.power')?.missing).toBe('GPU is lost');
    nowMs += RECENT_MS + 1;
    expect(seriesOf('cpu')).toMatchObject({ values: [], missing: 'no sample in the last 15 minutes' });
    expect(state.recent('n2', null)?.series).toHaveLength(8);
    expect(state.recent('n3', null)).toBeUndefined();
  });

  it('say that there is no GPU and no job', () => {
    say({ ...bareSample, gpus: { index: [] }, jobs: { key: [] } });
    expect(recent().missing).toEqual({ gpus: 'this node has no GPU', jobs: 'no job runs here' });
  });

  it('have a point every 5 s, and the newest figures beside them', () => {
    for (let second = 0; second <= 12; second++) {
      nowMs = second * 1000 + (second % 2) * 30;
      say({ ...full, cpu: { ...full.cpu, totalPercent: second } });
    }
    expect(seriesOf('cpu')?.values).toEqual([0, 5, 10]);
    const point = state.recentPoint('n1');
    expect(point?.timesMs).toEqual([START_MS + 12_000]);
    expect(point?.series.find(({ key }) => key === 'cpu')?.values).toEqual([12]);
    expect(point?.series.map(({ key }) => key)).toEqual(recent().series.map(({ key }) => key));
    expect(state.recentPoint('n2')?.timesMs).toEqual([]);
  });

  it('give only what is newer, and then no reasons', () => {
    for (nowMs = 0; nowMs < 30_000; nowMs += 10_000) say(full);
    expect(recent(START_MS + 10_000).timesMs).toEqual([START_MS + 20_000]);
    const none = recent(START_MS + 20_000);
    expect(none.timesMs).toEqual([]);
    expect(none.series.filter(({ missing }) => missing !== undefined)).toEqual([]);
  });

  it('are fed by briefs, whatever came with them', () => {
    const parsed = parseMessage(JSON.stringify(full));
    if (!parsed.ok || parsed.message.type !== 'sample') throw new Error('not a sample');
    const brief = structuredClone(briefSample(parsed.message, { processes: new Map() }));
    for (const atMs of [0, 2_000, 5_000]) {
      nowMs = atMs;
      state.take({ kind: 'sample', name: 'n1', brief, whole: Buffer.from('never read') });
    }
    expect(recent().timesMs).toEqual([START_MS, START_MS + 5_000]);
    expect(seriesOf('gpu.0.temperature')?.values).toEqual([71, 71]);
  });

  it('of the past are no sample of now', () => {
    const parsed = parseMessage(JSON.stringify(full));
    if (!parsed.ok || parsed.message.type !== 'sample') throw new Error('not a sample');
    state.take({ kind: 'past-sample', name: 'n1', sample: parsed.message, atMs: START_MS - 60_000 });
    expect(seriesOf('cpu')?.values).toEqual([12.3]);
    expect(state.report('n1')).toMatchObject({ state: 'connecting', sample: null });
  });

  it('keep the 12 jobs with most GPU memory, then most CPU', () => {
    const key = Array.from({ length: 40 }, (_, at) => `slurm:${at}`);
    const cpuPercent = key.map((_, at) => at);
    const processes = [3, 5].map((at) => ({ ...facts.processes[0], pid: at, job: `slurm:${at}` }));
    say({ type: 'facts', processes });
    const gpuProcesses = { pid: [3, 5], gpuIndex: [0, 0], gpuMemoryBytes: [1, 2] };
    say({ ...full, gpuProcesses, jobs: { key, cpuPercent } });
    const cpu = recent().series.filter((row) => row.key.endsWith('.cpu'));
    expect(cpu.map(({ jobKey }) => jobKey)).toEqual(
      [5, 3, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30].map((at) => `slurm:${at}`),
    );
  });

  it('are short, finite and in order, whatever a node says', () => {
    const number = fc.oneof(fc.constant(null), fc.double(), fc.integer(), fc.string());
    const column = fc.array(number, { maxLength: 20 });
    const index = fc.array(fc.integer({ min: 0, max: 4095 }), { maxLength: 100 });
    const hostile = fc.record({
      afterMs: fc.integer({ min: -30_000, max: 60_000 }),
      index,
      column,
      keys: fc.array(fc.string({ maxLength: 300 }), { maxLength: 60 }),
      intervalMs: number,
    });
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 30 }), (samples) => {
        for (const { afterMs, index, column, keys, intervalMs } of samples) {
          nowMs = Math.max(0, nowMs + afterMs);
          const gpus = { index, utilizationPercent: column, temperatureCelsius: column, powerWatts: column };
          const fields = { ...full, intervalMs, gpus, jobs: { key: keys, cpuPercent: column } };
          const parsed = parseMessage(JSON.stringify(fields));
          if (parsed.ok)
            state.take({ kind: 'message', name: 'n1', message: parsed.message, faults: parsed.faults });
        }
        const { timesMs, series } = recent();
        expect(timesMs).toEqual([...new Set(timesMs)].sort((a, b) => a - b));
        expect(series.length).toBeLessThanOrEqual(8 + 64 * 4 + 24 * 3);
        for (const { values } of series) {
          expect(values).toHaveLength(timesMs.length);
          expect(values.every((value) => value === null || Number.isFinite(value))).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});

it('a point is due a little early, and after a clock was set back', () => {
  expect(isPointDue(null, 5)).toBe(true);
  expect(isPointDue(10_000, 14_499)).toBe(false);
  expect(isPointDue(10_000, 14_500)).toBe(true);
  expect(isPointDue(10_000, 9_999)).toBe(true);
});
