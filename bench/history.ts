// npm run bench:history: what it costs to keep what 1,000 nodes with 8 GPUs each say every 10 s, and to ask for it. The
// points are made up as in a busy cluster: training with noise, bursts, held and idle, free. In this process, without the
// thread, so that CPU is of history alone. What it writes takes a second or two for each hour of 100 nodes; sizes of all
// tiers need a whole day: --nodes 40. Prints figures; asserts nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { cellCount, GPU_WIDTH, MACHINE_WIDTH } from '../src/history/codec/kept-point.ts';
import { createEngine, type NodePoint } from '../src/history/engine/engine.ts';
import { fileSizes } from '../src/history/sqlite/inspect.ts';
import { findSqlite } from '../src/history/sqlite/sqlite.ts';
import { createSqliteStore } from '../src/history/sqlite/sqlite-store.ts';
import { shiftOf, toShortFloat } from '../src/lib/short-floats.ts';
import { printMachine, printTable, round } from './report.ts';

const options = await yargs(hideBin(process.argv))
  .option('nodes', { type: 'number', default: 1_000 })
  .option('hours', { type: 'number', default: 2.1, describe: 'A day is complete after 24.1' })
  .strict()
  .parseAsync();

const GPUS = 8;
const STEP_MS = 10_000;
const GIB = 1024 ** 3;
const START_MS = Date.parse('2026-11-30T00:00:00Z');
const CELSIUS = shiftOf('celsius');

