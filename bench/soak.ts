// npm run soak -- --minutes 30: nodes that come, go, hang, break off and return, servers that are killed and stopped,
// pages that are opened and closed. At the end the head holds what it held at the beginning: file descriptors, timers,
// child processes, memory. Exit code 1 where it does not.
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { createCluster } from '../src/cluster/cluster.ts';
import { compileDesign } from '../src/design/compile.ts';
import { createFleet } from '../src/fleet/fleet.ts';
import { createNodeLog } from '../src/fleet/node-log.ts';
import { listedNodes, type Target } from '../src/nodes/target.ts';
import { createState } from '../src/state/state.ts';
import { createAccess } from '../src/transport/access.ts';
import { readMonitorBundle } from '../src/transport/bootstrap/monitor-bundle.ts';
import { createApp } from '../src/web/app.ts';
import { serve } from '../src/web/serve.ts';
import { mebibytes, printMachine, round } from './report.ts';
import { startSimulatedFleet } from './simulated-fleet.ts';

const options = await yargs(hideBin(process.argv))
  .option('nodes', { type: 'number', default: 300 })
  .option('minutes', { type: 'number', default: 30 })
  .option('servers', { type: 'number', default: 3, describe: 'Processes that play the nodes' })
  .strict()
  .parseAsync();

/** Memory may be so much larger at the end: what was compiled and cached meanwhile stays. */
const MEMORY_LIMIT_FACTOR = 1.25;
const roles = { flapping: 10, rubbish: 3, hanging: 10 };
const simulated = await startSimulatedFleet({ ...options, interval: 1_000, roles });
process.on('exit', simulated.dispose);

const monotonicMs = () => performance.now();
const state = createState(monotonicMs);
const access = createAccess({
  homeFolder: simulated.folder,
  sshConfig: simulated.sshConfig,
  environment: {},
  stateDir: simulated.folder,
  projectFolder: process.cwd(),
  passwordFile: null,
  askpass: null,
  asksPersons: false,
});
const fleet = createFleet({
  emit: state.take,
  transportFor: access.transportFor,
  wayFor: access.wayFor,
  logFor: (target) => createNodeLog(target.name, 'soak'),
  monitor: await readMonitorBundle('dist'),
  runtimes: { forMachine: () => Promise.resolve(null) },
  headId: 'soak',
  handshakes: { total: 64, perJumpHost: 8, reservedDescriptors: 0, jumpHostOf: access.jumpHostOf },
  accessFingerprint: access.fingerprint,
  monotonicMs,
});
function watchNodes(targets: readonly Target[]): void {
  state.take({ kind: 'listed', nodes: listedNodes(targets) });
  fleet.setTargets(targets);
}
setInterval(state.checkFreshness, 1_000).unref();
const design = 'index-design.html';
const otherViews = { html: readFileSync('templates/views.html', 'utf8'), name: 'templates/views.html' };
const templates = compileDesign(readFileSync(design, 'utf8'), design, otherViews);
const app = createApp({
  version: 'soak',
  demo: false,
  allowedHosts: [],
  token: 'soak',
  cluster: createCluster(state),
  problems: () => [],
  retry: fleet.retry,
  watch: fleet.setWatched,
  templates: () => templates,
  staticDir: 'static',
});
const page = await serve(app, { host: '127.0.0.1', port: 0 });
const port = 'port' in page.address ? page.address.port : 0;

interface Held {
  descriptors: number;
  timers: number;
  children: number;
  heapBytes: number;
  residentBytes: number;
}

function countChildren(): number {
  const threads = readdirSync('/proc/self/task');
  return threads
    .flatMap((thread) => readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' '))
    .filter((pid) => pid !== '').length;
}

