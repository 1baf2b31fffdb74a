import { z } from 'zod';
import type { gpuColumnNames, gpuProcessColumnNames, topProcessColumnNames } from './columns.ts';
import {
  LARGEST_PID,
  MAX_CORES,
  MAX_DEVICES,
  MAX_FILESYSTEMS,
  MAX_GPU_PROCESSES,
  MAX_GPUS,
  MAX_INTERVAL_MS,
  MAX_TOP_PROCESSES,
  MIN_INTERVAL_MS,
} from './constants.ts';
import {
  bytes,
  choices,
  count,
  figure,
  figures,
  filesystemBytes,
  identifiers,
  isIdentifier,
  list,
  milliseconds,
  percent,
  rate,
  table,
  text,
  texts,
} from './figures.ts';
import { jobTableSchema } from './jobs.ts';

/** The one definition of what changes on a node. Absent figures are null, never zero. */

export const collectorNames = [
  'cpu',
  'memory',
  'filesystems',
  'disks',
  'network',
  'gpus',
  'processes',
] as const;
export type CollectorName = (typeof collectorNames)[number];

const collectorReportSchema = z.object({
  ok: z.boolean(),
  ms: milliseconds('collectors', 'ms'),
  error: text(500).optional(),
  /** A word about figures that are good: what is left out, or cannot be seen by this login. */
  note: text(500).optional(),
});
export type CollectorReport = z.infer<typeof collectorReportSchema>;

export const cpuSchema = z.object({
  totalPercent: percent('cpu', 'totalPercent'),
  corePercents: figures('cpu', 'corePercents', 0, 100, MAX_CORES),
  load1: figure('cpu', 'load1', 0, 1_000_000),
  load5: figure('cpu', 'load5', 0, 1_000_000),
  load15: figure('cpu', 'load15', 0, 1_000_000),
});
export type CpuSample = z.infer<typeof cpuSchema>;

export const memorySchema = z.object({
  totalBytes: bytes('memory', 'totalBytes'),
  /** As the kernel says it (MemAvailable), and what ZFS's cache gives back, which the kernel does not know. */
  availableBytes: bytes('memory', 'availableBytes'),
  /** Total less available: what programs hold. */
  usedBytes: bytes('memory', 'usedBytes'),
  swapTotalBytes: bytes('memory', 'swapTotalBytes'),
  swapUsedBytes: bytes('memory', 'swapUsedBytes'),
});
export type MemorySample = z.infer<typeof memorySchema>;

export const filesystemSchema = z.object({
  mountPoint: text(4096),
  source: text(4096),
  fsType: text(64),
  /** What it lies on: a solid state or rotating disk, the network, memory, or not known. */
  kind: z.enum(['SSD', 'HDD', 'network', 'memory', 'unknown']).catch('unknown'),
  totalBytes: filesystemBytes('filesystems', 'totalBytes'),
  usedBytes: filesystemBytes('filesystems', 'usedBytes'),
  /** What an ordinary user may still write. */
  availableBytes: filesystemBytes('filesystems', 'availableBytes'),
  readOnly: z.boolean().default(false),
  /** Of the figures; absent where they are as old as the sample, give or take what is usual for file systems. */
  ageMs: milliseconds('filesystems', 'ageMs').optional(),
  /** Why the figures are null, where they are. */
  error: text(200).optional(),
});
export type FilesystemSample = z.infer<typeof filesystemSchema>;

export const diskSchema = z.object({
  name: text(64),
  readBytesPerSecond: rate('disks', 'readBytesPerSecond'),
  writeBytesPerSecond: rate('disks', 'writeBytesPerSecond'),
  busyPercent: percent('disks', 'busyPercent'),
});
export type DiskSample = z.infer<typeof diskSchema>;

export const networkSchema = z.object({
  name: text(64),
  receiveBytesPerSecond: rate('network', 'receiveBytesPerSecond'),
  transmitBytesPerSecond: rate('network', 'transmitBytesPerSecond'),
});
export type NetworkSample = z.infer<typeof networkSchema>;

