// npm run bench:monitor: CPU per sample and memory of the real monitor on this machine while somebody watches, with 500
// processes and stand-ins for 8 GPUs with 16 processes: NVML with its helper, and nvidia-smi. Prints figures; asserts
// nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { MONITOR_FLAGS } from '../src/transport/bootstrap/bootstrap.ts';
import { compileNvml, writeNvmlScenario } from '../test/support/nvml-stand-in.ts';
import { mebibytes, printMachine, printTable, quantile, round } from './report.ts';

const options = await yargs(hideBin(process.argv))
  .option('samples', { type: 'number', default: 60 })
  .option('warmUp', {
    type: 'number',
    default: 180,
    describe: 'Samples before, which pay for the start and for compiling: a monitor lives for days',
  })
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
compileNvml(folder);
writeNvmlScenario(join(folder, 'nvml'), {
  gpus: Array.from({ length: 8 }, (_, index) => ({
    uuid: `GPU-${index}`,
    pciAddress: `00000000:${10 + index}:00.0`,
    name: 'NVIDIA H100 80GB HBM3',
    utilizationPercent: 90,
    more: {
      nvlink: '18 18 1000 2000',
      'pcie-bytes': '1000 2000',
      reasons: '0x4',
      energy: '123456789',
      pcie: '5 16 5 16',
    },
  })),
  processes: gpuPids.map((pid, at) => ({ gpu: at % 8, pid, memoryMiB: 1024 + at, sm: 40 })),
});
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

interface Measured {
  costs: number[];
  helperCosts: number[];
  sizes: number[];
  monitorBytes: { resident: number; private: number };
  /** Null without a helper. */
  helperBytes: { resident: number; private: number } | null;
  last: {
    gpus: { index: number[] };
    gpuProcesses: { pid: number[] };
    processCount: number;
    collectors: Record<string, { ms: number }>;
  };
}

const memory = (pid: number) => ({
  resident: memoryOf(pid, 'VmRSS'),
  private: memoryOf(pid, 'RssAnon'),
});

/** The process of the monitor that asks NVML; null where there is none. */
function helperOf(monitorPid: number): number | null {
  const path = `/proc/${monitorPid}/task/${monitorPid}/children`;
  const pids = readFileSync(path, 'utf8').trim().split(' ').map(Number);
  return pids.find((pid) => /^rollcall-nvml/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))) ?? null;
}

const words = ['bench', 'nonce', '1000', 'rollcall-monitor', 'bench-node', `bench-${process.pid}`];

/** CPU of the bare loop for each of its lines, ms, while `action` runs. */
async function besideBareLoop<T>(action: () => Promise<T>): Promise<{ result: T; bareCosts: number[] }> {
  const loop = start(process.execPath, [...MONITOR_FLAGS, join(root, 'dist/bench/bare-loop.js')]);
  const pid = loop.pid ?? 0;
  const costs: number[] = [];
  let before = 0;
  if (!loop.stdout) throw new Error('no output');
  createInterface({ input: loop.stdout }).on('line', () => {
    const now = cpuNanoseconds(pid);
    costs.push((now - before) / 1e6);
    before = now;
  });
  const result = await action();
  const ended = once(loop, 'exit');
  loop.stdin?.end();
  await ended;
  return { result, bareCosts: costs.slice(options.warmUp) };
}