function held(): Held {
  for (let round = 0; round < 3; round++) (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    children: countChildren(),
    heapBytes: heapUsed,
    residentBytes: rss,
  };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const some = (limit: number) => Math.floor(Math.random() * limit);

/** Everybody away, and time for farewells and for programs that are kept a while. */
async function settle(): Promise<void> {
  watchNodes([]);
  await sleep(20_000);
}

async function bringUp(): Promise<number> {
  watchNodes(simulated.targets);
  const enough = Math.floor(simulated.targets.length * 0.9);
  const liveCount = () => state.reports().filter((report) => report.state === 'live').length;
  const deadlineMs = monotonicMs() + 120_000;
  while (liveCount() < enough && monotonicMs() < deadlineMs) await sleep(200);
  return liveCount();
}

/** A viewer of the page who leaves after a while, now and then without a word. */
function look(): void {
  const asked = get({ host: '127.0.0.1', port, path: '/events' }, (answer) => {
    answer.on('error', () => undefined);
    if (some(4) > 0) answer.resume();
  });
  asked.on('error', () => undefined);
  setTimeout(() => asked.destroy(), 1_000 + some(20_000)).unref();
}

const counts = { lists: 0, restarts: 0, stops: 0, viewers: 0, retries: 0 };

async function disturb(): Promise<void> {
  switch (some(5)) {
    case 0: {
      counts.lists++;
      const share = 0.3 + Math.random() * 0.7;
      watchNodes(simulated.targets.filter(() => Math.random() < share));
      return;
    }
    case 1: {
      counts.restarts++;
      await simulated.restartServer(some(options.servers));
      return;
    }
    case 2: {
      counts.stops++;
      const at = some(options.servers);
      simulated.signalServer(at, 'SIGSTOP');
      await sleep(5_000 + some(20_000));
      simulated.signalServer(at, 'SIGCONT');
      return;
    }
    case 3:
      for (let viewer = some(10); viewer >= 0; viewer--, counts.viewers++) look();
      return;
    default:
      for (const { name, cause } of state.reports())
        if (cause !== null && fleet.retry(name)) counts.retries++;
  }
}

function tell(leftMs: number): void {
  const { descriptors, residentBytes } = held();
  const states = new Map<string, number>();
  for (const report of state.reports()) states.set(report.state, (states.get(report.state) ?? 0) + 1);
  const text = Array.from(states, ([word, count]) => `${count} ${word}`).join(', ');
  console.log(
    `${round(leftMs / 60_000, 0)} min left: ${text}; ${descriptors} descriptors, ${mebibytes(residentBytes)}`,
  );
}

async function disturbFor(minutes: number): Promise<void> {
  const endMs = monotonicMs() + minutes * 60_000;
  let toldMs = monotonicMs();
  while (monotonicMs() < endMs) {
    await disturb();
    await sleep(500 + some(3_000));
    if (monotonicMs() - toldMs < 60_000) continue;
    toldMs = monotonicMs();
    tell(endMs - toldMs);
  }
}

printMachine();
console.log(`${await bringUp()} of ${simulated.targets.length} nodes live`);
// What is compiled and cached once belongs to the beginning.
look();
await disturbFor(Math.min(2, options.minutes / 4));
await settle();
const before = held();
await bringUp();
await disturbFor(options.minutes);
const back = await bringUp();
await settle();
const after = held();
console.log(
  `\nafter ${options.minutes} min: ${counts.lists} changed lists, ${counts.restarts} killed servers, ${counts.stops} stopped servers, ${counts.viewers} viewers, ${counts.retries} retries; ${back} nodes live again at the end\n`,
);
console.log('| held by the head | before | after |\n|---|---|---|');
for (const name of ['descriptors', 'timers', 'children'] as const)
  console.log(`| ${name} | ${before[name]} | ${after[name]} |`);
console.log(`| heap in use | ${mebibytes(before.heapBytes)} | ${mebibytes(after.heapBytes)} |`);
console.log(`| resident | ${mebibytes(before.residentBytes)} | ${mebibytes(after.residentBytes)} |`);
const leaks = [
  ...(['descriptors', 'timers', 'children'] as const).filter((name) => after[name] > before[name]),
  ...(after.heapBytes > before.heapBytes * MEMORY_LIMIT_FACTOR ? ['heap'] : []),
];
console.log(leaks.length === 0 ? '\nnothing leaked' : `\nLEAKED: ${leaks.join(', ')}`);
await fleet.stop(2_000, () => undefined);
app.close();
process.exit(leaks.length === 0 ? 0 : 1);
