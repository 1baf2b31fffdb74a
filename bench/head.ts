// npm run bench:head -- --nodes 1000: the head's cost per node-sample, memory, start and latency, against
// simulated nodes in processes of their own. Prints figures; asserts nothing. ssh2's native addon counts where
// `npm run native` has built it.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { writeHeapSnapshot } from 'node:v8';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { createFleet } from '../src/fleet/fleet.ts';
import { createNodeLog } from '../src/fleet/node-log.ts';
import { createShardedFleet } from '../src/fleet/sharded-fleet.ts';
import { keepHeapTight } from '../src/head/keep-heap-tight.ts';
import { listedNodes, type Target } from '../src/nodes/target.ts';
import type { FleetEvent } from '../src/report/fleet-event.ts';
import { createState } from '../src/state/state.ts';
import { createAccess } from '../src/transport/access.ts';
import { readMonitorBundle } from '../src/transport/bootstrap/monitor-bundle.ts';
import { measureFloor } from './floor.ts';
import { mebibytes, printMachine, printTable, quantile, round } from './report.ts';
import { roleOf } from './roles.ts';
import { startSimulatedFleet } from './simulated-fleet.ts';

const options = await yargs(hideBin(process.argv))
  .option('nodes', { type: 'number', default: 1000 })
  .option('interval', { type: 'number', default: 1000, describe: 'Milliseconds between samples' })
  .option('seconds', { type: 'number', default: 30, describe: 'How long to measure' })
  .option('servers', { type: 'number', default: 4, describe: 'Processes that play the nodes' })
  .option('flapping', {
    type: 'number',
    default: 0,
    describe: 'Percent of nodes that break off every minute',
  })
  .option('rubbish', { type: 'number', default: 0, describe: 'Percent of nodes that send rubbish' })
  .option('profile', { type: 'string', describe: 'Write a CPU profile of what is measured to this file' })
  .option('ciphers', { type: 'string', describe: 'As Ciphers of ssh_config' })
  .option('macs', { type: 'string', describe: 'As MACs of ssh_config' })
  .option('heap', { type: 'string', describe: 'Write a heap snapshot to this file at the end' })
  .option('threads', {
    type: 'number',
    default: 0,
    describe: 'Threads that carry the nodes beside the main one',
  })
  .strict()
  .parseAsync();

// As the head does at its start.
keepHeapTight(options.nodes);
const root = process.cwd();
const addon = join(root, 'node_modules/ssh2/lib/protocol/crypto/build/Release/sshcrypto.node');

function hasAddon(): boolean {
  try {
    createRequire(import.meta.url)(addon);
    return true;
  } catch {
    return false;
  }
}

const roles = { flapping: options.flapping, rubbish: options.rubbish, hanging: 0 };
const simulated = await startSimulatedFleet({ ...options, roles });
const { targets, sampleBytes } = simulated;
process.on('exit', simulated.dispose);

const state = createState(() => performance.now());
const TAKEN = '"takenAtMs":';
const latencies: number[] = [];
const answering = targets.filter(({ name }) => roleOf(name, roles) !== 'rubbish').length;
const live = new Set<string>();
let isMeasuring = false;
let samples = 0;
/** How long the last start took until the last node was live, and the head's own CPU meanwhile. */
let allLive: { ms: number; cpuMs: number } | null = null;
let start = { ms: performance.now(), cpu: process.cpuUsage() };

/** Found without reading the sample, which would cost more than the head takes for it. */
function takenAtMs(whole: Uint8Array): number {
  const bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.length);
  const start = bytes.indexOf(TAKEN) + TAKEN.length;
  return Number(bytes.toString('latin1', start, bytes.indexOf(',', start)));
}

// The fleet's own way into state, with a clock on it.
function emit(event: FleetEvent): void {
  state.take(event);
  if (event.kind !== 'sample') return;
  if (isMeasuring) {
    samples++;
    latencies.push(Date.now() - takenAtMs(event.whole));
  }
  if (live.has(event.name)) return;
  live.add(event.name);
  if (live.size < answering) return;
  const { user, system } = process.cpuUsage(start.cpu);
  allLive = { ms: performance.now() - start.ms, cpuMs: (user + system) / 1000 };
}

const access = createAccess({
  homeFolder: simulated.folder,
  sshConfig: simulated.sshConfig,
  environment: {},
  stateDir: simulated.folder,
  projectFolder: root,
  passwordFile: null,
  askpass: null,
  asksPersons: false,
});
const fleetOptions = {
  emit,
  transportFor: access.transportFor,
  wayFor: access.wayFor,
  logFor: (target: Target) => createNodeLog(target.name, 'bench'),
  monitor: await readMonitorBundle(join(root, 'dist')),
  runtimes: { forMachine: () => Promise.resolve(null) },
  headId: 'bench',
  handshakes: { total: 64, perJumpHost: 8, reservedDescriptors: 0, jumpHostOf: access.jumpHostOf },
  accessFingerprint: access.fingerprint,
  monotonicMs: () => performance.now(),
};
const fleet =
  options.threads === 0
    ? createFleet(fleetOptions)
    : createShardedFleet({
        ...fleetOptions,
        threads: options.threads,
        workerFile: join(root, 'dist', 'fleet-worker.js'),
        shardSettings: { homeFolder: simulated.folder, sshConfig: simulated.sshConfig, environment: {} },
        resolver: access.resolver,
        onKeyLogin: access.secrets.keyWorked,
      });