/** The same numbers for the same seed. */
function createNoise(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

type Phase = 'training' | 'bursts' | 'held' | 'free';

/** What one node says, moment by moment. */
function createNode(name: string, seed: number): (atMs: number) => NodePoint {
  const noise = createNoise(seed * 7_919 + 17);
  const gpus = Array.from({ length: GPUS }, () => ({
    phase: 'free' as Phase,
    untilMs: 0,
    memory: 0,
    celsius: 34,
  }));
  let cpu = 10;
  return (atMs) => {
    const cells = new Uint16Array(cellCount(GPUS, 0));
    let busy = 0;
    gpus.forEach((gpu, row) => {
      if (atMs >= gpu.untilMs) {
        const dice = noise();
        gpu.phase = dice < 0.45 ? 'training' : dice < 0.6 ? 'bursts' : dice < 0.75 ? 'held' : 'free';
        gpu.untilMs = atMs + 3_600_000 * (0.5 + 6 * noise());
        gpu.memory = gpu.phase === 'free' ? 0.02 * GIB : (20 + 55 * noise()) * GIB;
      }
      const dip = Math.floor(atMs / 1_800_000) % 1 === 0 && (atMs / 1_000) % 1_800 < 40;
      const works = gpu.phase === 'training' ? !dip : gpu.phase === 'bursts' && noise() < 0.3;
      const utilization = works ? 80 + Math.floor(20 * noise()) : 0;
      busy += utilization;
      gpu.celsius += (36 + utilization * 0.33 - gpu.celsius) * 0.1;
      const at = MACHINE_WIDTH + row * GPU_WIDTH;
      cells[at] = toShortFloat(utilization);
      cells[at + 1] = toShortFloat(gpu.memory);
      cells[at + 2] = toShortFloat(Math.round(gpu.celsius) + CELSIUS);
      cells[at + 3] = toShortFloat(Math.round(60 + utilization * 3.2 + (works ? 30 * noise() : 2 * noise())));
    });
    cpu += (5 + busy / 12 - cpu) * 0.2 + (noise() - 0.5) * 3;
    const rate = (scale: number) => (busy === 0 ? 0 : scale * (0.4 + noise()));
    cells[0] = toShortFloat(Math.max(0, Math.min(100, cpu)));
    cells[1] = toShortFloat((80 + busy / 4) * GIB);
    cells[2] = toShortFloat(0);
    cells[3] = toShortFloat(rate(2e8));
    cells[4] = toShortFloat(rate(1.5e8));
    cells[5] = toShortFloat(rate(5e7));
    cells[6] = toShortFloat(noise() < 0.9 ? 0 : rate(1e8));
    cells[7] = toShortFloat(Math.round(rate(20)));
    return { node: name, atMs, gpus: gpus.map((_, index) => index), jobs: [], cells };
  };
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

async function timed(action: () => Promise<unknown>, times = 15): Promise<number> {
  await action();
  const taken: number[] = [];
  for (let at = 0; at < times; at++) {
    const begun = cpuMs();
    await action();
    taken.push(cpuMs() - begun);
  }
  return taken.sort((a, b) => a - b)[times >> 1] ?? 0;
}

const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-history-'));
const clock = { ms: START_MS };
const sqlite = await findSqlite();
const store = createSqliteStore({ folder, sqlite, nowMs: () => clock.ms });
const engine = await createEngine({ store, nowMs: () => clock.ms });
const nodes = Array.from({ length: options.nodes }, (_, at) => createNode(`node${at}`, at + 1));
const parts = Math.max(1, Math.round(options.nodes / 100));
const endMs = START_MS + options.hours * 3_600_000;

globalThis.gc?.();
const residentBefore = process.memoryUsage().rss;
let appendMs = 0;
let workMs = 0;
/** Whoever waits for an answer waits for one step. */
const delay = monitorEventLoopDelay({ resolution: 1 });
let mostResident = 0;
for (; clock.ms < endMs; clock.ms += STEP_MS) {
  // As a head hands them over: a hundred or so at a time, each time synced to the disk.
  for (let part = 0; part < parts; part++) {
    const points = nodes.filter((_, at) => at % parts === part).map((node) => node(clock.ms));
    const begun = cpuMs();
    await engine.append(points);
    appendMs += cpuMs() - begun;
  }
  const begun = cpuMs();
  delay.enable();
  await engine.work();
  delay.disable();
  workMs += cpuMs() - begun;
  if (clock.ms % 3_600_000 === 0) mostResident = Math.max(mostResident, process.memoryUsage().rss);
}
const problem = engine.problem();
if (problem !== null) throw new Error(problem);

const simulatedMs = options.hours * 3_600_000;
const gpuDays = (options.nodes * GPUS * options.hours) / 24;
const bytesOf = (kind: string) =>
  fileSizes(folder).reduce((sum, { name, bytes }) => (name.startsWith(kind) ? sum + bytes : sum), 0);
const values = options.nodes * (MACHINE_WIDTH + GPUS * GPU_WIDTH) * (simulatedMs / STEP_MS);
const per = (nodes: number, ms: number) => ((ms / simulatedMs) * nodes) / options.nodes;

printMachine();
console.log(
  `${options.nodes} nodes, ${options.hours} h, ${engine.damages().length} damages; ${store.engine}\n`,
);
const dayMs = START_MS + 12 * 3_600_000;
const all = () => true;
const range = (
  fromMs: number,
  toMs: number,
  stepMs: number,
  isWanted: Parameters<typeof engine.range>[0]['isWanted'] = all,
) =>
  timed(() =>
    engine.range({
      node: `node${Math.floor(Math.random() * options.nodes)}`,
      fromMs,
      toMs,
      stepMs,
      isWanted,
    }),
  );
printTable([
  ['raw, bytes a value in the file', (bytesOf('raw') / values).toFixed(3), '≤ 0.75'],
  ['raw, KB a GPU and day', `${round(bytesOf('raw') / gpuDays / 1000)}`, '≤ 65'],
  ['minutes', `${round(bytesOf('minute') / gpuDays / 1000)}`, '≤ 32'],
  ['quarters', `${(bytesOf('quarter') / gpuDays / 1000).toFixed(2)}`, '≤ 3.2'],
  ['frames', `${(bytesOf('frame') / gpuDays / 1000).toFixed(2)}`, '≤ 4'],
  ['taking points in, cores of 1,000 nodes', per(1_000, appendMs).toFixed(5), ''],
  ['... and all the rest', per(1_000, workMs).toFixed(5), ''],
  ['... together', per(1_000, appendMs + workMs).toFixed(5), '≤ 0.01'],
  [
    '... a node-sample',
    `${round(((appendMs + workMs) * 1_000) / ((options.nodes * simulatedMs) / STEP_MS))} µs`,
    '',
  ],
  [
    'longest step of what becomes due',
    `${round(delay.percentile(99) / 1e6)} ms of 99 %, ${round(delay.max / 1e6)} ms at most`,
    '≤ 20 ms',
  ],
  [
    'resident, more than before (with the made-up nodes)',
    `${round((mostResident - residentBefore) / 1024 ** 2)} MiB`,
    '≤ 40 MB',
  ],
  [
    'a GPU, 24 h raw, CPU',
    `${(await range(START_MS, START_MS + 86_400_000, STEP_MS, ({ group, row }) => group === 'gpu' && row === 3)).toFixed(1)} ms`,
    '≤ 10 ms',
  ],
  [
    'a node, 24 h raw, all figures',
    `${(await range(START_MS, START_MS + 86_400_000, STEP_MS)).toFixed(1)} ms`,
    '',
  ],
  ['a node, all of it, minutes', `${(await range(START_MS, endMs, 60_000)).toFixed(1)} ms`, ''],
  ['a node, all of it, quarters', `${(await range(START_MS, endMs, 900_000)).toFixed(1)} ms`, ''],
  [
    'all GPUs at a past minute',
    `${(await timed(() => engine.frame(dayMs + 1_234_000))).toFixed(1)} ms`,
    '≤ 10 ms of 8,000',
  ],
]);
await engine.close();
rmSync(folder, { recursive: true, force: true });