/** The values of one row of a table of columns. */
type RowOf<Table> = { [Name in keyof Table]: Table[Name] extends (infer Value)[] ? Value : never };

const LARGEST_INDEX = 4095;
const LARGEST = Number.MAX_SAFE_INTEGER;
const gpuColumn = (name: string, min: number, max: number) => figures('gpus', name, min, max, MAX_GPUS);

/** GPUs, one row each, keyed by the index of the vendor's tool. */
const gpuColumns = z.object({
  index: identifiers(),
  /** `lost`: fell off the bus; `error`: the driver answers with an error, whose text is in `error`. */
  health: choices(['ok', 'lost', 'error'], 'error', MAX_GPUS),
  error: texts(300, MAX_GPUS),
  utilizationPercent: gpuColumn('utilizationPercent', 0, 100),
  memoryUtilizationPercent: gpuColumn('memoryUtilizationPercent', 0, 100),
  encoderPercent: gpuColumn('encoderPercent', 0, 100),
  decoderPercent: gpuColumn('decoderPercent', 0, 100),
  memoryUsedBytes: gpuColumn('memoryUsedBytes', 0, LARGEST),
  /** The driver's own figure: less than total minus used, because the driver reserves some. */
  memoryFreeBytes: gpuColumn('memoryFreeBytes', 0, LARGEST),
  bar1UsedBytes: gpuColumn('bar1UsedBytes', 0, LARGEST),
  temperatureCelsius: gpuColumn('temperatureCelsius', -60, 250),
  memoryTemperatureCelsius: gpuColumn('memoryTemperatureCelsius', -60, 250),
  powerWatts: gpuColumn('powerWatts', 0, 100_000),
  /** Since the driver was loaded. */
  energyJoules: gpuColumn('energyJoules', 0, LARGEST),
  /** May exceed 100. */
  fanPercent: gpuColumn('fanPercent', 0, 1_000),
  smClockMHz: gpuColumn('smClockMHz', 0, 100_000),
  memoryClockMHz: gpuColumn('memoryClockMHz', 0, 100_000),
  performanceState: texts(8, MAX_GPUS),
  /** Why the clocks are below what they could be, in the driver's terms, separated by commas; '' for no reason. */
  throttleReasons: texts(300, MAX_GPUS),
  /** Of the link now: an idle GPU lowers it. */
  pcieGeneration: gpuColumn('pcieGeneration', 0, 20),
  pcieWidth: gpuColumn('pcieWidth', 0, 64),
  pcieReceiveBytesPerSecond: gpuColumn('pcieReceiveBytesPerSecond', 0, LARGEST),
  pcieTransmitBytesPerSecond: gpuColumn('pcieTransmitBytesPerSecond', 0, LARGEST),
  /** Over all links of the GPU. */
  nvlinkReceiveBytesPerSecond: gpuColumn('nvlinkReceiveBytesPerSecond', 0, LARGEST),
  nvlinkTransmitBytesPerSecond: gpuColumn('nvlinkTransmitBytesPerSecond', 0, LARGEST),
} satisfies Record<(typeof gpuColumnNames)[number], z.ZodType>);
const isIndex = isIdentifier(LARGEST_INDEX);
export const gpuTableSchema = table('gpus', { index: isIndex }, MAX_GPUS, gpuColumns);
export type GpuSample = RowOf<z.infer<typeof gpuTableSchema>>;

/** Percent of one core, unbounded. */
const LARGEST_CPU_PERCENT = 10_000_000;

function processColumns(maxLength: number) {
  const column = (name: string, max: number) => figures('processes', name, 0, max, maxLength);
  return {
    pid: identifiers(),
    /** The kernel's letter: R running, S sleeping, D waiting for a device, T stopped, Z zombie. */
    state: texts(2, maxLength),
    cpuPercent: column('cpuPercent', LARGEST_CPU_PERCENT),
    residentBytes: column('residentBytes', LARGEST),
  };
}

