// npm run bench:monitor: CPU per sample and memory of the real monitor on this machine, with 500 processes
// and a stand-in for 8 GPUs with 16 processes. Prints figures; asserts nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { mebibytes, printMachine, printTable, quantile, round } from './report.ts';

const options = await yargs(hideBin(process.argv))
  .option('samples', { type: 'number', default: 60 })
  .option('processes', { type: 'number', default: 500 })
  .strict()
  .parseAsync();

const root = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'bench-monitor-'));
const children: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  children.push(child);
  return child;
}

const countProcesses = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
while (countProcesses() < options.processes - 8) start('sleep', ['3600']);

const gpuPids = children.slice(0, 16).map((child) => child.pid ?? 0);
copyFileSync(join(root, 'test/stand-ins/nvidia-smi'), join(folder, 'nvidia-smi'));
writeFileSync(
  join(folder, 'scenario.json'),
  JSON.stringify({
    gpus: Array.from({ length: 8 }, (_, index) => ({
      index,
      uuid: `GPU-${index}`,
      'pci.bus_id': `00000000:${10 + index}:00.0`,
      name: 'NVIDIA H100 80GB HBM3',
      'utilization.gpu': 90,
    })),
    processes: gpuPids.map((pid, at) => ({ gpu: at % 8, pid, memoryMiB: 1024 + at, sm: 40 })),
  }),
);

/** CPU nanoseconds of all threads of a process. */
function cpuNanoseconds(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, value) => sum + value, 0);
}

const memoryOf = (pid: number, field: string) =>
  1024 *
  Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

const monitor = start(
  process.execPath,
  [
    '--single-threaded',
    '--max-semi-space-size=1',
    '--max-old-space-size=64',
    join(root, 'dist/monitor.cjs'),
    'bench',
    'nonce',
    '1000',
    'rollcall-monitor',
    'bench-node',
    `bench-${process.pid}`,
  ],
  { ...process.env, PATH: `${folder}:${process.env.PATH}` },
);
const pid = monitor.pid ?? 0;
const costs: number[] = [];
const sizes: number[] = [];
let before = 0;
let last: {
  gpus: { index: number[] };
  gpuProcesses: { pid: number[] };
  processCount: number;
  collectors: Record<string, { ms: number }>;
} | null = null;

if (!monitor.stdout) throw new Error('no output');
for await (const line of createInterface({ input: monitor.stdout })) {
  const message = JSON.parse(line);
  if (message.type !== 'sample') continue;
  monitor.stdin?.write(`${JSON.stringify({ type: 'beat', acknowledged: message.sequence })}\n`);
  const now = cpuNanoseconds(pid);
  // The first samples pay for the start and for compiling.
  if (message.sequence > 10) {
    costs.push((now - before) / 1e6);
    sizes.push(line.length);
  }
  before = now;
  last = message;
  if (costs.length >= options.samples) break;
}

if (last === null) throw new Error('the monitor sent no sample');
printMachine();
console.log(
  `${last.processCount} processes, ${last.gpus.index.length} GPUs, ${last.gpuProcesses.pid.length} GPU processes, ${costs.length} samples at 1 Hz of ${round(quantile(sizes, 0.5), 0)} bytes`,
);
console.log(
  `Collectors in the last sample (ms): ${Object.entries(last.collectors)
    .map(([name, { ms }]) => `${name} ${ms}`)
    .join(', ')}\n`,
);
printTable([
  [
    'monitor, CPU per sample, median (p90)',
    `${round(quantile(costs, 0.5), 2)} ms (${round(quantile(costs, 0.9), 2)} ms)`,
    '≤ 5 ms',
  ],
  [
    'monitor, resident',
    `${mebibytes(memoryOf(pid, 'VmRSS'))}, of it private ${mebibytes(memoryOf(pid, 'RssAnon'))}`,
    '≤ 60 MB',
  ],
]);
const ended = once(monitor, 'exit');
monitor.stdin?.end();
await ended;
for (const end of ['log', 'json']) rmSync(`/tmp/monitor-bench-node.${end}`, { force: true });
process.exit(0);
