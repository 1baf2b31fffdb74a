// npm run bench:recent: what the last 15 minutes of every node cost the head: memory per node, CPU per sample, the
// answer to who asks. Nodes with 8 GPUs, 16 GPU processes and 12 jobs. Prints figures; asserts nothing.
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { collectorNames } from '../src/protocol/collector-names.ts';
import { parseMessage } from '../src/protocol/messages.ts';
import { briefSample, machineBriefFigures } from '../src/protocol/sample-brief.ts';
import { createState } from '../src/state/state.ts';
import { printMachine, printTable, round } from './report.ts';

const options = await yargs(hideBin(process.argv))
  .option('jobs', { type: 'number', default: 12, describe: 'Jobs of a node' })
  .strict()
  .parseAsync();

const GIB = 1024 ** 3;
const GPUS = 8;
/** The second half is measured: rings are full then. */
const MINUTES = 30;
const START_MS = 1_700_000_000_000;
const times = <T>(count: number, make: (at: number) => T) =>
  Array.from({ length: count }, (_, at) => make(at));

const processOf = (row: number) => ({
  pid: 100 + row,
  startTimeMs: 1,
  user: 'ann',
  command: 'python',
  arguments: '',
  job: `slurm:${4000 + (row % Math.max(1, options.jobs))}`,
});

function lineAt(at: number): string {
  return JSON.stringify({
    type: 'sample',
    sequence: at + 1,
    takenAtMs: START_MS,
    intervalMs: 1000,
    collectors: Object.fromEntries(collectorNames.map((name) => [name, { ok: true, ms: 1 }])),
    cpu: { totalPercent: at % 100, corePercents: [], load1: 1, load5: 1, load15: 1 },
    memory: {
      totalBytes: 1024 * GIB,
      availableBytes: GIB,
      usedBytes: at * GIB,
      swapTotalBytes: 0,
      swapUsedBytes: 0,
    },
    filesystems: null,
    disks: times(4, (disk) => ({
      name: `nvme${disk}`,
      readBytesPerSecond: at,
      writeBytesPerSecond: 7,
      busyPercent: 3,
    })),
    network: times(4, (link) => ({
      name: `eth${link}`,
      receiveBytesPerSecond: at,
      transmitBytesPerSecond: 9,
    })),
    gpus: {
      index: times(GPUS, (gpu) => gpu),
      utilizationPercent: times(GPUS, (gpu) => (gpu + at) % 100),
      memoryUsedBytes: times(GPUS, (gpu) => gpu * GIB),
      temperatureCelsius: times(GPUS, (gpu) => 40 + gpu),
      powerWatts: times(GPUS, (gpu) => 300 + gpu + (at % 50)),
    },
    gpuProcesses: {
      pid: times(2 * GPUS, (row) => 100 + row),
      gpuIndex: times(2 * GPUS, (row) => row % GPUS),
      gpuMemoryBytes: times(2 * GPUS, (row) => row * GIB),
    },
    processCount: 500,
    topProcesses: null,
    jobs: {
      key: times(options.jobs, (job) => `slurm:${4000 + job}`),
      cpuPercent: times(options.jobs, (job) => job * 100 + at),
      residentBytes: times(options.jobs, (job) => job * GIB),
    },
  });
}

const samples = times(60, (at) => {
  const line = lineAt(at);
  const parsed = parseMessage(line);
  if (!parsed.ok || parsed.message.type !== 'sample') throw new Error('not a sample');
  return { whole: Buffer.from(line), sample: parsed.message };
});
const facts = {
  processes: new Map(times(2 * GPUS, (row) => [100 + row, processOf(row)] as const)),
};
const briefs = samples.map(({ sample }) => briefSample(sample, facts));
/** The same samples with nothing that a ring keeps. */
const NOTHING = { machine: machineBriefFigures.map(() => 0), gpus: null, jobs: null };

async function heldBytes(): Promise<number> {
  // Array buffers are given back by another thread, after the collector has found them.
  for (let round = 0; round < 4; round++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function cpuMicroseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const used = process.cpuUsage(before);
  return used.user + used.system;
}

/** Lives two quarters of an hour; with rings, or with everything but them. */
async function live(nodes: number, intervalMs: number, withRings: boolean) {
  let nowMs = START_MS;
  const state = createState(
    () => nowMs,
    undefined,
    () => nowMs,
  );
  const names = times(nodes, (at) => `node-${at}`);
  state.take({ kind: 'listed', nodes: names.map((name) => ({ name })) });
  const processes = times(2 * GPUS, processOf);
  for (const name of names)
    state.take({ kind: 'message', name, message: { type: 'facts', processes, gone: [] }, faults: [] });
  const before = await heldBytes();
  let count = 0;
  function liveUntil(endMs: number): void {
    for (; nowMs < endMs; nowMs += intervalMs) {
      for (const name of names) {
        const at = count++ % samples.length;
        const [said, brief] = [samples[at], briefs[at]];
        if (!said || !brief) continue;
        const told = { ...brief, intervalMs, ...(withRings ? {} : NOTHING) };
        state.take({ kind: 'sample', name, brief: told, whole: said.whole });
      }
    }
  }
  liveUntil(START_MS + (MINUTES / 2) * 60_000);
  count = 0;
  const cpu = cpuMicroseconds(() => liveUntil(START_MS + MINUTES * 60_000));
  return { state, bytesPerNode: ((await heldBytes()) - before) / nodes, perSample: cpu / count };
}

await live(200, 1_000, true);
printMachine();
const rows: [string, string, string][] = [];
for (const [nodes, intervalMs, bytes] of [
  [10_000, 10_000, '≤ 15 KB'],
  [1_000, 1_000, '≤ 30 KB'],
] as const) {
  const plain = await live(nodes, intervalMs, false);
  const full = await live(nodes, intervalMs, true);
  const what = `${nodes} nodes every ${intervalMs / 1000} s, ${options.jobs} jobs each`;
  rows.push([
    `${what}, memory of a node`,
    `${round((full.bytesPerNode - plain.bytesPerNode) / 1000)} KB`,
    bytes,
  ]);
  rows.push([`${what}, CPU per sample`, `${round(full.perSample - plain.perSample, 2)} µs`, '≤ 2 µs']);
  const asked = 50;
  const answer = cpuMicroseconds(() => {
    for (let at = 0; at < asked; at++) JSON.stringify(full.state.recent(`node-${at}`, null));
  });
  rows.push([`${what}, one whole answer`, `${round(answer / asked / 1000, 2)} ms`, '']);
}
printTable(rows);
