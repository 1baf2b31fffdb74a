import { absentOf } from './column-kinds.ts';
import { gpuFigureColumns, gpuProperties } from './gpu-columns.ts';
import { gpuProcessFigureColumns } from './process-columns.ts';

/** Rows of which nothing is known: absent, never zero. No zod: the monitor uses this too. */

/** A GPU that gives no figures. */
export const noGpuFigures = absentOf(gpuFigureColumns);

/** What stays the same about a GPU, before anything is known but its place. */
export const noGpuFacts = absentOf(gpuProperties);

/** What a vendor's tool tells of a process on a GPU, where it tells nothing. */
export const noGpuProcessFigures = absentOf(gpuProcessFigureColumns);
