import {
  DASH,
  formatBytes,
  formatBytesOf,
  formatCores,
  formatDuration,
  formatMoment,
  formatRate,
  isoMoment,
} from '../lib/format.ts';
import { once } from '../lib/once.ts';
import type { NodeEvent } from '../protocol/events.ts';
import type { ReportedSample, ReportedTopProcess } from '../protocol/reported-sample.ts';
import type { CollectorReport, CpuSample, FilesystemSample, MemorySample } from '../protocol/sample.ts';
import { countGpus } from '../report/gpu-use.ts';
import type { NodeReport, ReportedHello } from '../report/node-report.ts';
import { type GpuView, viewGpus } from './gpu-view.ts';
import { type NodeBrief, viewBrief } from './node-brief.ts';
import { ageLimitMs, stateWords, transportWords } from './node-state.ts';
import { schedulerLines, schedulerWarnings } from './scheduler-view.ts';
import { type Bar, bar, reasonOf, roomBar, viewProgram } from './view-parts.ts';

/** What a design can show of one node: ready texts, with a dash for what is absent. */
export interface NodeView extends NodeBrief {
  name: string;
  path: string;
  /** `#NAME`, fit for a link. */
  anchor: string;
  state: NodeReport['state'];
  stateWord: string;
  stateMark: string;
  cause: string | null;
  message: string | null;
  hint: string | null;
  /** Where the button that tries the node again sends to. */
  retryPath: string;
  tags: readonly string[];
  lastLines: string[];
  transport: string;
  /** Why it is that one; null for the usual. */
  transportReason: string | null;
  logPath: string | null;
  hasFigures: boolean;
  ageMs: number | null;
  /** Older figures than this are greyed. */
  ageLimitMs: number;
  /** `3/8 free`, CPU use without GPUs, or the state where there are no figures. */
  summary: string;
  /** One line each: processor, memory, GPUs' driver, system. */
  hardware: string[];
  resources: ResourceView[];
  filesystems: FilesystemView[];
  traffic: TrafficView[];
  gpus: GpuView[];
  /** Why there is no GPU table. */
  gpuNote: string | null;
  processes: ProcessView[];
  processCount: number | null;
  errors: { name: string; text: string; line: string }[];
  notes: string[];
  /** What the node warns of, as long as it lasts. */
  warnings: string[];
  events: EventView[];
}

export interface EventView {
  /** `2025-02-23 16:24:18 UTC`. */
  time: string;
  /** The same for `<time datetime>`; null where it is not known. */
  timeIso: string | null;
  severity: NodeEvent['severity'];
  text: string;
  line: string;
}

export interface ResourceView extends Bar {
  name: string;
  /** `CPU (16C32T)`, `RAM (256.0 GiB)`. */
  label: string;
  detail: string;
  /** Why the figure is a dash; null where it is none. */
  why: string | null;
}

export interface FilesystemView extends Bar {
  mountPoint: string;
  /** SSD, HDD, network or memory; null where not known. */
  kind: string | null;
  label: string;
  /** `549.0 GiB of 2.0 TiB`. */
  use: string;
  detail: string;
}

export interface TrafficView {
  name: string;
  kind: 'disk' | 'network';
  /** Read or received. */
  in: string;
  /** Written or sent. */
  out: string;
  detail: string;
}

export interface ProcessView {
  pid: number;
  name: string;
  arguments: string | null;
  commandLine: string;
  user: string;
  /** Of the process alone: `3.1 cores`. */
  cpu: string;
  /** Resident, of the process alone. */
  memory: string;
  time: string;
  state: string | null;
}

const known = (values: (string | null | undefined)[]) => values.filter((value) => value) as string[];

function coreLabel({ cores, threads, sockets }: ReportedHello): string | null {
  if (cores === null || threads === null) return null;
  return `${sockets !== null && sockets > 1 ? `${sockets} sockets, ` : ''}${cores}C${threads}T`;
}

function viewHardware(hello: ReportedHello | null): string[] {
  if (!hello) return [];
  const drivers = [...new Set(known((hello.gpus ?? []).map(({ driverVersion }) => driverVersion)))];
  return known([
    known([hello.cpuModel, coreLabel(hello)]).join(', '),
    hello.memoryTotalBytes === null ? null : `${formatBytes(hello.memoryTotalBytes)} RAM`,
    known([hello.os, hello.kernel]).join(', kernel '),
    drivers.length > 0 ? `GPU driver ${drivers.join(', ')}` : null,
  ]);
}

