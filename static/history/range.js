// What of the past a page's charts show: how long, and up to when. Read from the address and written to it, so that
// links keep.

/**
 * @typedef {object} Range
 * @property {number} lengthMs
 * @property {number | null} endMs epoch ms; null for one that ends now and goes on
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const UNITS_MS = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
/** What is shorter has less than half a dozen points. */
const SHORTEST_MS = MINUTE_MS;
const LONGEST_MS = 3_660 * DAY_MS;
/** An end that is nearer to now than this part of the range is now. */
const NEAR_NOW = 0.02;

/** Buttons; the first one is what charts show anyway, live. */
export const CHOICES = [
  { title: '15 min', lengthMs: 15 * MINUTE_MS },
  { title: '1 h', lengthMs: HOUR_MS },
  { title: '6 h', lengthMs: 6 * HOUR_MS },
  { title: '24 h', lengthMs: DAY_MS },
  { title: '7 d', lengthMs: 7 * DAY_MS },
  { title: '30 d', lengthMs: 30 * DAY_MS },
  { title: '180 d', lengthMs: 180 * DAY_MS },
];

/**
 * The first and last moment of it.
 * @param {Range} range
 * @param {number} nowMs
 * @returns {[fromMs: number, toMs: number]}
 */
export function boundsOf({ lengthMs, endMs }, nowMs) {
  const end = endMs ?? nowMs;
  return [end - lengthMs, end];
}

/**
 * Of two moments, in whichever order; one that reaches to now goes on.
 * @param {number} oneMs
 * @param {number} otherMs
 * @param {number} nowMs
 * @returns {Range}
 */
export function rangeBetween(oneMs, otherMs, nowMs) {
  const from = Math.min(oneMs, otherMs);
  const to = Math.min(nowMs, Math.max(oneMs, otherMs));
  const lengthMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, to - from));
  return { lengthMs, endMs: nowMs - to <= lengthMs * NEAR_NOW ? null : to };
}

/**
 * A part of its own length earlier (`by` below 0) or later, never beyond now.
 * @param {Range} range
 * @param {number} by
 * @param {number} nowMs
 * @returns {Range}
 */
export function moved(range, by, nowMs) {
  const [from, to] = boundsOf(range, nowMs);
  const end = Math.min(nowMs, to + by * range.lengthMs);
  return rangeBetween(end - (to - from), end, nowMs);
}

/**
 * `times` as long, about its middle; one that ends now keeps its end.
 * @param {Range} range
 * @param {number} times
 * @param {number} nowMs
 * @returns {Range}
 */
export function zoomed(range, times, nowMs) {
  const [from, to] = boundsOf(range, nowMs);
  const lengthMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, range.lengthMs * times));
  if (range.endMs === null) return { lengthMs, endMs: null };
  const end = Math.min(nowMs, (from + to) / 2 + lengthMs / 2);
  return rangeBetween(end - lengthMs, end, nowMs);
}

/**
 * Whether both show the same.
 * @param {Range | null} a
 * @param {Range | null} b
 */
export const isSameRange = (a, b) => a?.lengthMs === b?.lengthMs && a?.endMs === b?.endMs;

/**
 * `-24h`, in the largest unit that it is a multiple of.
 * @param {number} ms
 */
function lengthText(ms) {
  const whole = Math.max(1, Math.round(ms / SECOND_MS)) * SECOND_MS;
  const [unit, size] = Object.entries(UNITS_MS).findLast(([, each]) => whole % each === 0) ?? [
    's',
    SECOND_MS,
  ];
  return `-${whole / size}${unit}`;
}

/**
 * What stands in the address.
 * @param {Range} range
 * @returns {{ from: string, to: string | null }}
 */
export function rangeWords({ lengthMs, endMs }) {
  if (endMs === null) return { from: lengthText(lengthMs), to: null };
  /** @param {number} ms */
  const iso = (ms) => new Date(Math.round(ms)).toISOString();
  return { from: iso(endMs - lengthMs), to: iso(endMs) };
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/i;

/**
 * ISO 8601 with a zone, epoch milliseconds, or `-15m`, `-24h`, `-7d`; null for anything else.
 * @param {string} text
 * @param {number} nowMs
 */
export function parseMoment(text, nowMs) {
  const word = text.trim();
  if (word === 'now') return nowMs;
  const [, count, unit] = /^-(\d{1,9})([smhd])$/.exec(word) ?? [];
  if (count !== undefined && unit !== undefined)
    return nowMs - Number(count) * UNITS_MS[/** @type {keyof typeof UNITS_MS} */ (unit)];
  if (/^\d{12,14}$/.test(word)) return Number(word);
  if (!ISO.test(word)) return null;
  const ms = Date.parse(word);
  return Number.isNaN(ms) ? null : ms;
}

/**
 * The range of an address; null where it names none, and why where what it names is no range.
 * @param {URLSearchParams} words
 * @param {number} nowMs
 * @returns {{ range: Range | null, problem: string | null }}
 */
export function readRange(words, nowMs) {
  const from = words.get('from');
  const to = words.get('to');
  if (from === null && to === null) return { range: null, problem: null };
  const remedy = 'Write times as 2026-01-31T08:00Z, in epoch milliseconds or as -24h.';
  if (from === null) return { range: null, problem: `The address has to=${to} without from. ${remedy}` };
  const fromMs = parseMoment(from, nowMs);
  if (fromMs === null) return { range: null, problem: `from=${from} in the address is no time. ${remedy}` };
  const toMs = parseMoment(to ?? 'now', nowMs);
  if (toMs === null) return { range: null, problem: `to=${to} in the address is no time. ${remedy}` };
  if (fromMs >= Math.min(toMs, nowMs)) {
    const problem = `The address has from=${from}, which is not before ${to === null ? 'now' : `to=${to}`}. ${remedy}`;
    return { range: null, problem };
  }
  // What was relative goes on to the millisecond, whatever was rounded on the way.
  const isRelative = to === null || to.trim() === 'now';
  return {
    range: isRelative
      ? { lengthMs: Math.min(LONGEST_MS, Math.max(SHORTEST_MS, nowMs - fromMs)), endMs: null }
      : rangeBetween(fromMs, toMs, nowMs),
    problem: null,
  };
}

/** What lies between two points: as many as a clock and a calendar divide into. */
const STEPS_MS = [1, 2, 5, 10, 20, 30]
  .map((count) => count * SECOND_MS)
  .concat([1, 2, 5, 10, 15, 20, 30].map((count) => count * MINUTE_MS))
  .concat([1, 2, 3, 4, 6, 8, 12].map((count) => count * HOUR_MS))
  .concat([1, 2, 5, 10, 30].map((count) => count * DAY_MS));

/**
 * One that makes no more points of a range than there are pixels.
 * @param {number} lengthMs
 * @param {number} pixels of the device
 */
export function stepFor(lengthMs, pixels) {
  const least = lengthMs / Math.max(1, pixels);
  return STEPS_MS.find((step) => step >= least) ?? STEPS_MS.at(-1) ?? DAY_MS;
}

/**
 * `10 s`, `15 min`, `1 d`.
 * @param {number} ms
 */
export function spanText(ms) {
  const [unit, size] = Object.entries({ s: SECOND_MS, min: MINUTE_MS, h: HOUR_MS, d: DAY_MS }).findLast(
    ([, each]) => ms >= each && ms % each === 0,
  ) ?? ['s', SECOND_MS];
  return `${Math.round((ms / size) * 10) / 10} ${unit}`;
}
