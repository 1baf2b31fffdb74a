import { beforeEach, describe, expect, it } from 'vitest';
import { bareSample } from '../../test/support/bare-sample.ts';
import { type Message, parseMessage } from '../protocol/messages.ts';
import { briefSample } from '../protocol/sample-brief.ts';
import { createFailure } from '../report/failures.ts';
import { createState, type State } from './state.ts';

const way = { node: 'n1', sshWords: ['ssh', 'n1'], host: 'n1', port: 22 };
const refused = createFailure(way, { cause: 'refused' }, ['a line']);

function message(fields: object) {
  const parsed = parseMessage(JSON.stringify(fields));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed;
}
const hello = message({
  type: 'hello',
  protocol: 1,
  build: 'b',
  nonce: 'secret',
  pid: 5,
  hostname: 'h',
  os: 'o',
  kernel: 'k',
  runtime: 'r',
  gpus: null,
});
const briefOf = (sample: Message) => {
  if (sample.type !== 'sample') throw new Error('not a sample');
  return briefSample(sample, { processes: new Map() });
};
const sampleOf = (fields: object = {}) => message({ ...bareSample, ...fields });

describe('state', () => {
  let nowMs = 0;
  let state: State;
  let told: string[][] = [];
  let rubbish: string[] = [];

  beforeEach(() => {
    nowMs = 1_000;
    rubbish = [];
    state = createState(
      () => nowMs,
      undefined,
      undefined,
      (name) => rubbish.push(name),
    );
    state.take({ kind: 'listed', nodes: [{ name: 'n1' }, { name: 'n2' }] });
    told = [];
    state.subscribe((names) => told.push([...names]));
  });

  const connect = () => {
    state.take({ kind: 'connected', name: 'n1', connection: { way, transport: 'ssh2', logPath: '/tmp/x' } });
    state.take({ kind: 'message', name: 'n1', message: hello.message, faults: [] });
  };
  const sample = (fields?: object) => {
    const parsed = sampleOf(fields);
    state.take({ kind: 'message', name: 'n1', message: parsed.message, faults: parsed.faults });
  };

  it('keeps nothing of a node that is switched off, whatever its monitor says before it ends', () => {
    connect();
    sample();
    const list = (enabled: boolean) =>
      state.take({ kind: 'listed', nodes: [{ name: 'n1', enabled }, { name: 'n2' }] });
    list(false);
    sample();
    state.take({ kind: 'failed', name: 'n1', failure: refused, logPath: '/tmp/x' });
    const off = { state: 'disabled', cause: null, sample: null, sampleAgeMs: null, logPath: null };
    expect(state.report('n1')).toMatchObject(off);
    list(true);
    expect(state.report('n1')).toMatchObject({ state: 'connecting', cause: null, sample: null });
  });

  it('goes from connecting over live and stale to unreachable, and keeps the last figures', () => {
    expect(state.report('n1')?.state).toBe('connecting');
    connect();
    expect(state.report('n1')).toMatchObject({
      state: 'connecting',
      transport: 'ssh2',
      logPath: '/tmp/x',
      sampleAgeMs: null,
    });
    sample({ cpu: { totalPercent: 5, corePercents: [], load1: 1, load5: 1, load15: 1 } });
    expect(state.report('n1')).toMatchObject({ state: 'live', cause: null, sampleAgeMs: 0 });
    nowMs += 5_001;
    expect(state.report('n1')).toMatchObject({ state: 'stale', cause: 'monitor-silent', sampleAgeMs: 5_001 });
    state.take({ kind: 'failed', name: 'n1', failure: refused, logPath: null });
    const report = state.report('n1');
    expect(report).toMatchObject({
      state: 'unreachable',
      cause: 'refused',
      lastLines: ['a line'],
      hint: refused.hint,
    });
    expect(report?.hello?.pid).toBe(5);
    expect(report?.sample?.cpu?.totalPercent).toBe(5);
  });

  it('keeps the cause through a new connection until the next sample', () => {
    state.take({ kind: 'failed', name: 'n1', failure: refused, logPath: null });
    connect();
    expect(state.report('n1')?.cause).toBe('refused');
    sample();
    expect(state.report('n1')).toMatchObject({ state: 'live', cause: null, message: null });
  });

  it('calls a monitor that says hello and nothing else silent', () => {
    connect();
    nowMs += 6_000;
    expect(state.report('n1')).toMatchObject({ state: 'stale', cause: 'monitor-silent' });
  });

  it('is fresh for three intervals', () => {
    connect();
    sample({ intervalMs: 10_000 });
    nowMs += 29_000;
    expect(state.report('n1')?.state).toBe('live');
    nowMs += 2_000;
    expect(state.report('n1')?.state).toBe('stale');
  });

  it('tells subscribers of the passing of time once', () => {
    connect();
    sample();
    told = [];
    nowMs += 6_000;
    state.checkFreshness();
    state.checkFreshness();
    expect(told).toEqual([['n1']]);
  });

  it('shows neither nonce nor message type, and refused figures as an error of their collector', () => {
    connect();
    sample({ cpu: { totalPercent: 900, corePercents: [] } });
    const report = state.report('n1');
    expect(JSON.stringify(report)).not.toMatch(/secret|"type"/);
    expect(report?.sample?.cpu?.totalPercent).toBeNull();
    expect(report?.sample?.collectors.cpu).toMatchObject({
      ok: false,
      error: 'totalPercent out of range: 900',
    });
    expect(report?.sample?.collectors.memory.ok).toBe(true);
  });

  it('reads a sample that came with a brief as it reads one that came parsed', () => {
    connect();
    const fields = { cpu: { totalPercent: 900, corePercents: [1, 2] }, processCount: 7 };
    sample(fields);
    const parsed = state.report('n1');
    const { message: good } = sampleOf({ ...fields, sequence: 2 });
    state.take({
      kind: 'sample',
      name: 'n1',
      brief: { ...briefOf(good), intervalMs: 20_000 },
      whole: Buffer.from(JSON.stringify({ ...good, cpu: fields.cpu })),
    });
    expect(state.report('n1')).toEqual({ ...parsed, sample: { ...parsed?.sample, sequence: 2 } });
    nowMs += 59_000;
    expect(state.report('n1')?.state).toBe('live');
    nowMs += 2_000;
    expect(state.report('n1')?.state).toBe('stale');
  });

  it('says of a node whose last sample is rubbish that it is, until the next one, and has it looked at', () => {
    connect();
    const { message: good } = sampleOf();
    const take = (whole: string) =>
      state.take({ kind: 'sample', name: 'n1', brief: briefOf(good), whole: Buffer.from(whole) });
    take('{"type":"sample"}');
    expect(rubbish).toEqual([]);
    expect(state.recentPoint('n1')?.timesMs).toHaveLength(1);
    const report = state.report('n1');
    expect(report).toMatchObject({ state: 'unreachable', cause: 'protocol', sample: null });
    expect(report?.message).toMatch(/sequence/);
    expect(rubbish).toEqual(['n1']);
    take(JSON.stringify(good));
    expect(state.report('n1')).toMatchObject({ state: 'live', cause: null });
    expect(rubbish).toEqual(['n1']);
  });

  it('lets no node with hundreds of GPUs decide what is usual', () => {
    const names = Array.from({ length: 8 }, (_, at) => `good${at}`);
    state.take({ kind: 'listed', nodes: [...names, 'evil'].map((name) => ({ name })) });
    const join = (name: string, count: number, driverVersion: string) => {
      state.take({ kind: 'connected', name, connection: { way, transport: 'ssh2', logPath: null } });
      const index = Array.from({ length: count }, (_, at) => at);
      const gpus = index.map((at) => ({ index: at, vendor: 'NVIDIA', name: 'H100', driverVersion }));
      for (const { message: heard, faults } of [
        hello,
        message({ type: 'facts', gpus }),
        sampleOf({ gpus: { index, health: index.map(() => 'ok') }, gpuProcesses: null }),
      ])
        state.take({ kind: 'message', name, message: heard, faults });
    };
    for (const name of names) join(name, 8, '580.1');
    join('evil', 250, '1.0');
    expect(state.report('good0')?.marks).toEqual([]);
    expect(state.report('evil')?.marks).toHaveLength(250);
  });

  it('keeps the other nodes when the list changes', () => {
    connect();
    sample();
    state.take({ kind: 'listed', nodes: [{ name: 'n3' }, { name: 'n1' }] });
    expect(state.reports().map((report) => [report.name, report.state])).toEqual([
      ['n3', 'connecting'],
      ['n1', 'live'],
    ]);
    expect(state.report('n2')).toBeUndefined();
    expect(new Set(told.at(-1))).toEqual(new Set(['n1', 'n2', 'n3']));
    state.take({ kind: 'failed', name: 'n2', failure: refused, logPath: null });
  });
});