function viewCpu(cpu: CpuSample | null, hello: ReportedHello | null): Omit<ResourceView, 'why'> {
  const size =
    hello && hello.cores !== null && hello.threads !== null ? ` (${hello.cores}C${hello.threads}T)` : '';
  const loads = cpu ? [cpu.load1, cpu.load5, cpu.load15] : [];
  const load = loads.map((value) => value?.toFixed(1) ?? DASH).join(' ');
  const percent = cpu?.totalPercent ?? null;
  return { name: 'CPU', label: `CPU${size}`, ...bar(percent), detail: load && `load ${load}` };
}

const share = (part: number | null, whole: number | null) =>
  part === null || whole === null || whole <= 0 ? null : Math.min(100, (part / whole) * 100);

function viewMemory(memory: MemorySample | null): Omit<ResourceView, 'why'> {
  const total = memory?.totalBytes ?? null;
  const detail = memory ? `${formatBytes(memory.usedBytes)} used` : '';
  const label = total === null ? 'RAM' : `RAM (${formatBytes(total)})`;
  return { name: 'RAM', label, ...bar(share(memory?.usedBytes ?? null, total)), detail };
}

function viewSwap(memory: MemorySample | null): Omit<ResourceView, 'why'> {
  const total = memory?.swapTotalBytes ?? null;
  if (total === 0) return { name: 'Swap', label: 'Swap (none)', ...bar(null), detail: '' };
  const label = total === null ? 'Swap' : `Swap (${formatBytes(total)})`;
  const detail = memory && memory.swapUsedBytes !== null ? `${formatBytes(memory.swapUsedBytes)} used` : '';
  return { name: 'Swap', label, ...bar(share(memory?.swapUsedBytes ?? null, total)), detail };
}

function withReason(row: Omit<ResourceView, 'why'>, collector: CollectorReport | undefined): ResourceView {
  const isMissing = row.level === 'absent';
  return { ...row, why: isMissing ? (reasonOf(collector) ?? 'The node does not tell it.') : null };
}

function viewResources({ hello, sample }: NodeReport): ResourceView[] {
  const memory = sample?.memory ?? null;
  return [
    withReason(viewCpu(sample?.cpu ?? null, hello), sample?.collectors.cpu),
    withReason(viewMemory(memory), sample?.collectors.memory),
    withReason(viewSwap(memory), sample?.collectors.memory),
  ];
}

function viewFilesystem(filesystem: FilesystemSample): FilesystemView {
  const { mountPoint, usedBytes, availableBytes, totalBytes } = filesystem;
  const kind = filesystem.kind === 'unknown' ? null : filesystem.kind;
  // As `df` does: space that only root may write counts for nobody.
  const usable = usedBytes === null || availableBytes === null ? totalBytes : usedBytes + availableBytes;
  const details = [
    `${filesystem.source}, ${filesystem.fsType}`,
    availableBytes === null ? null : `${formatBytes(availableBytes)} available`,
    filesystem.readOnly ? 'read-only' : null,
    typeof filesystem.ageMs === 'number' ? `asked ${formatDuration(filesystem.ageMs)} ago` : null,
    filesystem.error,
  ];
  return {
    mountPoint,
    kind,
    label: kind ? `${mountPoint} (${kind})` : mountPoint,
    // One that nobody can write to, such as a mounted image, is full by design.
    ...(filesystem.readOnly ? bar : roomBar)(share(usedBytes, usable)),
    use: totalBytes === null ? (filesystem.error ?? DASH) : formatBytesOf(usedBytes, totalBytes),
    detail: known(details).join(', '),
  };
}

function viewTraffic(sample: ReportedSample | null): TrafficView[] {
  const disks = (sample?.disks ?? []).map(
    (disk): TrafficView => ({
      name: disk.name,
      kind: 'disk',
      in: formatRate(disk.readBytesPerSecond),
      out: formatRate(disk.writeBytesPerSecond),
      detail: disk.busyPercent === null ? '' : `${Math.round(disk.busyPercent)}% busy`,
    }),
  );
  const network = (sample?.network ?? []).map(
    (link): TrafficView => ({
      name: link.name,
      kind: 'network',
      in: formatRate(link.receiveBytesPerSecond),
      out: formatRate(link.transmitBytesPerSecond),
      detail: '',
    }),
  );
  return [...disks, ...network];
}

function viewProcess(process: ReportedTopProcess, takenAtMs: number | null): ProcessView {
  const { startTimeMs } = process;
  const { pid, name, arguments: words, commandLine, user } = viewProgram(process);
  return {
    pid,
    name,
    arguments: words,
    commandLine,
    user,
    cpu: formatCores(process.cpuPercent),
    memory: formatBytes(process.residentBytes),
    time: formatDuration(startTimeMs === null || takenAtMs === null ? null : takenAtMs - startTimeMs),
    state: process.state,
  };
}