function watchNodes(now: readonly Target[]): void {
  state.take({ kind: 'listed', nodes: listedNodes(now) });
  fleet.setTargets(now);
}
setInterval(state.checkFreshness, 1_000).unref();

function startAll(): void {
  live.clear();
  allLive = null;
  start = { ms: performance.now(), cpu: process.cpuUsage() };
  watchNodes(targets);
}

/** Wall time holds the work of the nodes' servers on the same machine, CPU time does not. */
const startText = () =>
  allLive === null
    ? 'not all nodes came'
    : `${round(allLive.ms / 1000, 2)} s, of it the head's own CPU ${round(allLive.cpuMs / 1000, 2)} s`;

startAll();

/** The result ends it and gives the profile as JSON. */
async function startProfiler(): Promise<() => Promise<string>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 400 });
  await session.post('Profiler.start');
  return async () => JSON.stringify((await session.post('Profiler.stop')).profile);
}

const reports = () => {
  const counts = new Map<string, number>();
  for (const { state: word, cause } of state.reports()) {
    const key = cause === null ? word : `${word} (${cause})`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Array.from(counts, ([word, count]) => `${count} ${word}`).join(', ');
};

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const deadlineMs = performance.now() + 400_000;
while (live.size < answering && performance.now() < deadlineMs) await sleep(50);
if (live.size < answering) {
  const failed = state.reports().find((report) => report.state !== 'live');
  throw new Error(`only ${live.size} of ${answering} nodes came up; ${failed?.name}: ${failed?.message}`);
}
// Warm code and a calm fleet are what a head has most of its life.
await sleep(5_000);
const profiler = options.profile === undefined ? null : await startProfiler();
isMeasuring = true;
const before = process.cpuUsage();
const beforeMs = performance.now();
await sleep(options.seconds * 1000);
const used = process.cpuUsage(before);
const elapsedMs = performance.now() - beforeMs;
isMeasuring = false;
if (profiler !== null) writeFileSync(options.profile ?? '', await profiler());

const coldStart = startText();
const statesAtTheEnd = reports();
const residentBytes = process.memoryUsage().rss;
let warmStart = 'not measured';
if (options.interval === 1_000) {
  // The same once more, with settings and known hosts looked up already.
  watchNodes([]);
  await sleep(5_000);
  startAll();
  while (live.size < answering && performance.now() - start.ms < 60_000) await sleep(50);
  warmStart = startText();
}

// Of at most so many nodes: per sample it is the same.
const FLOOR_NODES = 1_000;
watchNodes([]);
await sleep(5_000);
const floorNodes = Math.min(FLOOR_NODES, targets.length);
const floor = await measureFloor(simulated, floorNodes, options.seconds);

const cpuMicroseconds = used.user + used.system;
const perSample = cpuMicroseconds / samples;
printMachine();
console.log(
  `${targets.length} nodes, ${samples} samples of ${sampleBytes} bytes in ${round(elapsedMs / 1000)} s, ssh2 ${hasAddon() ? 'with' : 'without'} its native addon\nstates at the end: ${statesAtTheEnd}\n`,
);
printTable([
  ['head, CPU per node-sample', `${round(perSample, 0)} µs`, '≤ 150 µs'],
  [
    'ssh2 and JSON.parse alone, the same samples',
    `${round(floor.sampleMicroseconds, 0)} µs; the head needs ${round(perSample / floor.sampleMicroseconds, 2)} times that`,
    '≤ 1.69 times (150 to 89 µs)',
  ],
  [
    'head, CPU',
    `${round(cpuMicroseconds / 1000 / elapsedMs, 3)} core`,
    '≤ 0.25 core for 1,000 nodes at 1 Hz, ≤ 0.3 core for 10,000 every 10 s',
  ],
  ['the same for 10,000 nodes at 1 Hz (computed)', `${round(perSample / 100, 2)} cores`, '≤ 2 cores'],
  ['head, resident', mebibytes(residentBytes), '≤ 300 MB for 1,000 nodes, ≤ 1.5 GB for 10,000'],
  ['cold start to the last first sample', coldStart, '≤ 15 s with empty caches'],
  ['warm start to the last first sample', warmStart, '≤ 5 s'],
  [
    `ssh2 alone, log in to ${floorNodes} nodes`,
    `${round(floor.loginMs / 1000, 2)} s, of it its own CPU ${round(floor.loginCpuMs / 1000, 2)} s`,
    '',
  ],
  [
    'sample taken → in state, p50 / p99',
    `${round(quantile(latencies, 0.5), 0)} ms / ${round(quantile(latencies, 0.99), 0)} ms`,
    'p99 ≤ 250 ms up to the browser',
  ],
]);
if (options.heap) {
  (globalThis as { gc?: () => void }).gc?.();
  console.log(process.memoryUsage());
  writeHeapSnapshot(options.heap);
}
await fleet.stop(2_000, () => undefined);
access.dispose();
simulated.dispose();
process.exit(0);
