import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMessage } from '../src/protocol/messages.ts';
import { renderJobsText } from '../src/render/text/jobs-text.ts';
import { renderNodeText, renderStatusText } from '../src/render/text/nodes-text.ts';
import { viewNode } from '../src/render/view.ts';
import { createState } from '../src/state/state.ts';
import { bareSample } from './support/bare-sample.ts';
import { listGpus, listJobs } from './support/cluster-rows.ts';

/** Whatever a node says of GPUs, jobs and events, every view of it is made, and none grows beyond what was said. */

const way = { node: 'evil', sshWords: ['ssh', 'evil'], host: 'evil', port: 22 };
const hello = {
  type: 'hello',
  protocol: 1,
  build: 'b',
  nonce: 'n',
  pid: 1,
  hostname: 'h',
  os: 'o',
  kernel: 'k',
  runtime: 'r',
  gpus: null,
};

/** A head that heard these messages; those that are refused are left out, as a head does. */
function headThatHeard(messages: readonly object[]) {
  const state = createState(() => 1_000);
  state.take({ kind: 'listed', nodes: [{ name: 'evil' }] });
  state.take({ kind: 'connected', name: 'evil', connection: { way, transport: 'ssh2', logPath: null } });
  for (const message of [hello, ...messages]) {
    const parsed = parseMessage(JSON.stringify(message));
    if (parsed.ok)
      state.take({ kind: 'message', name: 'evil', message: parsed.message, faults: parsed.faults });
  }
  return state.reports();
}

/** All that is made of a node; how many characters that is. */
function sizeOfViews(messages: readonly object[]): number {
  const nodes = headThatHeard(messages);
  const views = nodes.map((node) => [viewNode(node), renderNodeText(node)]);
  const jobs = listJobs(nodes, 5_000);
  const all = [views, listGpus(nodes), jobs, renderJobsText(jobs), renderStatusText(nodes)];
  return JSON.stringify(all).length;
}

const sample = (rest: object) => ({ ...bareSample, processCount: null, jobs: null, ...rest });

const oddNumber = fc.oneof(
  fc.constantFrom(0, -1, 1, 0.5, 2 ** 53 - 1, 8.64e15, 8.64e15 + 1, 1e308, null),
  fc.integer({ min: 0, max: 3 }),
);
const oddText = fc.constantFrom(
  '',
  '__proto__',
  'constructor',
  'slurm:1',
  '\u001b[2J',
  '<b>',
  'x'.repeat(300),
);
const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 4 });
const column = some(oddNumber);

const factsMessage = fc.record(
  {
    type: fc.constant('facts'),
    gpus: some(
      fc.record({
        index: fc.constantFrom(0, 0, 1, 1024, 1025),
        vendor: fc.constantFrom('NVIDIA', '__proto__'),
        name: oddText,
        parentIndex: fc.constantFrom(null, 0, 1, 1024, 4095),
        powerLimitWatts: oddNumber,
        eccVolatileUncorrected: oddNumber,
      }),
    ),
    processes: some(
      fc.record({ pid: fc.nat(3), startTimeMs: oddNumber, command: oddText, user: oddText, job: oddText }),
    ),
    jobs: some(
      fc.record({
        key: oddText,
        kind: oddText,
        id: oddText,
        name: oddText,
        user: oddText,
        startTimeMs: oddNumber,
      }),
    ),
    gpuHolders: some(fc.record({ gpuIndex: fc.nat(3), pid: fc.nat() })),
    warnings: some(fc.record({ code: fc.constant('driver-mismatch'), message: oddText })),
    events: some(
      fc.record({
        atMs: oddNumber,
        kind: oddText,
        code: oddNumber,
        severity: oddText,
        text: oddText,
        pid: fc.constantFrom(null, 0, 2 ** 53 - 1),
        jobs: some(oddText),
      }),
    ),
  },
  { requiredKeys: ['type'] },
);
const sampleMessage = fc.record({
  gpus: fc.record({
    index: some(fc.constantFrom(0, 0, 1, 1024)),
    health: some(oddText),
    utilizationPercent: column,
    memoryUsedBytes: column,
    powerWatts: column,
    temperatureCelsius: column,
  }),
  gpuProcesses: fc.record({ pid: some(fc.nat(3)), gpuIndex: some(fc.nat(2)), gpuMemoryBytes: column }),
  jobs: fc.record({ key: some(oddText), cpuPercent: column, residentBytes: column, processCount: column }),
});

describe('a node that says what it likes', () => {
  it('breaks no view', () => {
    fc.assert(
      fc.property(some(factsMessage), sampleMessage, (facts, rest) => {
        sizeOfViews([...facts, sample(rest)]);
        expect({}).not.toHaveProperty('index');
      }),
      { numRuns: 300 },
    );
  });

  it('says when something happened, or that is not known', () => {
    const event = { kind: 'xid', severity: 'error', text: 'Xid', pciAddress: null, pid: null, jobs: [] };
    const atMs = Number.MAX_SAFE_INTEGER;
    const [node] = headThatHeard([{ type: 'facts', events: [{ ...event, atMs, code: 79 }] }]);
    expect(node?.events[0]).toMatchObject({ atMs: null, code: 79 });
  });

  it('names the same GPU and the same job many times, and is shown it once', () => {
    const rows = 250;
    const keys = Array.from({ length: 1000 }, (_, at) => `session:${at}`);
    const pids = keys.map((_, at) => at);
    const facts = {
      type: 'facts',
      gpus: [{ index: 0, vendor: 'NVIDIA', name: 'n'.repeat(200) }],
      jobs: keys.map((key) => ({ key, kind: 'session', id: key })),
      processes: pids.map((pid) => ({ pid, command: 'c', job: keys[pid], arguments: 'a'.repeat(500) })),
    };
    const once = sample({
      gpus: { index: [0], health: ['ok'] },
      gpuProcesses: { pid: pids, gpuIndex: pids.map(() => 0) },
      jobs: { key: keys },
    });
    const often = sample({
      gpus: { index: Array(rows).fill(0), health: Array(rows).fill('ok') },
      gpuProcesses: { pid: pids, gpuIndex: pids.map(() => 0) },
      jobs: { key: [...keys.slice(0, 500), ...keys.slice(0, 500)] },
    });
    expect(sizeOfViews([facts, often])).toBeLessThanOrEqual(sizeOfViews([facts, once]));
    const [job] = listJobs(headThatHeard([facts, often]), 0);
    expect(job).toMatchObject({ nodes: ['evil'], gpus: [{ index: 0 }] });
  });
});
