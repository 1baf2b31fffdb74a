import { DAY_MS } from '../tiers.ts';

/** Days since 1970, UTC. */
export const dayOf = (epochMs: number) => Math.floor(epochMs / DAY_MS);

/** Calls with each day that a stretch of time touches and the share of the stretch in it; epoch ms. */
export function eachDay(fromMs: number, toMs: number, onDay: (day: number, share: number) => void): void {
  const last = dayOf(toMs);
  const first = Math.min(dayOf(fromMs), last);
  if (first === last || toMs <= fromMs) {
    onDay(last, 1);
    return;
  }
  for (let day = first; day <= last; day++) {
    const ms = Math.min(toMs, (day + 1) * DAY_MS) - Math.max(fromMs, day * DAY_MS);
    if (ms > 0) onDay(day, ms / (toMs - fromMs));
  }
}
