import { DAY_MS } from '../tiers.ts';
import { dayOf } from './days.ts';

/** A part of a day at the beginning or end of a range. Epoch ms. */
export interface EdgeDay {
  day: number;
  fromMs: number;
  toMs: number;
}

/** A range as whole days, which the rows of usage tell, and what is left over of others. */
export interface DayRange {
  /** The first whole day, and the one behind the last. */
  first: number;
  end: number;
  before: EdgeDay | null;
  after: EdgeDay | null;
}

/** Of today nothing lies behind `nowMs`: a range up to there has it whole. */
export function dayRange(fromMs: number, toMs: number, nowMs: number): DayRange {
  const startOf = (day: number) => day * DAY_MS;
  const first = Math.ceil(fromMs / DAY_MS);
  const end = toMs >= nowMs ? Math.max(dayOf(toMs - 1), dayOf(nowMs)) + 1 : dayOf(toMs);
  if (first > end) return { first, end: first, before: { day: dayOf(fromMs), fromMs, toMs }, after: null };
  const before =
    fromMs < startOf(first) ? { day: first - 1, fromMs, toMs: Math.min(startOf(first), toMs) } : null;
  const after = toMs > startOf(end) ? { day: end, fromMs: startOf(end), toMs } : null;
  return { first, end, before, after };
}