async function measure(env: NodeJS.ProcessEnv): Promise<Measured> {
  const monitor = start(process.execPath, [...MONITOR_FLAGS, join(root, 'dist/monitor.cjs'), ...words], env);
  const pid = monitor.pid ?? 0;
  const found = { costs: [] as number[], helperCosts: [] as number[], sizes: [] as number[] };
  const before = { monitor: 0, helper: 0 };
  let last: Measured['last'] | null = null;
  const say = (command: object) => monitor.stdin?.write(`${JSON.stringify(command)}\n`);
  if (!monitor.stdout) throw new Error('no output');
  for await (const line of createInterface({ input: monitor.stdout })) {
    // A sample comes behind its brief.
    const message = JSON.parse(line.slice(line.indexOf('{')));
    if (message.type === 'hello') {
      say({ type: 'interval', intervalMs: 1000, watched: true });
      const kit = message.nvmlFor && readFileSync(join(root, `dist/nvml-${message.nvmlFor}.kit`));
      if (kit) say({ type: 'nvml-kit', bytes: kit.length });
      if (kit) monitor.stdin?.write(kit);
    }
    if (message.type !== 'sample') continue;
    // As often as the head does.
    if (message.sequence % 5 === 0) say({ type: 'beat', acknowledged: message.sequence });
    const helper = helperOf(pid);
    const now = { monitor: cpuNanoseconds(pid), helper: helper === null ? 0 : cpuNanoseconds(helper) };
    if (message.sequence > options.warmUp) {
      found.costs.push((now.monitor - before.monitor) / 1e6);
      found.helperCosts.push((now.helper - before.helper) / 1e6);
      found.sizes.push(line.length);
    }
    Object.assign(before, now);
    last = message;
    if (found.costs.length >= options.samples) break;
  }
  if (last === null) throw new Error('the monitor sent no sample');
  const helper = helperOf(pid);
  const measured = {
    ...found,
    last,
    monitorBytes: memory(pid),
    helperBytes: helper === null ? null : memory(helper),
  };
  const ended = once(monitor, 'exit');
  monitor.stdin?.end();
  await ended;
  for (const end of ['log', 'json']) rmSync(`/tmp/monitor-bench-node.${end}`, { force: true });
  return measured;
}

const both = (values: readonly number[]) =>
  `${round(quantile(values, 0.5), 2)} ms (${round(quantile(values, 0.9), 2)} ms)`;
const held = (bytes: Measured['monitorBytes']) =>
  `${mebibytes(bytes.resident)}, of it private ${mebibytes(bytes.private)}`;

function report(
  name: string,
  { last, costs, helperCosts, sizes, monitorBytes, helperBytes }: Measured,
  bareCosts: readonly number[],
): void {
  console.log(
    `\n${name}: ${last.processCount} processes, ${last.gpus.index.length} GPUs, ${last.gpuProcesses.pid.length} GPU processes, ${costs.length} samples at 1 Hz of ${round(quantile(sizes, 0.5), 0)} bytes`,
  );
  console.log(
    `Collectors in the last sample (ms): ${Object.entries(last.collectors)
      .map(([collector, { ms }]) => `${collector} ${ms}`)
      .join(', ')}\n`,
  );
  const bareMs = quantile(bareCosts, 0.5);
  const timesBare = (values: readonly number[]) => `${round(quantile(values, 0.5) / bareMs, 1)} times`;
  const rows: [string, string, string][] = [
    ['monitor, CPU per sample, median (p90)', both(costs), helperBytes ? '' : '≤ 5 ms, with the tool'],
    ['monitor, resident', held(monitorBytes), '≤ 60 MB'],
  ];
  if (helperBytes) {
    const sums = costs.map((cost, at) => cost + (helperCosts[at] ?? 0));
    rows.push(['helper, CPU per sample', both(helperCosts), '']);
    rows.push(['both, CPU per sample', both(sums), '≤ 5 ms']);
    rows.push(['a bare loop at the same time', both(bareCosts), '']);
    rows.push(['both, of the bare loop', timesBare(sums), '≤ 5.6 times (5 to 0.9 ms)']);
    rows.push(['helper, resident', held(helperBytes), '']);
    rows.push(['both, resident', mebibytes(monitorBytes.resident + helperBytes.resident), '≤ 110 MB']);
  }
  printTable(rows);
}

printMachine();
const withTool = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
const withNvml = { ...process.env, LD_LIBRARY_PATH: folder, NVML_SCENARIO: join(folder, 'nvml') };
for (const [name, env] of [
  ['NVML', withNvml],
  ['nvidia-smi', withTool],
] as const) {
  const { result, bareCosts } = await besideBareLoop(() => measure(env));
  report(name, result, bareCosts);
}
process.exit(0);
