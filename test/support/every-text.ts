import { createCluster } from '../../src/cluster/cluster.ts';
import { parseMessage } from '../../src/protocol/messages.ts';
import { createState, type State } from '../../src/state/state.ts';
import type { AppDependencies } from '../../src/web/page-routes.ts';
import { bareSample } from './bare-sample.ts';
import { compileOwnDesign, staticDir } from './read-design.ts';

/** Messages with every text that a schema has, and a head that hears them. */

const GIB = 1024 ** 3;
const report = { ok: false, ms: 1, error: 'EVIL', note: 'EVIL' };

const messages = [
  {
    type: 'hello',
    protocol: 1,
    build: 'EVIL',
    nonce: 'EVIL',
    pid: 1,
    hostname: 'EVIL',
    os: 'EVIL',
    kernel: 'EVIL',
    runtime: 'EVIL',
    cpuModel: 'EVIL',
    cores: 8,
    threads: 16,
    logPath: 'EVIL',
    statusPath: 'EVIL',
    notes: ['EVIL'],
    gpus: null,
  },
  {
    type: 'facts',
    gpus: [
      {
        index: 0,
        vendor: 'EVIL',
        name: 'EVIL',
        uuid: 'EVIL',
        pciAddress: 'EVIL',
        migInstance: 'EVIL',
        computeMode: 'EVIL',
        driverVersion: 'EVIL',
        cudaVersion: 'EVIL',
        vbiosVersion: 'EVIL',
        memoryTotalBytes: 80 * GIB,
      },
    ],
    processes: [
      { pid: 7, startTimeMs: 5, user: 'EVIL', command: 'EVIL', arguments: 'EVIL', job: 'EVIL' },
      { pid: 8, startTimeMs: 5, user: 'EVIL', command: 'EVIL', arguments: 'EVIL', job: 'EVIL' },
    ],
    jobs: [{ key: 'EVIL', kind: 'slurm', id: 'EVIL', name: 'EVIL', user: 'EVIL', startTimeMs: 5 }],
    goneJobs: ['EVIL but another'],
    gpuHolders: [{ gpuIndex: 0, pid: 9 }],
    warnings: [{ code: 'driver-mismatch', message: 'EVIL' }],
    events: [
      {
        atMs: 5,
        kind: 'xid',
        code: 79,
        severity: 'critical',
        text: 'EVIL',
        pciAddress: 'EVIL',
        jobs: ['EVIL'],
      },
    ],
  },
  {
    ...bareSample,
    collectors: Object.fromEntries(Object.keys(bareSample.collectors).map((name) => [name, report])),
    filesystems: [
      { mountPoint: 'EVIL', source: 'EVIL', fsType: 'EVIL', kind: 'EVIL', totalBytes: GIB, error: 'EVIL' },
    ],
    disks: [{ name: 'EVIL', readBytesPerSecond: 5, writeBytesPerSecond: 5, busyPercent: 50 }],
    network: [{ name: 'EVIL', receiveBytesPerSecond: 5, transmitBytesPerSecond: 5 }],
    gpus: {
      index: [0],
      health: ['error'],
      error: ['EVIL'],
      performanceState: ['EVIL'],
      throttleReasons: ['EVIL'],
    },
    gpuProcesses: { pid: [7], gpuIndex: [0], gpuMemoryBytes: [GIB], type: ['EVIL'], state: ['EVIL'] },
    topProcesses: { pid: [8], cpuPercent: [800], state: ['EVIL'] },
    jobs: { key: ['EVIL'], processCount: [2], cpuPercent: [800], residentBytes: [16 * GIB] },
  },
];

/** `textOf` makes the text at each place, such as `hello.kernel`; a job has the same key everywhere. */
export function everyText(textOf: (place: string) => string): unknown[] {
  return messages.map((message) => fill(message, message.type, textOf));
}

function fill(value: unknown, place: string, textOf: (place: string) => string): unknown {
  if (typeof value === 'string') return value.replace('EVIL', () => textOf(place));
  if (Array.isArray(value)) return value.map((inner) => fill(inner, place, textOf));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, fill(inner, `${place}.${name}`, textOf)]),
  );
}

/** As the monitor of that node would say it; a reason where the head does not take it. */
export function hear(state: State, name: string, said: readonly unknown[]): string[] {
  return said.flatMap((message) => {
    const parsed = parseMessage(JSON.stringify(message));
    if (!parsed.ok) return [parsed.reason];
    state.take({ kind: 'message', name, message: parsed.message, faults: parsed.faults });
    return [];
  });
}

/** The state of a head that is connected to these nodes, and what its web side is given. */
export function connectedHead(
  names: readonly string[],
  { forStrangers = false } = {},
): { state: State; web: AppDependencies } {
  const state = createState(() => performance.now());
  state.take({ kind: 'listed', nodes: names.map((name) => ({ name })) });
  for (const name of names) {
    const way = { node: name, sshWords: ['ssh', name], host: name, port: 22 };
    state.take({ kind: 'connected', name, connection: { way, transport: 'ssh2', logPath: null } });
  }
  const templates = compileOwnDesign();
  const web: AppDependencies = {
    version: '1',
    demo: false,
    allowedHosts: [],
    token: 'x'.repeat(48),
    cluster: createCluster(state, { forStrangers }),
    problems: () => [],
    watch: () => undefined,
    retry: () => false,
    templates: () => templates,
    staticDir,
    live: { flushMs: 5 },
  };
  return { state, web };
}