const gpuProcessPercent = (name: string) => figures('gpus', name, 0, 100, MAX_GPU_PROCESSES);

/** Processes on GPUs; one on several GPUs has a row for each. */
const gpuProcessColumns = z.object({
  ...processColumns(MAX_GPU_PROCESSES),
  gpuIndex: identifiers(),
  /** `C` compute, `G` graphics, `C+G` both. */
  type: texts(8, MAX_GPU_PROCESSES),
  gpuMemoryBytes: figures('gpus', 'gpuMemoryBytes', 0, LARGEST, MAX_GPU_PROCESSES),
  gpuUtilizationPercent: gpuProcessPercent('gpuUtilizationPercent'),
  gpuMemoryUtilizationPercent: gpuProcessPercent('gpuMemoryUtilizationPercent'),
  gpuEncoderPercent: gpuProcessPercent('gpuEncoderPercent'),
  gpuDecoderPercent: gpuProcessPercent('gpuDecoderPercent'),
  /** The process and all its descendants: a training job's CPU sits in its data loaders. */
  treeCpuPercent: figures('processes', 'treeCpuPercent', 0, LARGEST_CPU_PERCENT, MAX_GPU_PROCESSES),
  treeResidentBytes: figures('processes', 'treeResidentBytes', 0, LARGEST, MAX_GPU_PROCESSES),
} satisfies Record<(typeof gpuProcessColumnNames)[number], z.ZodType>);
const isPid = isIdentifier(LARGEST_PID);
export const gpuProcessTableSchema = table(
  'gpus',
  { pid: isPid, gpuIndex: isIndex },
  MAX_GPU_PROCESSES,
  gpuProcessColumns,
);
export type GpuProcessSample = RowOf<z.infer<typeof gpuProcessTableSchema>>;

export const topProcessTableSchema = table(
  'processes',
  { pid: isPid },
  MAX_TOP_PROCESSES,
  z.object(
    processColumns(MAX_TOP_PROCESSES) satisfies Record<(typeof topProcessColumnNames)[number], z.ZodType>,
  ),
);
export type TopProcessSample = RowOf<z.infer<typeof topProcessTableSchema>>;

export const sampleSchema = z.object({
  type: z.literal('sample'),
  /** Counts the samples that were sent, from 1. */
  sequence: z.number().int().min(1),
  /** By the node's clock. */
  takenAtMs: count('clock', 'takenAtMs'),
  intervalMs: figure('clock', 'intervalMs', MIN_INTERVAL_MS, MAX_INTERVAL_MS),
  collectors: z.object({
    cpu: collectorReportSchema,
    memory: collectorReportSchema,
    filesystems: collectorReportSchema,
    disks: collectorReportSchema,
    network: collectorReportSchema,
    gpus: collectorReportSchema,
    processes: collectorReportSchema,
  } satisfies Record<CollectorName, typeof collectorReportSchema>),
  cpu: cpuSchema.nullable(),
  memory: memorySchema.nullable(),
  filesystems: list('filesystems', 'file systems', filesystemSchema, MAX_FILESYSTEMS).nullable(),
  disks: list('disks', 'disks', diskSchema, MAX_DEVICES).nullable(),
  network: list('network', 'interfaces', networkSchema, MAX_DEVICES).nullable(),
  gpus: gpuTableSchema.nullable(),
  gpuProcesses: gpuProcessTableSchema.nullable(),
  /** How many processes the node runs. */
  processCount: count('processes', 'processCount'),
  topProcesses: topProcessTableSchema.nullable(),
  /** What the processes belong to; absent or null where it could not be read. */
  jobs: jobTableSchema.nullable().default(null),
});
export type Sample = z.infer<typeof sampleSchema>;
