import { ABSENT, fromShortFloat, shiftOf, toShortFloat } from '../../lib/short-floats.ts';
import { gpuFigures, jobFigures, machineFigures, type RecentFigure } from '../../report/series.ts';
import { NULL } from './columns.ts';

/** What history keeps of each figure: whole multiples of a step, or so many bits of fraction. */

export interface KeptFigure extends RecentFigure {
  /** What kept values are multiples of; null where they are kept to `fractionBits`. */
  resolution: number | null;
}

const MIB = 1024 ** 2;
/** Rates are kept to 7 bits of fraction: within 0.4 %. Short floats have 10. */
const DROPPED_BITS = 3;

function resolutionOf({ key, unit, group }: RecentFigure): number | null {
  switch (unit) {
    case 'percent':
      return key === 'cpu' && group === 'cpu' ? 0.1 : 1;
    case 'bytes':
      return group === 'gpus' || key === 'gpuMemory' ? MIB : 16 * MIB;
    case 'celsius':
    case 'watts':
      return 1;
    case 'bytesPerSecond':
      return null;
  }
}

const kept = (figures: readonly RecentFigure[]): readonly KeptFigure[] =>
  figures.map((figure) => ({ ...figure, resolution: resolutionOf(figure) }));

/** In the order of a brief's cells, as the tables in memory have them. */
export const keptMachineFigures = kept(machineFigures);
export const keptGpuFigures = kept(gpuFigures);
export const keptJobFigures = kept(jobFigures);

/** How short floats of one figure become the whole numbers that are kept, and those values again. */
export interface Quantizer {
  /** Kept numbers grow as their values do. Else only with them: a mean of them is none of the values. */
  isLinear: boolean;
  /** `NULL` for `ABSENT`. */
  fromShort(code: number): number;
  /** In the figure's unit; null for `NULL`. */
  toValue(kept: number): number | null;
  fromValue(value: number): number;
}

/** By its unit and resolution. */
export function quantizerOf({ unit, resolution }: KeptFigure): Quantizer {
  const shift = shiftOf(unit);
  if (resolution === null) {
    const half = 1 << (DROPPED_BITS - 1);
    // Codes grow with their values: no value is the lowest.
    const fromCode = (code: number) => (code === ABSENT ? NULL : (code + half) >> DROPPED_BITS);
    return {
      isLinear: false,
      fromShort: fromCode,
      toValue: (value) => (value === NULL ? null : fromShortFloat(Math.max(1, value << DROPPED_BITS))),
      fromValue: (value) => fromCode(toShortFloat(value)),
    };
  }
  const fromValue = (value: number) =>
    Math.max(-0x7fff_ffff, Math.min(0x7fff_ffff, Math.round(value / resolution)));
  return {
    isLinear: true,
    fromShort(code) {
      const value = fromShortFloat(code);
      return value === null ? NULL : fromValue(value - shift);
    },
    toValue: (value) => (value === NULL ? null : toDigits(value * resolution)),
    fromValue,
  };
}

/** 3 × 0.1 is 0.3. */
const toDigits = (value: number) => Math.round(value * 1e6) / 1e6;

export const machineQuantizers = keptMachineFigures.map(quantizerOf);
export const gpuQuantizers = keptGpuFigures.map(quantizerOf);
export const jobQuantizers = keptJobFigures.map(quantizerOf);
