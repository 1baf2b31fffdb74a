import { DASH, formatBytes, formatBytesOf, formatCores, formatDuration } from '../lib/format.ts';
import { noGpuFigures } from '../protocol/absent.ts';
import type { GpuFacts } from '../protocol/gpu-facts.ts';
import { clusterJobKey } from '../protocol/job-kinds.ts';
import type {
  ReportedGpu,
  ReportedGpuProcess,
  ReportedJob,
  ReportedSample,
} from '../protocol/reported-sample.ts';
import type { CollectorReport } from '../protocol/sample.ts';
import { describeAllocation, gpuUse, gpuUses } from '../report/gpu-use.ts';
import { freeMemoryBytes, gpuLabel } from '../report/gpu-words.ts';
import type { NodeReport } from '../report/node-report.ts';
import { jobPath, userPath } from './page-request.ts';
import { type Bar, bar, type ProgramView, reasonOf, viewProgram } from './view-parts.ts';

/** What a design can show of one GPU. */
export interface GpuView {
  index: number;
  /** The index, or for a MIG instance its GPU's and its own: `1:2/0`. */
  label: string;
  name: string;
  uuid: string;
  /** Null where the GPU works; else a sentence. */
  fault: string | null;
  lost: boolean;
  utilization: Bar;
  memory: GpuMemoryView;
  temperature: string;
  power: string;
  fan: string;
  /** Why a figure is a dash, each null where it is none. */
  why: Record<'utilization' | 'memory' | 'temperature' | 'power', string | null>;
  /** UUID, bus address, driver, clocks: for a tooltip. */
  detail: string;
  /** What is odd about it, a sentence each. */
  marks: string[];
  jobs: GpuJobView[];
  /** What stands where there is no job: a dash where the processes could not be read. */
  jobsNote: string | null;
}

export interface GpuMemoryView extends Bar {
  used: string;
  total: string;
  free: string;
  /** `5.5 of 24.0 GiB`: what the bar shows. */
  use: string;
  /** As MTCMon shows it: the number of MB alone. */
  freeMegabytes: string;
}

export interface GpuJobView extends ProgramView {
  /** `11181 (alice)`. */
  who: string;
  /** The user's page; null where nobody knows who that is. */
  userPath: string | null;
  memory: string;
  time: string;
  /** Of the process and all its descendants: `3.1 cores`. */
  cpu: string;
  ram: string;
  /** `slurm 4711 · train-llm`; null where the process is nobody's job. */
  job: string | null;
  /** The page of what it belongs to, if only to its user's session; null where that is not told. */
  jobPath: string | null;
  /** `slurm 4711 · train-llm`, `session of alice`. */
  jobText: string;
  /** Null where the tool does not tell. */
  gpuPercent: string | null;
  /** MTCMon's line: `11181 (alice) · python · 5612MB · 1d7h16m23s`. */
  line: string;
}

const MIB = 1024 * 1024;
const megabytes = (bytes: number | null) => (bytes === null ? DASH : String(Math.round(bytes / MIB)));
const withUnit = (value: number | null, unit: string) =>
  value === null ? DASH : `${Math.round(value)} ${unit}`;

function viewMemory(gpu: ReportedGpu): GpuMemoryView {
  const { memoryTotalBytes: total, memoryUsedBytes: used } = gpu;
  const free = freeMemoryBytes(gpu);
  const percent = total === null || used === null || total <= 0 ? null : Math.min(100, (used / total) * 100);
  const { text, width, level } = bar(percent);
  return {
    text,
    width,
    level,
    used: formatBytes(used),
    total: formatBytes(total),
    free: formatBytes(free),
    use: formatBytesOf(used, total),
    freeMegabytes: megabytes(free),
  };
}

function viewJob(
  process: ReportedGpuProcess,
  jobs: ReadonlyMap<string, ReportedJob>,
  takenAtMs: number | null,
  node: string,
): GpuJobView {
  const { startTimeMs, gpuMemoryBytes, gpuUtilizationPercent: gpuPercent } = process;
  const program = viewProgram(process);
  const who = `${program.pid} (${program.user})`;
  const time = formatDuration(startTimeMs === null || takenAtMs === null ? null : takenAtMs - startTimeMs);
  const memory = megabytes(gpuMemoryBytes);
  const job = process.job === null ? undefined : jobs.get(process.job);
  const told = describeJob(job);
  return {
    pid: program.pid,
    name: program.name,
    arguments: program.arguments,
    commandLine: program.commandLine,
    user: program.user,
    who,
    userPath: process.user === null ? null : userPath(process.user),
    memory: formatBytes(gpuMemoryBytes),
    time,
    cpu: formatCores(process.treeCpuPercent),
    ram: formatBytes(process.treeResidentBytes),
    job: told,
    jobPath: job ? jobPath(clusterJobKey(node, job)) : null,
    jobText: told ?? `session of ${program.user}`,
    gpuPercent: gpuPercent === null ? null : `${Math.round(gpuPercent)}%`,
    line: `${who} · ${program.name} · ${gpuMemoryBytes === null ? DASH : `${memory}MB`} · ${time}`,
  };
}

