import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCluster } from '../src/cluster/cluster.ts';
import { type Message, parseMessage } from '../src/protocol/messages.ts';
import { briefSample } from '../src/protocol/sample-brief.ts';
import { createFailure } from '../src/report/failures.ts';
import type { NodeReport } from '../src/report/node-report.ts';
import { createState } from '../src/state/state.ts';
import { createRowWriter } from '../src/web/row-json.ts';
import { bareSample } from './support/bare-sample.ts';

const NAMES = ['n1', 'n2', 'n3'];
const EPOCH_MS = 1.7e12;

function messageOf(fields: object): Message {
  const parsed = parseMessage(JSON.stringify(fields));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

const hello = messageOf({
  type: 'hello',
  protocol: 1,
  build: 'b',
  nonce: 's',
  pid: 5,
  hostname: 'h',
  os: 'o',
  kernel: 'k',
  runtime: 'r',
  gpus: null,
});

/** A state with the table made of it, one clock for both, and what can happen to them. */
function start() {
  let nowMs = 1_000;
  let sequence = 0;
  const clocks = { monotonicMs: () => nowMs, epochMs: () => EPOCH_MS + nowMs };
  const state = createState(clocks.monotonicMs, undefined, clocks.epochMs);
  const cluster = createCluster(state, clocks);
  const write = createRowWriter(cluster, clocks.epochMs);
  const wayOf = (node: string) => ({ node, sshWords: ['ssh', node], host: node, port: 22 });
  state.take({ kind: 'listed', nodes: NAMES.map((name) => ({ name })) });

  /** The story of a stale node counts the seconds, and may be one behind. */
  const told = (node: NodeReport) => (node.state === 'stale' ? { ...node, message: null } : node);
  function check(report: NodeReport): void {
    const fresh = state.report(report.name);
    expect(told(JSON.parse(Buffer.concat([...write('', [report], '')]).toString()) as NodeReport)).toEqual(
      fresh && told(fresh),
    );
  }

  function pass(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      nowMs += 1_000;
      state.checkFreshness();
    }
  }

  return {
    sample(name: string, number: number) {
      sequence += 1;
      const cpu = { totalPercent: number, corePercents: [], load1: 1, load5: 1, load15: 1 };
      const fields = { ...bareSample, sequence, intervalMs: number < 4 ? 1_000 : 10_000, cpu };
      const message = messageOf(fields);
      if (message.type !== 'sample') return;
      const brief = briefSample(message, { processes: new Map() });
      state.take({ kind: 'sample', name, brief, whole: Buffer.from(JSON.stringify(fields)) });
    },
    connect(name: string) {
      const connection = { way: wayOf(name), transport: 'ssh2', logPath: null } as const;
      state.take({ kind: 'connected', name, connection });
      state.take({ kind: 'message', name, message: hello, faults: [] });
    },
    fail(name: string) {
      const failure = createFailure(wayOf(name), { cause: 'refused' });
      state.take({ kind: 'failed', name, failure, logPath: null });
    },
    /** In another order, without one, with other tags, or with one switched off. */
    list(_name: string, number: number) {
      const order = number % 2 === 0 ? [...NAMES].reverse() : NAMES;
      const nodes = order
        .filter((_, at) => at !== number - 3)
        .map((name, at) => ({ name, tags: [`t${number}`], enabled: at !== number - 5 }));
      state.take({ kind: 'listed', nodes });
    },
    pass: (_name: string, seconds: number) => pass(seconds),
    passLong: () => pass(70),
    askAll() {
      cluster.catchUp();
      expect(cluster.reports().map(({ name }) => name)).toEqual(state.names());
      expect(cluster.currentRows().nodes).toEqual(cluster.reports());
      for (const report of cluster.reports()) check(report);
    },
    askOne(name: string) {
      cluster.catchUp(name);
      const report = cluster.node(name)?.report;
      expect(report !== undefined).toBe(state.names().includes(name));
      if (report) check(report);
    },
    loadPage() {
      cluster.refreshAll(nowMs);
      expect(cluster.reports().map(({ name }) => name)).toEqual(state.names());
    },
  };
}

const kinds = [
  'sample',
  'connect',
  'fail',
  'list',
  'pass',
  'passLong',
  'askAll',
  'askOne',
  'loadPage',
] as const;
const step = fc.record({
  kind: fc.constantFrom(...kinds),
  name: fc.constantFrom(...NAMES),
  number: fc.nat(7),
});

it('the table says of every node what the state says, whatever happens and whoever asked before', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 50, size: 'max' }), (steps) => {
      const world = start();
      for (const { kind, name, number } of steps) world[kind](name, number);
    }),
    { numRuns: 300 },
  );
});
