// npm run bench:few: what a small cluster costs, with real OpenSSH: each node a network
// namespace of its own with 8 GPUs and 16 processes on them (the stand-in for NVML). Drives a built checkout through its
// scripts, so that two can be compared (`npm run pair -- --before FOLDER few`). Needs root and what the fleet's tests
// need. Prints figures; asserts nothing.
import { execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import type { NodeReport } from '../src/report/node-report.ts';
import { compileNvml, writeNvmlScenario } from '../test/support/nvml-stand-in.ts';
import { printMachine, printTable, round } from './report.ts';

const options = await yargs(hideBin(process.argv))
  .option('project', { type: 'string', default: '.', describe: 'A checkout that is built' })
  .option('nodes', { type: 'number', default: 16 })
  .option('seconds', { type: 'number', default: 20, describe: 'How long each state is measured' })
  .strict()
  .parseAsync();

const project = resolve(options.project);
const fleetScript = resolve('test/fleet/fleet.sh');
const nodes = Array.from({ length: options.nodes }, (_, at) => at + 1);
const TICKS_PER_SECOND = 100;
const GPUS = 8;
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** The fleet, and this program once more where the head sits. */
function startInside(): number {
  const env = {
    ...process.env,
    FLEET_STATE: mkdtempSync(join(tmpdir(), 'rollcall-few-')),
    FLEET_PREFIX: `few-${process.pid}`,
    FLEET_OWNER: String(process.pid),
  };
  const run = (...words: string[]) => spawnSync(fleetScript, words, { env, stdio: 'inherit' }).status ?? 1;
  try {
    return (
      run('up', String(options.nodes)) ||
      run('head', process.execPath, 'dist/bench/few.js', ...hideBin(process.argv))
    );
  } finally {
    run('down');
    rmSync(env.FLEET_STATE, { recursive: true, force: true });
  }
}

function onNode(node: number, command: string): string {
  return execFileSync(fleetScript, ['exec', String(node), 'sh', '-c', command], { encoding: 'utf8' });
}

function nodeRoot(node: number): string {
  const pid = readFileSync(join(process.env.FLEET_STATE ?? '', `n${node}`, 'init.pid'), 'utf8').trim();
  return `/proc/${pid}/root`;
}

/** Pids on this machine of a node's processes. */
const pidsOf = (node: number) =>
  execFileSync(fleetScript, ['pids', String(node)], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
    .map(Number);

/** CPU milliseconds of a process and its ended children; 0 for one that is gone. */
function cpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return ([11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) * 1000) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

/** CPU milliseconds of all threads of a process that runs, finer than the kernel's ticks; 0 for one that is gone. */
function fineCpuMs(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanoseconds = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    );
    return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
  } catch {
    return 0;
  }
}

/** Of a node's processes, on average of all nodes. */
function nodeCpuMs(of: (pid: number) => number): number {
  const pids = nodes.flatMap(pidsOf);
  return pids.reduce((sum, pid) => sum + of(pid), 0) / nodes.length;
}

/** Bytes that a node received and sent by now, TCP and SSH included. */
function wireBytes(node: number): number {
  const rows = onNode(node, 'cat /proc/net/dev')
    .split('\n')
    .filter((line) => line.includes(':') && !line.includes('lo:'));
  return rows.reduce((sum, line) => {
    const numbers = (line.split(':')[1] ?? '').trim().split(/\s+/).map(Number);
    return sum + (numbers[0] ?? 0) + (numbers[8] ?? 0);
  }, 0);
}

/** Bytes that belong to the process alone. */
function privateBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)].reduce(
    (sum, [, kib]) => sum + Number(kib) * 1024,
    0,
  );
}

function prepareNode(node: number, library: Buffer): void {
  const root = nodeRoot(node);
  const pids = onNode(
    node,
    `for at in $(seq ${2 * GPUS}); do setsid sleep 99999 >/dev/null 2>&1 & echo $!; done`,
  )
    .trim()
    .split('\n');
  mkdirSync(join(root, 'opt/nvml'), { recursive: true });
  writeFileSync(join(root, 'opt/nvml/libnvidia-ml.so.1'), library, { mode: 0o755 });
  writeScenario(join(root, 'opt/nvml/scenario'), pids.map(Number));
  const lines = ['export LD_LIBRARY_PATH=/opt/nvml NVML_SCENARIO=/opt/nvml/scenario', ''].join('\n');
  appendFileSync(join(root, 'home/ops/.bashrc'), lines);
}

function compileLibrary(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'few-nvml-'));
  compileNvml(folder);
  const library = readFileSync(join(folder, 'libnvidia-ml.so.1'));
  rmSync(folder, { recursive: true });
  return library;
}

function writeScenario(path: string, pids: readonly number[]): void {
  const gpus = Array.from({ length: GPUS }, (_, index) => ({
    uuid: `GPU-${index}`,
    pciAddress: `00000000:${10 + index}:00.0`,
    name: 'NVIDIA H100 80GB HBM3',
    utilizationPercent: 90,
    more: { reasons: '0x4', energy: '123456789', pcie: '5 16 5 16', 'pcie-bytes': '1000 2000' },
  }));
  const processes = pids.map((pid, at) => ({ gpu: at % GPUS, pid, memoryMiB: 1024 + at, sm: 40 }));
  writeNvmlScenario(path, { gpus, processes });
}

