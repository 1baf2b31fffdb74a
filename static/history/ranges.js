// Which range the charts of this page show, and which they showed before. It stands in the address.

/** @import { Range } from './range.js' */
import { pastMs } from '../page/past.js';
import { CHOICES, isSameRange, moved, rangeBetween, rangeWords, readRange, zoomed } from './range.js';

/** @typedef {ReturnType<typeof createRanges>} Ranges */

const HOUR_MS = 3_600_000;
const MOST_EARLIER = 50;

/** @type {Range} */
const LIVE = { lengthMs: CHOICES[0]?.lengthMs ?? HOUR_MS, endMs: null };
/**
 * What a page shows as long as nobody chooses: null for the last minutes, live.
 * @type {Range | null}
 */
const HOME = pastMs === null ? null : { lengthMs: HOUR_MS, endMs: pastMs };

/** @param {Range | null} range */
function writeAddress(range) {
  const address = new URL(location.href);
  const { from, to } =
    range === null || isSameRange(range, HOME) ? { from: null, to: null } : rangeWords(range);
  for (const [name, value] of Object.entries({ from, to }))
    if (value === null) address.searchParams.delete(name);
    else address.searchParams.set(name, value);
  history.replaceState(history.state, '', address);
}

/**
 * `onChange` hears of another range; null is the last minutes, live.
 * @param {(range: Range | null) => void} onChange
 */
export function createRanges(onChange) {
  let clockOffsetMs = 0;
  let isTaken = false;
  /** @type {(Range | null)[]} */
  const earlier = [];
  const nowMs = () => Date.now() + clockOffsetMs;
  const asked = readRange(new URLSearchParams(location.search), nowMs());
  let range = asked.range ?? HOME;

  /** @param {Range | null} next */
  function change(next) {
    range = next;
    writeAddress(next);
    onChange(next);
  }

  /** @param {Range | null} next */
  function show(next) {
    const meant = isSameRange(next, LIVE) ? null : next;
    if (isSameRange(meant, range)) return;
    earlier.push(range);
    if (earlier.length > MOST_EARLIER) earlier.shift();
    change(meant);
  }

  return {
    /** What is wrong with the range that the address asked for. */
    problem: asked.problem,
    range: () => range,
    hasEarlier: () => earlier.length > 0 || !isSameRange(range, HOME),
    nowMs,
    /**
     * The head's clock counts, whatever this browser's says.
     * @param {number} headMs
     */
    hearClock(headMs) {
      clockOffsetMs = headMs - Date.now();
    },
    /**
     * One of the choices: up to now, or up to the moment that the page is about.
     * @param {number} lengthMs
     */
    choose: (lengthMs) => show({ lengthMs, endMs: pastMs }),
    /**
     * What was selected in a chart; the others of the page, which select the same, say it again.
     * @param {number} fromMs
     * @param {number} toMs
     */
    select(fromMs, toMs) {
      if (isTaken) return;
      isTaken = true;
      queueMicrotask(() => {
        isTaken = false;
      });
      show(rangeBetween(fromMs, toMs, nowMs()));
    },
    /** @param {number} by parts of its length */
    move: (by) => show(moved(range ?? LIVE, by, nowMs())),
    /** @param {number} times */
    zoom: (times) => show(zoomed(range ?? LIVE, times, nowMs())),
    back() {
      if (earlier.length > 0) change(earlier.pop() ?? null);
      else if (!isSameRange(range, HOME)) change(HOME);
    },
    /** There is no history here: what the page shows is the last minutes. */
    giveUp() {
      earlier.length = 0;
      if (range !== null) change(null);
    },
  };
}
