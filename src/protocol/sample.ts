import { z } from 'zod';
import type { CollectorName } from './collector-names.ts';
import type { RowValues } from './column-kinds.ts';
import { columnSchemas } from './column-schemas.ts';
import {
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
  count,
  figure,
  figures,
  filesystemBytes,
  isIdentifier,
  list,
  milliseconds,
  percent,
  rate,
  table,
  text,
} from './figures.ts';
import { gpuColumns } from './gpu-columns.ts';
import { jobTableSchema } from './jobs.ts';
import { gpuProcessColumns, gpuProcessFigureColumns, topProcessColumns } from './process-columns.ts';

/** The one definition of what changes on a node. Absent figures are null, never zero. */

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

const isIndex = isIdentifier(gpuColumns.index.max);
const isPid = isIdentifier(topProcessColumns.pid.max);

/** GPUs, one row each, keyed by the index of the vendor's tool. */
const gpuTableSchema = table(
  'gpus',
  { index: isIndex },
  MAX_GPUS,
  z.object(columnSchemas('gpus', gpuColumns, MAX_GPUS)),
);
export type GpuSample = RowValues<typeof gpuColumns>;

/** Processes on GPUs; one on several GPUs has a row for each. */
const gpuProcessTableSchema = table(
  'gpus',
  { pid: isPid, gpuIndex: isIndex },
  MAX_GPU_PROCESSES,
  z.object({
    ...columnSchemas('processes', gpuProcessColumns, MAX_GPU_PROCESSES),
    ...columnSchemas('gpus', gpuProcessFigureColumns, MAX_GPU_PROCESSES),
  }),
);
export type GpuProcessSample = RowValues<typeof gpuProcessColumns>;

const topProcessTableSchema = table(
  'processes',
  { pid: isPid },
  MAX_TOP_PROCESSES,
  z.object(columnSchemas('processes', topProcessColumns, MAX_TOP_PROCESSES)),
);
export type TopProcessSample = RowValues<typeof topProcessColumns>;

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
