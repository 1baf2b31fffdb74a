import { briefFigure, type GpuBrief } from '../../protocol/brief-gpus.ts';
import { BUSY_PERCENT } from '../../report/gpu-use.ts';

/**
 * What one GPU did since somebody looked. Each sample stands for the time since the one before, and is counted when the
 * next one comes: by then a look can have told whose it is. Times are monotonic; nothing is allocated for a sample.
 */
export interface GpuMeter {
  readonly index: number;
  /** Time for which there are samples. */
  observedMs: number;
  toldMs: number;
  activeMs: number;
  percentMs: number;
  peakPercent: number | null;
  bytesToldMs: number;
  byteMs: number;
  peakBytes: number | null;
  /** Null where no power was told. */
  energyJoules: number | null;
  /** Since when there was no work; null while there is, and where nobody knows. */
  quietFromMs: number | null;
  /** When the spell without work ended that went on at the last look; null while it does, and without one. */
  quietEndedMs: number | null;
  wasQuiet: boolean;
  /** The sample that waits for the next one. */
  percent: number | null;
  bytes: number | null;
  watts: number | null;
  /** Before it the GPU was not there. */
  isNew: boolean;
}

/** The GPUs of one node. */
export interface GpuMeters {
  /** Counts the sample that was taken last for the time from when to when; not known where samples are missing. */
  settle(fromMs: number, toMs: number, isKnown: boolean): void;
  take(brief: GpuBrief | null): void;
  get(index: number): GpuMeter | undefined;
  /** After a look: all sums begin anew, spells go on. */
  reset(): void;
}

const newMeter = (index: number): GpuMeter => ({
  index,
  observedMs: 0,
  toldMs: 0,
  activeMs: 0,
  percentMs: 0,
  peakPercent: null,
  bytesToldMs: 0,
  byteMs: 0,
  peakBytes: null,
  energyJoules: null,
  quietFromMs: null,
  quietEndedMs: null,
  wasQuiet: false,
  percent: null,
  bytes: null,
  watts: null,
  isNew: true,
});

function endQuiet(meter: GpuMeter, atMs: number): void {
  if (meter.quietFromMs === null) return;
  if (meter.wasQuiet) meter.quietEndedMs = atMs;
  meter.wasQuiet = false;
  meter.quietFromMs = null;
}

function settleMeter(meter: GpuMeter, fromMs: number, toMs: number, isKnown: boolean): void {
  const { percent, bytes, watts } = meter;
  const ms = toMs - fromMs;
  if (!isKnown || meter.isNew) {
    endQuiet(meter, fromMs);
    return;
  }
  meter.observedMs += ms;
  if (watts !== null) meter.energyJoules = (meter.energyJoules ?? 0) + (watts * ms) / 1000;
  if (bytes !== null) {
    meter.bytesToldMs += ms;
    meter.byteMs += bytes * ms;
    if (bytes > (meter.peakBytes ?? -1)) meter.peakBytes = bytes;
  }
  if (percent === null) {
    endQuiet(meter, fromMs);
    return;
  }
  meter.toldMs += ms;
  meter.percentMs += percent * ms;
  if (percent > (meter.peakPercent ?? -1)) meter.peakPercent = percent;
  if (percent >= BUSY_PERCENT) {
    meter.activeMs += ms;
    endQuiet(meter, fromMs);
  } else meter.quietFromMs ??= fromMs;
}

function resetMeter(meter: GpuMeter): void {
  meter.observedMs = 0;
  meter.toldMs = 0;
  meter.activeMs = 0;
  meter.percentMs = 0;
  meter.peakPercent = null;
  meter.bytesToldMs = 0;
  meter.byteMs = 0;
  meter.peakBytes = null;
  meter.energyJoules = null;
  meter.quietEndedMs = null;
  meter.wasQuiet = meter.quietFromMs !== null;
}

/** Of a node that has said nothing yet. */
export function createGpuMeters(): GpuMeters {
  const meters = new Map<number, GpuMeter>();
  /** Of the last sample, in the order of its rows. */
  let order: GpuMeter[] = [];

  /** GPUs came, went or changed places. */
  function reorder(indexes: readonly number[]): void {
    const before = new Set(order);
    order = [...new Set(indexes)].map((index) => {
      const meter = meters.get(index) ?? newMeter(index);
      meters.set(index, meter);
      return meter;
    });
    for (const meter of order) meter.isNew = !before.has(meter);
  }

  return {
    settle(fromMs, toMs, isKnown) {
      for (const meter of order) settleMeter(meter, fromMs, toMs, isKnown);
    },
    take(brief) {
      const indexes = brief?.index ?? [];
      let isSame = indexes.length === order.length;
      for (let row = 0; isSame && row < order.length; row++) isSame = order[row]?.index === indexes[row];
      if (!isSame) reorder(indexes);
      if (brief === null) return;
      for (let row = 0; row < indexes.length; row++) {
        const inPlace = order[row];
        const meter = inPlace?.index === indexes[row] ? inPlace : meters.get(indexes[row] ?? -1);
        if (meter === undefined) continue;
        if (isSame) meter.isNew = false;
        meter.percent = briefFigure(brief, row, 'utilizationPercent');
        meter.bytes = briefFigure(brief, row, 'memoryUsedBytes');
        meter.watts = briefFigure(brief, row, 'powerWatts');
      }
    },
    get: (index) => meters.get(index),
    reset() {
      const present = new Set(order);
      for (const [index, meter] of meters) {
        resetMeter(meter);
        if (!present.has(meter)) meters.delete(index);
      }
    },
  };
}
