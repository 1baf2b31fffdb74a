import { countTime, type Span } from './count-usage.ts';
import type { GpuMeter, GpuMeters } from './gpu-meters.ts';
import type { ClockMoment } from './ledger-node.ts';
import type { GpuTime } from './records.ts';
import type { Stretch } from './spell.ts';
import type { Hold, NodeShare } from './tracked-job.ts';

/** Whose it was what GPUs and cores did since the last look. */

/** What a node's samples were up to the one before the last, which is where a look counts to. */
export interface Counted {
  /** The same moment by the monotonic clock and by the one on the wall. */
  mono: number;
  epochMs: number;
  /** Since the last look, for which there are samples. */
  observedMs: number;
  meters: GpuMeters;
}

/** Shorter than what clocks and sums of fractions make of nothing. */
const NOTHING_MS = 1;
const epochOf = ({ mono, epochMs }: Counted, at: number) => epochMs - (mono - at);

const spanOf = (counted: Counted, fromMono: number, toMono: number): Span => ({
  fromMs: epochOf(counted, fromMono),
  toMs: epochOf(counted, toMono),
});

/** Of the time since `countedMono`, what there are samples for and what there are not. */
function knownOf(countedMono: number, observedMs: number, { mono }: Counted) {
  const wallMs = Math.max(0, mono - countedMono);
  const knownMs = Math.min(observedMs, wallMs);
  const unknownMs = wallMs - knownMs;
  return { wallMs, knownMs, unknownMs: unknownMs < NOTHING_MS ? 0 : unknownMs };
}

/** Whether there are samples for all the time that a share has not been counted for. */
export const isKnownUpTo = (share: NodeShare, counted: Counted): boolean =>
  knownOf(share.countedMono, counted.observedMs, counted).unknownMs === 0;

/**
 * Counts what a job's hold of a GPU was since the last look. Where the job had not the GPU all that time, it gets its part.
 * `isKept`: it has it still; else nobody knows how long it had it in a time without samples, of which nothing counts.
 */
export function countHold(
  share: NodeShare,
  hold: Hold,
  counted: Counted,
  holders: number,
  isKept: boolean,
): void {
  const meter = counted.meters.get(hold.gpu.index);
  const observedMs = meter?.observedMs ?? 0;
  const { wallMs, knownMs, unknownMs } = knownOf(hold.countedMono, observedMs, counted);
  if (wallMs === 0 || (unknownMs > 0 && !isKept)) return;
  const part = observedMs > 0 ? knownMs / observedMs : 0;
  const time: Partial<GpuTime> = { heldMs: knownMs, unknownMs };
  if (meter !== undefined && hold.gpu.isTouched) Object.assign(time, workOf(meter, part));
  countTime(share, hold.model, spanOf(counted, hold.countedMono, counted.mono), time, holders);
  if (meter !== undefined && hold.gpu.isTouched) notePeaks(share, meter, part);
  countSpells(share, hold, meter, counted, holders, unknownMs > 0);
  hold.countedMono = counted.mono;
}

/**
 * Counts the time without samples between two of them, in both of which the job had the GPU: nobody knows what it did.
 * `from`: the one before, up to which all is counted.
 */
export function countGap(
  share: NodeShare,
  hold: Hold,
  from: ClockMoment,
  to: ClockMoment,
  holders: number,
): void {
  const unknownMs = to.monotonicMs - from.monotonicMs;
  countTime(share, hold.model, { fromMs: to.epochMs - unknownMs, toMs: to.epochMs }, { unknownMs }, holders);
  hold.idle.end();
  hold.untouched.end();
  hold.countedMono = to.monotonicMs;
}

const workOf = (meter: GpuMeter, part: number): Partial<GpuTime> => ({
  activeMs: meter.activeMs * part,
  toldMs: meter.toldMs * part,
  percentMs: meter.percentMs * part,
  energyJoules: meter.energyJoules === null ? null : meter.energyJoules * part,
});

function notePeaks({ job }: NodeShare, meter: GpuMeter, part: number): void {
  job.byteMs += meter.byteMs * part;
  job.bytesToldMs += meter.bytesToldMs * part;
  job.peakPercent = larger(job.peakPercent, meter.peakPercent);
  job.peakBytes = larger(job.peakBytes, meter.peakBytes);
}

const larger = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.max(a, b));

function countSpells(
  share: NodeShare,
  hold: Hold,
  meter: GpuMeter | undefined,
  counted: Counted,
  holders: number,
  hasGap: boolean,
): void {
  const from = hold.countedMono;
  const count = (what: 'idleMs' | 'untouchedMs', stretches: readonly Stretch[]) => {
    for (const { fromMs, toMs, holders: shared } of stretches)
      countTime(share, hold.model, spanOf(counted, fromMs, toMs), { [what]: toMs - fromMs }, shared);
  };
  if (!hold.gpu.isTouched) {
    if (hasGap) hold.untouched.end();
    else count('untouchedMs', hold.untouched.add({ fromMs: from, toMs: counted.mono, holders }));
    return;
  }
  if (meter === undefined) {
    hold.idle.end();
    return;
  }
  const { quietEndedMs, quietFromMs } = meter;
  if (quietEndedMs !== null) {
    // The spell that went on at the last look; one that began since then is too short to count.
    count('idleMs', hold.idle.add({ fromMs: from, toMs: quietEndedMs, holders }));
    hold.idle.end();
  }
  if (quietFromMs === null) hold.idle.end();
  else count('idleMs', hold.idle.add({ fromMs: Math.max(from, quietFromMs), toMs: counted.mono, holders }));
}

/** Counts a job's time of cores, by what it took at this look and the one before; `now` is null where it has ended. */
export function countCpu(share: NodeShare, now: number | null, counted: Counted): void {
  const before = share.cpuPercent;
  const percents = [before, now].filter((percent) => percent !== null);
  share.cpuPercent = now;
  if (percents.length === 0) return;
  const { knownMs } = knownOf(share.countedMono, counted.observedMs, counted);
  const mean = percents.reduce((sum, percent) => sum + percent, 0) / percents.length;
  const { fromMs, toMs } = spanOf(counted, share.countedMono, counted.mono);
  const unplaced = share.unplacedCpu ?? { fromMs, toMs, ms: 0 };
  share.unplacedCpu = { fromMs: unplaced.fromMs, toMs, ms: unplaced.ms + (mean / 100) * knownMs };
}

/** Who loads data before the first GPU is no user of a node without: so long the model is waited for. */
const PLACED_AFTER_MS = 600_000;

/** Puts a share's time of cores where its first model stands, once that is known. */
export function placeCpu(share: NodeShare, nowMono: number): void {
  const { unplacedCpu } = share;
  if (unplacedCpu === null) return;
  const first = [...share.models.keys()].find((model) => model !== '');
  const isLate = !share.isOpen || nowMono - share.firstMono >= PLACED_AFTER_MS;
  if (first === undefined && !isLate) return;
  share.unplacedCpu = null;
  countTime(share, first ?? '', unplacedCpu, { cpuMs: unplacedCpu.ms });
}
