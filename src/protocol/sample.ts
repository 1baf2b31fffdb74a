import { z } from 'zod';
import {
  MAX_CORES,
  MAX_DEVICES,
  MAX_FILESYSTEMS,
  MAX_GPU_PROCESSES,
  MAX_GPUS,
  MAX_TOP_PROCESSES,
} from './constants.ts';
import {
  bytes,
  celsius,
  count,
  figure,
  figures,
  megahertz,
  milliseconds,
  openPercent,
  percent,
  rate,
  text,
  watts,
} from './figures.ts';

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
  /** As the kernel says it (MemAvailable). */
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
  totalBytes: bytes('filesystems', 'totalBytes'),
  usedBytes: bytes('filesystems', 'usedBytes'),
  /** What an ordinary user may still write. */
  availableBytes: bytes('filesystems', 'availableBytes'),
  readOnly: z.boolean().default(false),
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

export const gpuSchema = z.object({
  index: z.number().int().min(0).max(4095),
  /** `lost`: fell off the bus; `error`: the driver answers with an error; its text is in `error`. */
  health: z.enum(['ok', 'lost', 'error']),
  error: text(300).optional(),
  utilizationPercent: percent('gpus', 'utilizationPercent'),
  memoryUtilizationPercent: percent('gpus', 'memoryUtilizationPercent'),
  memoryUsedBytes: bytes('gpus', 'memoryUsedBytes'),
  /** The driver's own figure: less than total minus used, because the driver reserves some. */
  memoryFreeBytes: bytes('gpus', 'memoryFreeBytes'),
  temperatureCelsius: celsius('gpus', 'temperatureCelsius'),
  powerWatts: watts('gpus', 'powerWatts'),
  fanPercent: openPercent('gpus', 'fanPercent'),
  smClockMHz: megahertz('gpus', 'smClockMHz'),
  memoryClockMHz: megahertz('gpus', 'memoryClockMHz'),
  performanceState: text(8).nullable().default(null),
});
export type GpuSample = z.infer<typeof gpuSchema>;

const processFigures = {
  pid: z.number().int().min(0),
  /** The kernel's letter: R running, S sleeping, D waiting for a device, T stopped, Z zombie. */
  state: text(2).nullable().default(null),
  /** Percent of one core. */
  cpuPercent: openPercent('processes', 'cpuPercent'),
  residentBytes: bytes('processes', 'residentBytes'),
};

export const gpuProcessSchema = z.object({
  ...processFigures,
  gpuIndex: z.number().int().min(0).max(4095),
  gpuMemoryBytes: bytes('gpus', 'gpuMemoryBytes'),
  gpuUtilizationPercent: percent('gpus', 'gpuUtilizationPercent'),
  /** The process and all its descendants: a training job's CPU sits in its data loaders. */
  treeCpuPercent: openPercent('processes', 'treeCpuPercent'),
  treeResidentBytes: bytes('processes', 'treeResidentBytes'),
});
export type GpuProcessSample = z.infer<typeof gpuProcessSchema>;

export const topProcessSchema = z.object(processFigures);
export type TopProcessSample = z.infer<typeof topProcessSchema>;

export const sampleSchema = z.object({
  type: z.literal('sample'),
  /** Counts the samples that were sent, from 1. */
  sequence: z.number().int().min(1),
  /** By the node's clock. */
  takenAtMs: count('clock', 'takenAtMs'),
  intervalMs: milliseconds('clock', 'intervalMs'),
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
  filesystems: z.array(filesystemSchema).max(MAX_FILESYSTEMS).nullable(),
  disks: z.array(diskSchema).max(MAX_DEVICES).nullable(),
  network: z.array(networkSchema).max(MAX_DEVICES).nullable(),
  gpus: z.array(gpuSchema).max(MAX_GPUS).nullable(),
  gpuProcesses: z.array(gpuProcessSchema).max(MAX_GPU_PROCESSES).nullable(),
  /** How many processes the node runs. */
  processCount: count('processes', 'processCount'),
  topProcesses: z.array(topProcessSchema).max(MAX_TOP_PROCESSES).nullable(),
});
export type Sample = z.infer<typeof sampleSchema>;
