import { briefFigure, type GpuBrief } from '../protocol/brief-gpus.ts';

/** How long a GPU of one node has been in a state that only its length makes remarkable. */
export interface GpuSpells {
  /** `powerLimitOf`: watts by index. */
  note(brief: GpuBrief | null, powerLimitOf: (index: number) => number | null, nowMs: number): void;
  heldIdleMs(index: number, nowMs: number): number | null;
  lowPowerMs(index: number, nowMs: number): number | null;
}

const IDLE_PERCENT = 1;
const FULL_PERCENT = 98;
/** What happened in a longer gap nobody knows. */
const LONGEST_GAP_MS = 300_000;

/** `lowPowerShare`: of the limit, as it is when a sample comes; a GPU that computes draws more. */
export function createGpuSpells(thresholds: { readonly lowPowerShare: number }): GpuSpells {
  const heldIdleSince = new Map<number, number>();
  const lowPowerSince = new Map<number, number>();
  let notedMs = Number.NEGATIVE_INFINITY;

  function mark(since: Map<number, number>, index: number, isSo: boolean, nowMs: number): void {
    if (!isSo) since.delete(index);
    else if (!since.has(index)) since.set(index, nowMs);
  }

  /** An index that comes back later may be another MIG instance. */
  function forgetMissing(since: Map<number, number>, present: readonly number[]): void {
    for (const index of since.keys()) if (!present.includes(index)) since.delete(index);
  }

  const drawsLittle = (watts: number | null, limitWatts: number | null) =>
    watts !== null && limitWatts !== null && watts <= limitWatts * thresholds.lowPowerShare;

  const lengthOf = (since: Map<number, number>, index: number, nowMs: number) => {
    const begun = since.get(index);
    return begun === undefined ? null : nowMs - begun;
  };

  return {
    note(brief, powerLimitOf, nowMs) {
      if (brief === null || nowMs - notedMs > LONGEST_GAP_MS) {
        heldIdleSince.clear();
        lowPowerSince.clear();
      }
      notedMs = nowMs;
      if (brief === null) return;
      forgetMissing(heldIdleSince, brief.index);
      forgetMissing(lowPowerSince, brief.index);
      brief.index.forEach((index, at) => {
        const use = briefFigure(brief, at, 'utilizationPercent');
        const watts = briefFigure(brief, at, 'powerWatts');
        const isIdle = use !== null && use <= IDLE_PERCENT;
        const isFull = use !== null && use >= FULL_PERCENT;
        mark(heldIdleSince, index, isIdle && (brief.isHeld[at] ?? false), nowMs);
        mark(lowPowerSince, index, isFull && drawsLittle(watts, powerLimitOf(index)), nowMs);
      });
    },
    heldIdleMs: (index, nowMs) => lengthOf(heldIdleSince, index, nowMs),
    lowPowerMs: (index, nowMs) => lengthOf(lowPowerSince, index, nowMs),
  };
}
