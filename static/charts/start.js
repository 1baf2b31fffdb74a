// Charts of a node: `<div class="charts" data-charts="/api/v1/nodes/NODE/recent">` is filled with the last 15 minutes
// from that address (`data-charts-only`: beginnings of the keys of the series to show), and goes on with every
// `rollcall:recent` event on the document (detail: the same shape, newer points). Another range is asked of
// /api/v1/history, by ../history, which is loaded once somebody chooses one. A `rollcall:theme` event draws everything
// anew in the page's new colours. Loaded by page/when-needed.js.

/** @import { Range } from '../history/range.js' */
/** @import { RangeCharts } from '../history/range-charts.js' */
/** @import { NodeCharts } from './node-charts.js' */
import { isSameRange } from '../history/range.js';
import { createRangeBar, pressKey } from '../history/range-bar.js';
import { createRanges } from '../history/ranges.js';
import { say } from '../page/say.js';
import {
  catchUp,
  createNodeCharts,
  endCharts,
  hearPoints,
  restyleCharts,
  tickCharts,
} from './node-charts.js';

/** @typedef {typeof import('../history/range-charts.js')} Past */

const TICK_MS = 1_000;
const CHARTS = '.charts[data-charts]';

/** @type {Map<Element, NodeCharts>} */
const started = new Map();
/**
 * Those that show former times.
 * @type {Map<NodeCharts, RangeCharts>}
 */
const away = new Map();
/** @type {Past | null} */
let past = null;

const ranges = createRanges((range) => {
  bar.show(range);
  showRanges();
});
const bar = createRangeBar(ranges);

/** @param {(charts: NodeCharts) => void} action */
function everywhere(action) {
  for (const charts of started.values()) action(charts);
}

/** @param {(charts: RangeCharts, past: Past) => void} action */
function everyRange(action) {
  if (past) for (const charts of away.values()) action(charts, past);
}

/** @param {string} why */
function giveUp(why) {
  ranges.giveUp();
  bar.giveUp(why);
}

/**
 * @param {Past} loaded
 * @param {Range | null} range
 * @param {NodeCharts} charts
 */
function showOne(loaded, range, charts) {
  const known = away.get(charts);
  if (known && range) {
    if (!isSameRange(known.range, range)) loaded.showRange(known, range);
  } else if (known) {
    loaded.endRange(known);
    away.delete(charts);
    catchUp(charts);
  } else if (range) {
    const hears = {
      onOff: giveUp,
      /** @param {{ toMs: number }} answer */
      onAnswer: ({ toMs }) => ranges.range()?.endMs === null && ranges.hearClock(toMs),
    };
    away.set(charts, loaded.createRangeCharts(charts, range, hears));
  }
}

/** All charts of the page show the range that was chosen. */
async function showRanges() {
  if (ranges.range() === null && past === null) return;
  try {
    past ??= await import('../history/range-charts.js');
  } catch (error) {
    bar.tell(`Former times could not be loaded: ${error instanceof Error ? error.message : error}.`);
    return;
  }
  const loaded = past;
  everywhere((charts) => showOne(loaded, ranges.range(), charts));
}

/** @param {NodeCharts} charts */
function forget(charts) {
  endCharts(charts);
  const range = away.get(charts);
  if (range) past?.endRange(range);
  away.delete(charts);
  started.delete(charts.element);
  if (![...started.values()].some(({ topic }) => topic === charts.topic)) say('rollcall:leave', charts.topic);
}

/** @param {HTMLElement} element */
function begin(element) {
  const charts = createNodeCharts(element, {
    onSelect(fromMs, toMs) {
      if (ranges.range() === null) ranges.hearClock(Date.now() + charts.clockOffsetMs);
      ranges.select(fromMs, toMs);
    },
    onBack: ranges.back,
  });
  element.addEventListener('keydown', (event) => pressKey(ranges, event));
  started.set(element, charts);
  say('rollcall:want', charts.topic);
}

/** The page may be made anew around us. */
function lookAround() {
  for (const charts of started.values()) if (!charts.element.isConnected) forget(charts);
  const left = started.size;
  for (const element of document.querySelectorAll(CHARTS))
    if (!started.has(element) && element instanceof HTMLElement) begin(element);
  if (started.size > 0) bar.place();
  if (left !== started.size && ranges.range() !== null) showRanges();
}

function restyle() {
  everywhere(restyleCharts);
  everyRange((charts, { restyleRange }) => restyleRange(charts));
}
const restyleSoon = () => requestAnimationFrame(restyle);

function tick() {
  lookAround();
  for (const charts of started.values()) if (!away.has(charts)) tickCharts(charts);
  everyRange((charts, { tickRange }) => tickRange(charts));
}

function showAgain() {
  if (document.hidden) return;
  everywhere(catchUp);
  everyRange((charts, { catchUpRange }) => catchUpRange(charts));
}

export function start() {
  document.addEventListener('rollcall:recent', ({ detail }) =>
    everywhere((charts) => hearPoints(charts, detail)),
  );
  document.addEventListener('rollcall:theme', restyleSoon);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', restyleSoon);
  // Paper is light, whatever the screen is.
  matchMedia('print').addEventListener('change', restyle);
  document.addEventListener('visibilitychange', showAgain);
  setInterval(tick, TICK_MS);
  lookAround();
}
