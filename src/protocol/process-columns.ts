import { bytes, type ColumnTable, count, figure, identifier, percent, text } from './column-kinds.ts';
import { LARGEST_PID } from './constants.ts';
import { gpuColumns } from './gpu-columns.ts';

/** The columns of processes and jobs in a sample. No zod: the monitor uses this too. */

/** Percent of one core: as good as unbounded. */
const cpuPercent = figure('percent', 0, 10_000_000);

/** `state` is the kernel's letter: R running, S sleeping, D waiting for a device, T stopped, Z zombie. */
export const processFigures = { state: text(2), cpuPercent, residentBytes: bytes } satisfies ColumnTable;

export const topProcessColumns = { pid: identifier(LARGEST_PID), ...processFigures } satisfies ColumnTable;

/** What a vendor's tool tells of a process on a GPU; `type` is `C` compute, `G` graphics, `C+G` both. */
export const gpuProcessFigures = {
  type: text(8),
  gpuMemoryBytes: bytes,
  gpuUtilizationPercent: percent,
  gpuMemoryUtilizationPercent: percent,
  gpuEncoderPercent: percent,
  gpuDecoderPercent: percent,
} satisfies ColumnTable;

/** The process and all its descendants: a training job's CPU sits in its data loaders. */
export const processTreeFigures = {
  treeCpuPercent: cpuPercent,
  treeResidentBytes: bytes,
} satisfies ColumnTable;

/** Processes on GPUs; one on several GPUs has a row for each. */
export const gpuProcessColumns = {
  ...topProcessColumns,
  gpuIndex: gpuColumns.index,
  ...gpuProcessFigures,
  ...processTreeFigures,
} satisfies ColumnTable;

/** Of a job, summed over all its processes on the node. */
export const jobFigures = {
  processCount: count,
  cpuPercent: figure('percent', 0, Number.MAX_SAFE_INTEGER),
  residentBytes: bytes,
} satisfies ColumnTable;
