import { gzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { noNvmlKits } from '../../test/support/no-nvml-kits.ts';
import { parseNodeList } from '../nodes/node-list.ts';
import { createNodeSettings, defaultNodeSettings } from '../nodes/node-settings.ts';
import { listedNodes } from '../nodes/target.ts';
import { createState } from '../state/state.ts';
import { createLocalTransport } from '../transport/local.ts';
import { wayTo } from '../transport/way.ts';
import { createFleet, type Fleet } from './fleet.ts';

/** A monitor that says a sample ten times a second; no figure matters here. */
const source = `const [build, nonce, interval, title, node, head] = process.argv.slice(-6);
  const say = (message, brief = '') => console.log(brief + JSON.stringify(message));
  const briefOf = (sequence) => JSON.stringify([sequence, 1000, 0, Buffer.alloc(16).toString('base64'), null, null, null]) + '\\t';
  const report = { ok: true, ms: 1 };
  const names = ['cpu', 'memory', 'filesystems', 'disks', 'network', 'gpus', 'processes'];
  const collectors = Object.fromEntries(names.map((name) => [name, report]));
  const nothing = { cpu: null, memory: null, filesystems: null, disks: null, network: null, gpus: null,
    gpuProcesses: null, processCount: 1, topProcesses: null };
  process.stdin.on('data', () => 0).on('end', () => process.exit(0));
  say({ type: 'hello', protocol: 1, build, nonce, pid: process.pid, hostname: node, os: head, kernel: 'x',
    runtime: process.version, gpus: null });
  let sequence = 0;
  setInterval(() => {
    sequence++;
    say({ type: 'sample', sequence, takenAtMs: 1, intervalMs: 1000, collectors, ...nothing }, briefOf(sequence));
  }, 100);`;
const gzip = gzipSync(source);

let fleet: Fleet | null = null;
let freshness: NodeJS.Timeout | undefined;
afterEach(() => {
  clearInterval(freshness);
  return fleet?.stop(1_000, () => undefined);
});

it('a head that did not run for twenty seconds keeps its connections', async () => {
  let sleptMs = 0;
  const monotonicMs = () => performance.now() + sleptMs;
  const state = createState(monotonicMs);
  const log: string[] = [];
  const local = createLocalTransport(process.env);
  fleet = createFleet({
    emit: state.take,
    transportFor: () => local,
    wayFor: (target) => wayTo(target, null),
    logFor: () => ({ path: () => null, write: (text) => log.push(text) }),
    monitor: {
      build: 'test',
      gzip,
      nvmlKits: noNvmlKits,
    },
    runtimes: { forMachine: () => Promise.resolve(null) },
    headId: 'asleep',
    handshakes: { total: 8, perJumpHost: 8, reservedDescriptors: 0, jumpHostOf: () => Promise.resolve(null) },
    accessFingerprint: () => '',
    monotonicMs,
  });
  const told = new Set<string | undefined>();
  state.subscribe(() => told.add(state.report('sleepy')?.state));
  const everySecond = createNodeSettings({ ...defaultNodeSettings, intervalMs: 1_000 }, []);
  const targets = everySecond(parseNodeList('sleepy', 'list').targets);
  state.take({ kind: 'listed', nodes: listedNodes(targets) });
  fleet.setTargets(targets);
  freshness = setInterval(state.checkFreshness, 1_000);
  await expect.poll(() => state.report('sleepy')?.state, { timeout: 10_000 }).toBe('live');
  const pid = state.report('sleepy')?.hello?.pid;
  told.clear();
  // Timers run before anything is read: as after a real sleep, the fleet wakes with old samples only.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
  sleptMs = 20_000;
  const wokeMs = performance.now();
  await expect.poll(() => performance.now() - wokeMs, { timeout: 6_000 }).toBeGreaterThan(4_000);
  expect(state.report('sleepy')).toMatchObject({ state: 'live', hello: { pid } });
  expect(told).toEqual(new Set(['live']));
  expect(log.filter((line) => /silent|closed/.test(line))).toEqual([]);
});
