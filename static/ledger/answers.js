// What the ledger answers, and what is made of it before it is shown. Draws nothing.

/**
 * Null where it was never told.
 * @typedef {object} Hours
 * @property {number | null} gpuHoursHeld those that are known; short rests between work are neither active nor idle
 * @property {number | null} gpuHoursActive
 * @property {number | null} gpuHoursIdle held for long without any work
 * @property {number | null} gpuHoursUnknown nothing was heard of the node: no part of those held
 * @property {number | null} cpuHours
 * @property {number | null} energyKilowattHours
 */
/** @typedef {Hours & { key: string, jobs: number | null }} Period `key`: its first day, UTC, as `2026-12-01` */
/**
 * @typedef {Hours & {
 *   key: string, kind: string, id: string, name: string | null, user: string | null, command: string | null,
 *   nodes: string[], gpus: string[], startTimeMs: number | null, endTimeMs: number | null, end: string | null,
 *   gpuMemoryPeakBytes: number | null, residentPeakBytes: number | null, gpuUtilizationPercent: number | null,
 * }} JobRecord
 */

const ANSWER_LIMIT_MS = 30_000;
const DAY_MS = 86_400_000;

/** @type {(keyof Hours)[]} */
const HOURS = [
  'gpuHoursHeld',
  'gpuHoursActive',
  'gpuHoursIdle',
  'gpuHoursUnknown',
  'cpuHours',
  'energyKilowattHours',
];

/**
 * Throws an error with the head's own words.
 * @template Answer
 * @param {string} address
 * @returns {Promise<Answer>}
 */
export async function askLedger(address) {
  const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
  if (response.ok) return response.json();
  const told = await response.json().catch(() => null);
  throw new Error(told?.error?.message ?? `the head answers ${response.status}`);
}

/** @param {number} ms */
const dayOf = (ms) => new Date(ms).toISOString().slice(0, 10);

/**
 * Every day of a range, oldest first; one that the ledger has no row of is null.
 * @param {readonly Period[]} rows
 * @param {number} fromMs
 * @param {number} toMs
 * @returns {{ key: string, row: Period | null }[]}
 */
export function everyDay(rows, fromMs, toMs) {
  const known = new Map(rows.map((row) => [row.key, row]));
  const days = [];
  for (let ms = Math.floor(fromMs / DAY_MS) * DAY_MS; ms < toMs; ms += DAY_MS)
    days.push({ key: dayOf(ms), row: known.get(dayOf(ms)) ?? null });
  return days;
}

/**
 * What is not known of one counts for nothing, and of none stays unknown.
 * @param {number | null} a
 * @param {number | null} b
 */
const plus = (a, b) => (a === null ? b : a + (b ?? 0));

/**
 * The first day of its week, which is a Monday.
 * @param {string} day
 */
function mondayOf(day) {
  const ms = Date.parse(day);
  return dayOf(ms - ((new Date(ms).getUTCDay() + 6) % 7) * DAY_MS);
}

/**
 * Days put together by weeks. A job of several days counts once for each.
 * @param {readonly { key: string, row: Period | null }[]} days
 * @returns {{ key: string, row: Period | null }[]}
 */
export function byWeek(days) {
  /** @type {Map<string, Period | null>} */
  const weeks = new Map();
  for (const { key, row } of days) {
    const monday = mondayOf(key);
    const known = weeks.get(monday) ?? null;
    if (row === null || known === null) weeks.set(monday, known ?? (row && { ...row, key: monday }));
    else {
      const sum = { ...known, jobs: null };
      for (const name of HOURS) sum[name] = plus(known[name], row[name]);
      weeks.set(monday, sum);
    }
  }
  // How many jobs a week had cannot be told by its days.
  return Array.from(weeks, ([key, row]) => ({ key, row: row && { ...row, jobs: null } }));
}