function viewErrors(sample: ReportedSample | null): NodeView['errors'] {
  const reports = Object.entries(sample?.collectors ?? {});
  return reports.flatMap(([name, report]) => {
    if (report === undefined || (report.ok && report.error === undefined)) return [];
    const text = report.error ?? 'could not be read';
    return [{ name, text, line: `${name}: ${text}` }];
  });
}

/** Words about figures that are good. */
function viewNotes(sample: ReportedSample | null): string[] {
  const reports = Object.entries(sample?.collectors ?? {});
  return reports.flatMap(([name, report]) => (report?.note === undefined ? [] : `${name}: ${report.note}`));
}

function summarize(node: NodeReport): string {
  if (node.state !== 'live') return stateWords[node.state].word;
  const { total, free } = countGpus(node);
  if (total > 0) return node.sample?.gpus ? `${free}/${total} free` : `${total} GPUs`;
  const percent = node.sample?.cpu?.totalPercent ?? null;
  return percent === null ? 'live' : `CPU ${Math.round(percent)}%`;
}

function gpuNote({ hello, sample }: NodeReport): string | null {
  const gpus = sample?.gpus ?? hello?.gpus ?? null;
  if (gpus === null) return hello ? 'GPUs are not known yet.' : null;
  return gpus.length === 0 ? 'No GPU found.' : null;
}

const SHOWN_EVENTS = 5;
const SHOWN_EVENT_JOBS = 4;

function viewEvent({ atMs, severity, text, jobs }: NodeEvent): EventView {
  const time = formatMoment(atMs);
  const named = jobs.slice(0, SHOWN_EVENT_JOBS).join(', ');
  const others = jobs.length > SHOWN_EVENT_JOBS ? ` and ${jobs.length - SHOWN_EVENT_JOBS} more` : '';
  const whose = jobs.length > 0 ? ` (on this GPU: ${named}${others})` : '';
  return {
    time,
    timeIso: isoMoment(atMs),
    severity,
    text: `${text}${whose}`,
    line: `${time} ${severity}: ${text}${whose}`,
  };
}

export interface NodeViewOptions {
  /** GPUs that are free stand before the others. */
  isFreeFirst?: boolean;
}

/** One node as a design shows it: what costs something is made when a design asks for it. Pure. */
export function viewNode(node: NodeReport, { isFreeFirst = false }: NodeViewOptions = {}): NodeView {
  const { hello, sample } = node;
  const lists = {
    hardware: once(() => [...viewHardware(hello), ...schedulerLines(node)]),
    resources: once(() => viewResources(node)),
    filesystems: once(() => (sample?.filesystems ?? []).map(viewFilesystem)),
    traffic: once(() => viewTraffic(sample)),
    gpus: once(() => viewGpus(node, isFreeFirst)),
    processes: once(() =>
      (sample?.topProcesses ?? []).map((process) => viewProcess(process, sample?.takenAtMs ?? null)),
    ),
    errors: once(() => viewErrors(sample)),
    brief: once(() => viewBrief(node)),
  };
  const state = stateWords[node.state];
  const path = encodeURIComponent(node.name);
  return {
    name: node.name,
    path: `/nodes/${path}`,
    anchor: `#${path}`,
    state: node.state,
    stateWord: state.word,
    stateMark: state.mark,
    cause: node.cause,
    message: node.message,
    hint: node.hint,
    retryPath: `/nodes/${encodeURIComponent(node.name)}/retry`,
    tags: node.tags,
    lastLines: node.lastLines,
    transport: node.transport === null ? DASH : transportWords[node.transport],
    transportReason: node.transportReason,
    logPath: node.logPath,
    hasFigures: sample !== null,
    ageMs: node.sampleAgeMs,
    ageLimitMs: ageLimitMs(node),
    get summary() {
      return summarize(node);
    },
    get hardware() {
      return lists.hardware();
    },
    get resources() {
      return lists.resources();
    },
    get filesystems() {
      return lists.filesystems();
    },
    get traffic() {
      return lists.traffic();
    },
    get gpus() {
      return lists.gpus();
    },
    get gpusFree() {
      return lists.brief().gpusFree;
    },
    get users() {
      return lists.brief().users;
    },
    get cpu() {
      return lists.brief().cpu;
    },
    get ram() {
      return lists.brief().ram;
    },
    get ramUse() {
      return lists.brief().ramUse;
    },
    get trouble() {
      return lists.brief().trouble;
    },
    gpuNote: gpuNote(node),
    get processes() {
      return lists.processes();
    },
    processCount: sample?.processCount ?? null,
    get errors() {
      return lists.errors();
    },
    notes: hello?.notes ?? [],
    get warnings() {
      return [
        ...node.warnings.map(({ message }) => message),
        ...schedulerWarnings(node),
        ...viewNotes(sample),
      ];
    },
    get events() {
      return node.events.slice(-SHOWN_EVENTS).reverse().map(viewEvent);
    },
  };
}
