import {
  type ColumnTable,
  counted,
  identifierUpTo,
  inBytes,
  inPercent,
  numberIn,
  textUpTo,
} from './column-kinds.ts';
import { LARGEST_PID } from './constants.ts';
import { gpuColumns } from './gpu-columns.ts';

/** The columns of processes and jobs in a sample. No zod: the monitor uses this too. */

/** Percent of one core: as good as unbounded. */
const cpuPercent = numberIn('percent', 0, 10_000_000);

/** `state` is the kernel's letter: R running, S sleeping, D waiting for a device, T stopped, Z zombie. */
export const processFigureColumns = {
  state: textUpTo(2),
  cpuPercent,
  residentBytes: inBytes,
} satisfies ColumnTable;

export const topProcessColumns = {
  pid: identifierUpTo(LARGEST_PID),
  ...processFigureColumns,
} satisfies ColumnTable;

/** What a vendor's tool tells of a process on a GPU; `type` is `C` compute, `G` graphics, `C+G` both. */
export const gpuProcessFigureColumns = {
  type: textUpTo(8),
  gpuMemoryBytes: inBytes,
  gpuUtilizationPercent: inPercent,
  gpuMemoryUtilizationPercent: inPercent,
  gpuEncoderPercent: inPercent,
  gpuDecoderPercent: inPercent,
} satisfies ColumnTable;

/** The process and all its descendants: a training job's CPU sits in its data loaders. */
export const processTreeColumns = {
  treeCpuPercent: cpuPercent,
  treeResidentBytes: inBytes,
} satisfies ColumnTable;

/** Processes on GPUs; one on several GPUs has a row for each. */
export const gpuProcessColumns = {
  ...topProcessColumns,
  gpuIndex: gpuColumns.index,
  ...gpuProcessFigureColumns,
  ...processTreeColumns,
} satisfies ColumnTable;

/** Of a job, summed over all its processes on the node. */
export const jobFigureColumns = {
  processCount: counted,
  cpuPercent: numberIn('percent', 0, Number.MAX_SAFE_INTEGER),
  residentBytes: inBytes,
} satisfies ColumnTable;