/** The tree of a user's own processes needs no name: the line has pid and user. */
function describeJob(job: ReportedJob | undefined): string | null {
  if (job === undefined || job.kind === 'session') return null;
  const isLongId = /^[0-9a-f]{32,}$/.test(job.id);
  const id = isLongId ? job.id.slice(0, 12) : job.id;
  return [`${job.kind} ${id}`, job.name].filter((part) => part && part !== job.id).join(' · ');
}

function faultOf({ health, error }: ReportedGpu): string | null {
  if (health === 'ok') return null;
  const what = health === 'lost' ? 'lost: fell off the bus' : 'does not answer';
  return error ? `${what} (${error})` : what;
}

/** A GPU that has nothing to do, or runs at the clocks it was set to, is not slowed. */
const NO_BRAKES = new Set(['', 'gpu_idle', 'applications_clocks_setting']);

function slowedBy(reasons: string | null): string | null {
  const brakes = (reasons ?? '').split(',').filter((reason) => !NO_BRAKES.has(reason));
  return brakes.length === 0 ? null : `slowed by ${brakes.join(', ')}`;
}

function detailOf(gpu: ReportedGpu): string {
  const parts = [
    gpu.uuid,
    gpu.pciAddress,
    gpu.driverVersion && `driver ${gpu.driverVersion}`,
    gpu.smClockMHz === null ? null : `${gpu.smClockMHz} MHz`,
    gpu.performanceState,
    slowedBy(gpu.throttleReasons),
    gpu.unifiedMemory ? 'memory of the host' : null,
  ];
  return parts.filter((part) => part).join(', ');
}

function powerOf({ powerWatts, powerLimitWatts }: ReportedGpu): string {
  if (powerWatts === null) return DASH;
  return powerLimitWatts === null
    ? `${Math.round(powerWatts)} W`
    : `${Math.round(powerWatts)}/${Math.round(powerLimitWatts)} W`;
}

function whyMissing(gpu: ReportedGpu, collector: CollectorReport | undefined): GpuView['why'] {
  const reason = faultOf(gpu) ?? reasonOf(collector) ?? "The GPU's driver does not tell it.";
  const why = (value: number | null) => (value === null ? reason : null);
  return {
    utilization: why(gpu.utilizationPercent),
    memory: why(gpu.memoryUsedBytes),
    temperature: why(gpu.temperatureCelsius),
    power: why(gpu.powerWatts),
  };
}

/** What stands in place of processes. */
function idleNote(gpu: ReportedGpu, processes: readonly ReportedGpuProcess[] | null): string {
  if (gpu.allocation) return describeAllocation(gpu.allocation, gpuUse(gpu, processes, []));
  if (processes === null || gpu.health !== 'ok') return DASH;
  return gpu.isDrained ? 'no process; its node is drained' : 'no process';
}

function viewGpu(
  gpu: ReportedGpu,
  jobs: GpuJobView[],
  marks: string[],
  { gpuProcesses, collectors }: Partial<ReportedSample>,
): GpuView {
  return {
    index: gpu.index,
    label: gpuLabel(gpu),
    name: gpu.name ?? DASH,
    uuid: gpu.uuid ?? DASH,
    fault: faultOf(gpu),
    lost: gpu.health === 'lost',
    utilization: bar(gpu.utilizationPercent),
    memory: viewMemory(gpu),
    temperature: withUnit(gpu.temperatureCelsius, '°C'),
    power: powerOf(gpu),
    fan: gpu.fanPercent === null ? DASH : `${Math.round(gpu.fanPercent)}%`,
    why: whyMissing(gpu, collectors?.gpus),
    detail: detailOf(gpu),
    marks,
    jobs,
    jobsNote: jobs.length > 0 ? null : idleNote(gpu, gpuProcesses ?? null),
  };
}

/** A GPU of which only the facts are known yet. */
function withoutFigures(facts: GpuFacts): ReportedGpu {
  return {
    ...facts,
    health: 'ok',
    error: null,
    ...noGpuFigures,
  };
}

/** MIG instances behind their GPU. */
export function inFamilies(a: GpuFacts, b: GpuFacts): number {
  return (a.parentIndex ?? a.index) - (b.parentIndex ?? b.index) || a.index - b.index;
}

/**
 * The GPUs of a node with their jobs by pid, which is calm to look at; `isFreeFirst`: those that are free before the
 * others. Pure.
 */
export function viewGpus(report: NodeReport, isFreeFirst = false): GpuView[] {
  const { name, hello, sample, marks } = report;
  const gpus = sample?.gpus ?? hello?.gpus?.map(withoutFigures) ?? [];
  const processes = sample?.gpuProcesses ?? [];
  const takenAtMs = sample?.takenAtMs ?? null;
  const known = new Map((sample?.jobs ?? []).map((job) => [job.key, job]));
  const uses = isFreeFirst ? gpuUses(report) : null;
  const rank = ({ index }: GpuFacts) => (uses?.get(index) === 'free' ? 0 : 1);
  const ordered = [...gpus].sort((a, b) => rank(a) - rank(b) || inFamilies(a, b));
  return ordered.map((gpu) => {
    const own = processes.filter(({ gpuIndex }) => gpuIndex === gpu.index);
    own.sort((a, b) => a.pid - b.pid);
    const jobs = own.map((process) => viewJob(process, known, takenAtMs, name));
    const texts = marks.filter(({ gpuIndex }) => gpuIndex === gpu.index).map(({ text }) => text);
    return viewGpu(gpu, jobs, texts, sample ?? {});
  });
}
