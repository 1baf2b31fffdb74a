// What the head answers of former times: asked for, and put together with what was answered before.

/** @import { HistoryAnswer, HistorySeries } from '../../src/report/history-answer.ts' */

const ANSWER_LIMIT_MS = 30_000;

/** What the head says instead of an answer; `code` is its own, or empty where no words of it came. */
export class HistoryError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * @typedef {object} Question
 * @property {string} node
 * @property {readonly string[]} series keys, or beginnings of keys; all where there is none
 * @property {string} from as `rangeWords` has it
 * @property {string | null} to null for now
 * @property {number | null} stepMs
 */

/**
 * The address that answers it, also as a file of the `format`.
 * @param {Question} question
 * @param {'csv'} [format]
 */
export function historyAddress({ node, series, from, to, stepMs }, format) {
  const words = new URLSearchParams({ node });
  if (series.length > 0) words.set('series', series.join(','));
  words.set('from', from);
  if (to !== null) words.set('to', to);
  if (stepMs !== null) words.set('step', String(stepMs));
  if (format) words.set('format', format);
  return `/api/v1/history?${words}`;
}

/**
 * @param {Response} response
 * @returns {Promise<HistoryError>}
 */
async function errorOf(response) {
  /** @type {{ error?: { code?: string, message?: string } } | null} */
  const told = await response.json().catch(() => null);
  const { code = '', message = `the head answers ${response.status}` } = told?.error ?? {};
  return new HistoryError(code, message);
}

/**
 * Throws a `HistoryError` with the head's own words.
 * @param {string} address
 * @param {AbortSignal} signal
 * @returns {Promise<HistoryAnswer>}
 */
export async function askHistory(address, signal) {
  const response = await fetch(address, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]),
  });
  if (!response.ok) throw await errorOf(response);
  return response.json();
}

/**
 * @param {(number | null)[]} old
 * @param {(number | null)[] | undefined} newer
 * @param {{ first: number, keep: number, added: number }} cut
 */
const joined = (old, newer, { first, keep, added }) => [
  ...old.slice(first, keep),
  ...(newer ?? Array.from({ length: added }, () => null)),
];

/**
 * An answer that goes on where the newer one begins, without what lies before `fromMs`; null where both are not of the
 * same points, and all must be asked for again.
 * @param {HistoryAnswer} old
 * @param {HistoryAnswer} newer
 * @param {number} fromMs
 * @returns {HistoryAnswer | null}
 */
export function continueAnswer(old, newer, fromMs) {
  if (newer.stepMs !== old.stepMs || newer.tierMs !== old.tierMs || newer.fromMs > old.toMs) return null;
  const begins = newer.timesMs[0] ?? newer.toMs;
  const firstIn = old.timesMs.findIndex((time) => time + old.stepMs > fromMs);
  const firstNew = old.timesMs.findIndex((time) => time >= begins);
  const keep = firstNew < 0 ? old.timesMs.length : firstNew;
  const first = firstIn < 0 ? keep : Math.min(firstIn, keep);
  const cut = { first, keep, added: newer.timesMs.length };
  const known = new Map(newer.series.map((series) => [series.key, series]));
  const none = Array.from({ length: old.timesMs.length }, () => null);
  /** @param {HistorySeries} now */
  const asNew = (now) => ({ ...now, mean: none, min: none, max: none });
  const fresh = newer.series.filter(({ key }) => !old.series.some((each) => each.key === key)).map(asNew);
  return {
    ...newer,
    fromMs,
    timesMs: [...old.timesMs.slice(first, keep), ...newer.timesMs],
    series: [...old.series, ...fresh].map((series) => {
      const now = known.get(series.key);
      return {
        ...series,
        mean: joined(series.mean, now?.mean, cut),
        min: joined(series.min, now?.min, cut),
        max: joined(series.max, now?.max, cut),
      };
    }),
    events: [...old.events.filter(({ atMs }) => atMs >= fromMs && atMs < newer.fromMs), ...newer.events],
  };
}

/**
 * When the first value of all is from; null where there is none.
 * @param {HistoryAnswer} answer
 */
export function firstValueMs({ timesMs, series }) {
  let first = timesMs.length;
  for (const { mean } of series) {
    const at = mean.findIndex((value) => value !== null);
    if (at >= 0 && at < first) first = at;
  }
  return timesMs[first] ?? null;
}