/** A head of its own, started by the checkout's script. */
async function startHead(intervalSeconds: number) {
  const folder = mkdtempSync(join(tmpdir(), 'few-head-'));
  const names = Array.from({ length: options.nodes }, (_, at) => `n${at + 1}`);
  writeFileSync(join(folder, 'nodes'), `${names.join('\n')}\n`);
  writeFileSync(join(folder, 'rollcall.toml'), `interval-seconds = ${intervalSeconds}\n`);
  const own = ['--state-dir', join(folder, 'state')];
  const words = [
    ...own,
    ...['--node-list', join(folder, 'nodes'), '--config', join(folder, 'rollcall.toml'), '--port', '0'],
    ...['--ssh-config', join(process.env.FLEET_STATE ?? '', 'ssh_config')],
  ];
  const startedMs = performance.now();
  execFileSync(join(project, 'scripts/run_monitor.sh'), words, { stdio: ['ignore', 'ignore', 'inherit'] });
  const { url, pid } = JSON.parse(readFileSync(join(folder, 'state/head.json'), 'utf8')) as {
    url: string;
    pid: number;
  };
  const reports = async () =>
    ((await (await fetch(new URL('/api/v1/nodes', url))).json()) as { nodes: NodeReport[] }).nodes;
  const awaitAll = async (isSo: (node: NodeReport) => boolean) => {
    while (!(await reports()).every(isSo)) await sleep(250);
    return (performance.now() - startedMs) / 1000;
  };
  return {
    url,
    pid,
    awaitAll,
    stop() {
      execFileSync(join(project, 'scripts/kill_monitor.sh'), own, { stdio: 'ignore' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Milliseconds of the head's CPU for each sample that a node sends at this pace. */
async function measureHead(pid: number, intervalSeconds: number): Promise<number> {
  const beforeMs = fineCpuMs(pid);
  const begunMs = performance.now();
  await sleep(options.seconds * 1000);
  const samples = ((performance.now() - begunMs) / 1000 / intervalSeconds) * options.nodes;
  return (fineCpuMs(pid) - beforeMs) / samples;
}

const nodeLogs = () => readdirSync('/tmp').filter((name) => /^monitor-n\d+\.log/.test(name));

async function measure(): Promise<void> {
  const logsBefore = new Set(nodeLogs());
  const rows: [string, string, string][] = [];
  const row = (what: string, value: string) => rows.push([what, value, '']);
  const library = compileLibrary();
  for (const node of nodes) prepareNode(node, library);
  const before = { bytes: wireBytes(1), cpuMs: nodeCpuMs(cpuMs) };
  const head = await startHead(1);
  const liveSeconds = await head.awaitAll(({ state }) => state === 'live');
  const gpuSeconds = await head.awaitAll(({ sample }) => sample?.gpus?.length === GPUS);
  row('start to all nodes live', `${round(liveSeconds)} s`);
  row('start to all nodes with GPUs', `${round(gpuSeconds)} s`);
  row("head's CPU until then", `${(cpuMs(head.pid) / 1000).toFixed(2)} s`);
  row("a node's CPU until then", `${((nodeCpuMs(cpuMs) - before.cpuMs) / 1000).toFixed(2)} s`);
  row('bytes of a node until then', `${Math.round((wireBytes(1) - before.bytes) / 1000)} KB`);
  // Whoever has asked the API counts as looking for a while.
  await sleep(30_000);
  row('head at 1 Hz, nobody looks, CPU per node-sample', `${(await measureHead(head.pid, 1)).toFixed(2)} ms`);
  const status = readFileSync(`/proc/${head.pid}/status`, 'utf8');
  row('head, resident', `${Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)} MiB`);
  for (const [what, title] of [
    ['monitor', /rollcall-monitor/],
    ['helper', /rollcall-nvml/],
  ] as const) {
    const pid = pidsOf(1).find((one) => title.test(readFileSync(`/proc/${one}/cmdline`, 'utf8')));
    if (pid !== undefined) row(`${what} on a node, private`, `${round(privateBytes(pid) / 1024 ** 2)} MiB`);
  }
  const nodeBefore = nodeCpuMs(fineCpuMs);
  await sleep(options.seconds * 1000);
  row(
    'a node at 1 Hz, CPU per second',
    `${((nodeCpuMs(fineCpuMs) - nodeBefore) / options.seconds).toFixed(1)} ms`,
  );
  const viewer = fork('dist/bench/page-viewers.js', [new URL(head.url).port, '1']);
  await once(viewer, 'message');
  await sleep(8_000);
  row('head at 1 Hz, one viewer, CPU per node-sample', `${(await measureHead(head.pid, 1)).toFixed(2)} ms`);
  viewer.disconnect();
  head.stop();
  const slow = await startHead(5);
  await slow.awaitAll(({ sample }) => sample?.gpus?.length === GPUS);
  await sleep(30_000);
  row(
    'head every 5 s, nobody looks, CPU per node-sample',
    `${(await measureHead(slow.pid, 5)).toFixed(2)} ms`,
  );
  slow.stop();
  printMachine();
  printTable(rows);
  for (const name of nodeLogs()) if (!logsBefore.has(name)) rmSync(join('/tmp', name), { force: true });
}

if (process.env.FLEET_STATE === undefined) process.exit(startInside());
await measure();
