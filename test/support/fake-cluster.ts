import { type ClusterInputs, createCluster } from '../../src/cluster/cluster.ts';
import { problemsForStrangers } from '../../src/cluster/strangers.ts';
import { noGpuFacts, noGpuFigures, noGpuProcessFigures } from '../../src/protocol/absent.ts';
import type { ReportedGpu, ReportedGpuProcess, ReportedJob } from '../../src/protocol/reported-sample.ts';
import type { NodeReport } from '../../src/report/node-report.ts';
import type { RecentFigures } from '../../src/report/series.ts';
import type { WebDependencies } from '../../src/web/dependencies.ts';

/** Made-up nodes for tests of page, text and web: what `state` would report. */

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
export const TAKEN_AT_MS = 1_700_000_000_000;

export function fakeGpu(index: number, change: Partial<ReportedGpu> = {}): ReportedGpu {
  return {
    ...noGpuFacts,
    ...noGpuFigures,
    index,
    uuid: `GPU-0000-${index}`,
    name: 'GeForce RTX 3090',
    vendor: 'nvidia',
    pciAddress: `0000:0${index}:00.0`,
    memoryTotalBytes: 24 * GIB,
    powerLimitWatts: 350,
    driverVersion: '550.54.15',
    health: 'ok',
    error: null,
    utilizationPercent: 0,
    memoryUtilizationPercent: 0,
    memoryUsedBytes: 5 * MIB,
    memoryFreeBytes: 24_268 * MIB,
    temperatureCelsius: 31,
    powerWatts: 22,
    fanPercent: 30,
    smClockMHz: 210,
    memoryClockMHz: 405,
    performanceState: 'P8',
    ...change,
  };
}

export function fakeJob(
  pid: number,
  gpuIndex: number,
  change: Partial<ReportedGpuProcess> = {},
): ReportedGpuProcess {
  return {
    ...noGpuProcessFigures,
    job: null,
    pid,
    gpuIndex,
    state: 'R',
    user: 'alice',
    command: 'python',
    arguments: 'train.py --epochs 40',
    startTimeMs: TAKEN_AT_MS - 112_583_000,
    cpuPercent: 98,
    residentBytes: 3 * GIB,
    gpuMemoryBytes: 5612 * MIB,
    gpuUtilizationPercent: null,
    treeCpuPercent: 312,
    treeResidentBytes: 14 * GIB,
    ...change,
  };
}

const HOUR_MS = 3_600_000;

/** A job of alice's that began an hour ago, by its key: `slurm:7`. */
export function fakeReportedJob(key: string, change: Partial<ReportedJob> = {}): ReportedJob {
  const [kind = 'session', id = ''] = key.split(':');
  return {
    key,
    kind: kind as ReportedJob['kind'],
    id,
    name: null,
    user: 'alice',
    startTimeMs: TAKEN_AT_MS - HOUR_MS,
    processCount: 1,
    cpuPercent: 100,
    residentBytes: GIB,
    ...change,
  };
}

type Sample = NonNullable<NodeReport['sample']>;

function fakeSample(change: Partial<Sample>): Sample {
  const report = { ok: true, ms: 1 };
  return {
    sequence: 1,
    takenAtMs: TAKEN_AT_MS,
    intervalMs: 1000,
    collectors: {
      cpu: report,
      memory: report,
      filesystems: report,
      disks: report,
      network: report,
      gpus: report,
      processes: report,
    },
    cpu: { totalPercent: 15.1, corePercents: [10, 20], load1: 4.8, load5: 4.9, load15: 5 },
    memory: {
      totalBytes: 256 * GIB,
      availableBytes: 70 * GIB,
      usedBytes: 186 * GIB,
      swapTotalBytes: 20 * GIB,
      swapUsedBytes: 0,
    },
    filesystems: [
      {
        mountPoint: '/scratch',
        source: '/dev/sdb1',
        fsType: 'xfs',
        kind: 'HDD',
        totalBytes: 2048 * GIB,
        usedBytes: 549 * GIB,
        availableBytes: 1499 * GIB,
        readOnly: false,
      },
    ],
    disks: [{ name: 'sdb', readBytesPerSecond: 212 * MIB, writeBytesPerSecond: 0, busyPercent: 34 }],
    network: [{ name: 'eno1', receiveBytesPerSecond: 11 * MIB, transmitBytesPerSecond: null }],
    gpus: [
      fakeGpu(0, { utilizationPercent: 98, memoryUsedBytes: 23 * GIB, memoryFreeBytes: 581 * MIB }),
      fakeGpu(1),
    ],
    gpuProcesses: [fakeJob(11_181, 0)],
    processCount: 512,
    topProcesses: [
      {
        pid: 4711,
        state: 'R',
        user: 'bob',
        command: 'blender',
        arguments: '-b scene.blend',
        job: null,
        startTimeMs: TAKEN_AT_MS - 348_000,
        cpuPercent: 98,
        residentBytes: 3 * GIB,
      },
    ],
    jobs: [],
    ...change,
  };
}

