import { ABSENT, fromShortFloat, shiftOf, toShortFloat } from '../lib/short-floats.ts';
import { gpuFigureColumns } from './gpu-columns.ts';
import type { ToldSample } from './told-sample.ts';

/** The GPUs of a sample's brief, in the order of their rows. */
export interface GpuBrief {
  index: number[];
  /** Whether somebody holds its memory; a display's own does not count. */
  isHeld: boolean[];
  /** Short floats, shifted by their unit: for each GPU those of `gpuBriefColumns`. */
  cells: readonly number[];
}

/** What charts, marks and tallies need of each GPU. */
export const gpuBriefColumns = [
  'utilizationPercent',
  'memoryUsedBytes',
  'temperatureCelsius',
  'powerWatts',
] as const;
export type GpuBriefColumn = (typeof gpuBriefColumns)[number];

const WIDTH = gpuBriefColumns.length;
const shifts = gpuBriefColumns.map((name) => shiftOf(gpuFigureColumns[name].unit));

/** The driver keeps some hundred MiB for itself; more than this belongs to somebody, seen or not. */
const HELD_BYTES = 1024 ** 3;

/** Null for a node without GPUs. */
export function briefGpus(sample: Pick<ToldSample, 'gpus' | 'gpuProcesses'>): GpuBrief | null {
  const { gpus } = sample;
  if (gpus === null || gpus.index.length === 0) return null;
  const cells = Array<number>(gpus.index.length * WIDTH).fill(ABSENT);
  gpuBriefColumns.forEach((name, column) => {
    const values = gpus[name];
    for (let row = 0; row < gpus.index.length; row++)
      cells[row * WIDTH + column] = toShortFloat((values?.[row] ?? Number.NaN) + (shifts[column] ?? 0));
  });
  const held = heldIndexes(sample);
  return { index: gpus.index, isHeld: gpus.index.map((index) => held.has(index)), cells };
}

function heldIndexes({ gpus, gpuProcesses }: Pick<ToldSample, 'gpus' | 'gpuProcesses'>): ReadonlySet<number> {
  const held = new Set<number>();
  const drawnBytes = new Map<number, number>();
  gpuProcesses?.gpuIndex.forEach((gpu, at) => {
    if (gpuProcesses.type?.[at] !== 'G') held.add(gpu);
    else drawnBytes.set(gpu, (drawnBytes.get(gpu) ?? 0) + (gpuProcesses.gpuMemoryBytes?.[at] ?? 0));
  });
  gpus?.index.forEach((gpu, at) => {
    if ((gpus.memoryUsedBytes?.[at] ?? 0) - (drawnBytes.get(gpu) ?? 0) >= HELD_BYTES) held.add(gpu);
  });
  return held;
}

/** Null where it is not known; exact for whole numbers up to 2,048, else within 1/2,048. */
export function briefFigure({ cells }: GpuBrief, row: number, column: GpuBriefColumn): number | null {
  const at = gpuBriefColumns.indexOf(column);
  const value = fromShortFloat(cells[row * WIDTH + at] ?? ABSENT);
  return value === null ? null : value - (shifts[at] ?? 0);
}
