// Moments that the time machine can go to: minutes, near by each one, far away fewer.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Up to which age the steps of a slider are so long. */
const ZONES = [
  { untilMs: 3 * HOUR_MS, stepMs: MINUTE_MS },
  { untilMs: DAY_MS, stepMs: 10 * MINUTE_MS },
  { untilMs: 14 * DAY_MS, stepMs: HOUR_MS },
  { untilMs: Number.POSITIVE_INFINITY, stepMs: 6 * HOUR_MS },
];

/**
 * The age of a step of the slider; step 0 is now.
 * @param {number} step
 */
export function ageOfStep(step) {
  let left = Math.max(0, step);
  let ageMs = 0;
  for (const { untilMs, stepMs } of ZONES) {
    const steps = (untilMs - ageMs) / stepMs;
    if (left <= steps) return ageMs + left * stepMs;
    left -= steps;
    ageMs = untilMs;
  }
  return ageMs;
}

/**
 * The step that is nearest to an age.
 * @param {number} ageMs
 */
export function stepOfAge(ageMs) {
  const age = Math.max(0, ageMs);
  let steps = 0;
  let fromMs = 0;
  for (const { untilMs, stepMs } of ZONES) {
    if (age <= untilMs) return steps + Math.round((age - fromMs) / stepMs);
    steps += (untilMs - fromMs) / stepMs;
    fromMs = untilMs;
  }
  return steps;
}

/**
 * The minute that holds a moment.
 * @param {number} ms
 */
export const minuteOf = (ms) => Math.floor(ms / MINUTE_MS) * MINUTE_MS;

/**
 * So much earlier or later, by whole minutes, within what is kept; null for now.
 * @param {number | null} atMs null for now
 * @param {number} byMs
 * @param {{ sinceMs: number, nowMs: number }} kept
 */
export function shifted(atMs, byMs, { sinceMs, nowMs }) {
  const target = minuteOf((atMs ?? nowMs) + byMs);
  // The minute that runs is not over: it is now.
  if (target >= minuteOf(nowMs)) return null;
  return Math.max(Math.ceil(sinceMs / MINUTE_MS) * MINUTE_MS, target);
}

/**
 * The address of the same page at another moment: `?at=2026-11-30T02:12Z`.
 * @param {string} href
 * @param {number | null} atMs null for now
 */
export function addressAt(href, atMs) {
  const address = new URL(href);
  if (atMs === null) address.searchParams.delete('at');
  else address.searchParams.set('at', new Date(atMs).toISOString().replace(/:\d\d\.\d+Z$/, 'Z'));
  return address.href;
}