/** A live node with two GPUs, of which one is busy. */
export function fakeNode(
  name: string,
  change: Partial<NodeReport> = {},
  sample: Partial<Sample> = {},
): NodeReport {
  const gpus = [fakeGpu(0), fakeGpu(1)];
  return {
    name,
    state: 'live',
    cause: null,
    message: null,
    hint: null,
    lastLines: [],
    transport: 'ssh2',
    transportReason: null,
    tags: [],
    logPath: `/tmp/monitor-${name}.log`,
    sampleAgeMs: 300,
    events: [],
    warnings: [],
    gpuHolders: [],
    scheduler: null,
    marks: [],
    hello: {
      protocol: 1,
      build: 'abc',
      pid: 4242,
      hostname: name,
      os: 'Debian GNU/Linux 12',
      kernel: '6.1.0-21-amd64',
      runtime: 'node v20.20.2',
      cpuModel: 'Intel Xeon Gold 6130',
      sockets: 1,
      cores: 16,
      nvmlFor: null,
      threads: 32,
      memoryTotalBytes: 256 * GIB,
      swapTotalBytes: 20 * GIB,
      clockMs: TAKEN_AT_MS,
      bootTimeMs: TAKEN_AT_MS - 1e9,
      logPath: null,
      statusPath: null,
      notes: [],
      gpus,
    },
    sample: fakeSample(sample),
    ...change,
  };
}

/** What becomes of a node that cannot be reached any more: its last hello and sample stay. */
export function unreachable(node: NodeReport): NodeReport {
  return {
    ...node,
    state: 'unreachable',
    cause: 'refused',
    message: `${node.name} port 22 refused the connection: no SSH server listens there.`,
    hint: `Start sshd on the node or mend the port, then try: ssh ${node.name}`,
    lastLines: ['kex_exchange_identification: Connection closed by remote host'],
    sampleAgeMs: 65_000,
  };
}

export interface FakeCluster extends WebDependencies, ClusterInputs {
  nodes(): NodeReport[];
  /** Replaces or adds a node and tells the subscribers. */
  set(node: NodeReport): void;
  remove(name: string): void;
  readonly retried: string[];
  /** Who hears of changes, beside the table of rows itself. */
  readonly subscribers: number;
  /** What the web room said of who is looked at. */
  isWatched(name: string): boolean;
  problemList: string[];
}

/** `publicMode`: the page is for strangers. */
export type FakeChange = Partial<Omit<WebDependencies, 'cluster'> & ClusterInputs & { publicMode: boolean }>;

/** A node that keeps no recent figures. */
const noFigures = (node: string): RecentFigures => ({
  node,
  fromMs: TAKEN_AT_MS - 900_000,
  toMs: TAKEN_AT_MS,
  timesMs: [],
  series: [],
  missing: {},
});

export function createFakeCluster(initial: NodeReport[], change: FakeChange = {}): FakeCluster {
  const { publicMode = false, ...given } = change;
  const nodes = new Map(initial.map((node) => [node.name, node]));
  const listeners = new Set<(names: ReadonlySet<string>) => void>();
  const retried: string[] = [];
  const readers = new Set<() => void>();
  const tell = (name: string) => {
    for (const listener of listeners) listener(new Set([name]));
  };
  const fake: FakeCluster = {
    version: '0.0.0-test',
    demo: false,
    allowedHosts: [],
    token: 'secret-token',
    get cluster() {
      return table;
    },
    names: () => [...nodes.keys()],
    nodes: () => [...nodes.values()],
    report: (name) => nodes.get(name),
    recent: (name) => (nodes.has(name) ? noFigures(name) : undefined),
    recentPoint: (name) => (nodes.has(name) ? noFigures(name) : undefined),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    problemList: [],
    problems: () => (publicMode ? problemsForStrangers(fake.problemList) : fake.problemList),
    isWatched: () => false,
    watch(isWatched) {
      fake.isWatched = isWatched;
    },
    retry(name) {
      if (!nodes.has(name)) return false;
      retried.push(name);
      return true;
    },
    set(node) {
      nodes.set(node.name, node);
      tell(node.name);
    },
    remove(name) {
      nodes.delete(name);
      tell(name);
    },
    retried,
    get subscribers() {
      return readers.size;
    },
  };
  Object.assign(fake, given);
  const table = createCluster(fake, { forStrangers: publicMode, epochMs: () => TAKEN_AT_MS });
  const { subscribe } = table;
  table.subscribe = (listener) => {
    const leave = subscribe(listener);
    readers.add(leave);
    return () => {
      readers.delete(leave);
      leave();
    };
  };
  return fake;
}
