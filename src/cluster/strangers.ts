import type { NodeEvent, NodeWarning } from '../protocol/events.ts';
import type {
  ReportedGpu,
  ReportedGpuProcess,
  ReportedJob,
  ReportedSample,
  ReportedTopProcess,
} from '../protocol/reported-sample.ts';
import type { CollectorReport, FilesystemSample } from '../protocol/sample.ts';
import type { NodeScheduler } from '../protocol/scheduler.ts';
import type { PastEvent } from '../report/history.ts';
import { jobLabel } from '../report/job-words.ts';
import type { GpuMark } from '../report/marks.ts';
import type { NodeReport, ReportedHello } from '../report/node-report.ts';
import type { RecentFigures } from '../report/series.ts';

/**
 * What strangers see under `--public`: who uses what, and how much of it. Every field of a report stands in a table here,
 * so that a new one is a decision and not an accident. Hidden is what names files and versions, what administrators and
 * users wrote, and what helps with a login.
 */

const shown = Symbol('shown');
/** A field is shown, or another value stands in its place. */
type Table<Row> = { [Name in keyof Row]-?: typeof shown | ((value: NonNullable<Row[Name]>) => Row[Name]) };

/** Absent stays absent. */
function seenBy<Row extends object>(table: Table<Row>, row: Row): Row {
  const seen: Partial<Row> = {};
  for (const name of Object.keys(row) as (keyof Row)[]) {
    const rule = table[name] as Table<Row>[keyof Row] | undefined;
    const value = row[name];
    if (rule === undefined) continue;
    if (rule === shown || value === null || value === undefined) seen[name] = value;
    else seen[name] = rule(value);
  }
  return seen as Row;
}

const UNREAD = 'could not be read';
const nothing = () => null;
const empty = () => '';
const none = () => [];

const collector: Table<CollectorReport> = {
  ok: shown,
  ms: shown,
  error: () => UNREAD,
  note: () => undefined,
};

const filesystem: Table<FilesystemSample> = {
  mountPoint: shown,
  // Names of servers and devices.
  source: empty,
  fsType: shown,
  kind: shown,
  totalBytes: shown,
  usedBytes: shown,
  availableBytes: shown,
  readOnly: shown,
  ageMs: shown,
  error: () => UNREAD,
};

/** Programs, without what they were told. */
const process: Table<ReportedTopProcess> = {
  pid: shown,
  state: shown,
  cpuPercent: shown,
  residentBytes: shown,
  startTimeMs: shown,
  user: shown,
  command: shown,
  arguments: nothing,
  job: shown,
};

const gpuProcess: Table<ReportedGpuProcess> = {
  ...process,
  gpuIndex: shown,
  type: shown,
  gpuMemoryBytes: shown,
  gpuUtilizationPercent: shown,
  gpuMemoryUtilizationPercent: shown,
  gpuEncoderPercent: shown,
  gpuDecoderPercent: shown,
  treeCpuPercent: shown,
  treeResidentBytes: shown,
};

/** People put into a job's name what they would put into its arguments. */
const jobName = nothing;

const seenGpu = (gpu: ReportedGpu): ReportedGpu =>
  gpu.error === null ? gpu : { ...gpu, error: 'it does not answer' };
const seenJob = (job: ReportedJob): ReportedJob => ({ ...job, name: jobName() });

const sample: Table<ReportedSample> = {
  sequence: shown,
  takenAtMs: shown,
  intervalMs: shown,
  collectors: (reports) => {
    const seen = Object.entries(reports).map(([name, report]) => [name, seenBy(collector, report)]);
    return Object.fromEntries(seen) as ReportedSample['collectors'];
  },
  cpu: shown,
  memory: shown,
  filesystems: (rows) => rows.map((row) => seenBy(filesystem, row)),
  disks: shown,
  network: shown,
  gpus: (rows) => rows.map(seenGpu),
  gpuProcesses: (rows) => rows.map((row) => seenBy(gpuProcess, row)),
  processCount: shown,
  topProcesses: (rows) => rows.map((row) => seenBy(process, row)),
  jobs: (rows) => rows.map(seenJob),
};

const hello: Table<ReportedHello> = {
  protocol: shown,
  build: empty,
  pid: shown,
  hostname: shown,
  // Versions tell which doors may be open.
  os: empty,
  kernel: empty,
  runtime: empty,
  cpuModel: shown,
  sockets: shown,
  cores: shown,
  threads: shown,
  memoryTotalBytes: shown,
  swapTotalBytes: shown,
  clockMs: shown,
  bootTimeMs: shown,
  logPath: nothing,
  statusPath: nothing,
  notes: none,
  gpus: shown,
  nvmlFor: shown,
};

const KERNEL_SAYS = 'a message of the kernel about this GPU';

const event: Table<NodeEvent> = {
  atMs: shown,
  kind: shown,
  code: shown,
  severity: shown,
  // The kernel's words name programs and modules.
  text: () => KERNEL_SAYS,
  pciAddress: shown,
  pid: shown,
  jobs: shown,
};

const warning: Table<NodeWarning> = {
  code: shown,
  message: () => 'The driver was changed: programs that start now may fail until the node is restarted.',
};

const mark: Table<GpuMark> = { gpuIndex: shown, code: shown, text: shown };

const scheduler: Table<NodeScheduler> = {
  cluster: shown,
  state: shown,
  reason: nothing,
  partitions: shown,
  reservation: nothing,
  isDrained: shown,
  askedBy: shown,
  ageMs: shown,
  problem: nothing,
};

const report: Table<NodeReport> = {
  name: shown,
  tags: shown,
  state: shown,
  cause: shown,
  // Sentences about failed logins name users, addresses and files.
  message: () => 'Its owner sees the reason with rollcall status.',
  hint: nothing,
  lastLines: none,
  transport: shown,
  transportReason: nothing,
  logPath: nothing,
  sampleAgeMs: shown,
  hello: (value) => seenBy(hello, value),
  sample: (value) => seenBy(sample, value),
  events: (rows) => rows.map((row) => seenBy(event, row)),
  warnings: (rows) => rows.map((row) => seenBy(warning, row)),
  marks: (rows) => rows.map((row) => seenBy(mark, row)),
  gpuHolders: none,
  scheduler: (value) => seenBy(scheduler, value),
};

/** A report as strangers may see it. */
export const reportForStrangers = (node: NodeReport): NodeReport => seenBy(report, node);

/** What happened, as strangers may see it: that a node was away, and not why. */
export const pastEventForStrangers = (past: PastEvent): PastEvent => ({
  ...past,
  text: past.kind === 'state' ? (past.text.split(':')[0] ?? '') : KERNEL_SAYS,
});

/** That something is wrong with the head's own files is no secret; which of them, and how, is. */
export function problemsForStrangers(problems: readonly string[]): string[] {
  if (problems.length === 0) return [];
  const count = problems.length === 1 ? 'One thing is' : `${problems.length} things are`;
  return [`${count} wrong with this head's own settings; its owner sees them with rollcall status.`];
}

/** A node's last quarter of an hour as strangers may see it: jobs without their names, failures without their words. */
export function recentForStrangers(recent: RecentFigures): RecentFigures {
  const missing = Object.fromEntries(Object.keys(recent.missing).map((group) => [group, UNREAD]));
  return {
    ...recent,
    missing,
    series: recent.series.map((row) => ({
      ...row,
      ...(row.jobKey !== undefined && { label: jobLabel(row.jobKey) }),
      ...(row.missing !== undefined && { missing: UNREAD }),
    })),
  };
}
