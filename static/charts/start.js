// Charts of a node's last 15 minutes: `<div class="charts" data-charts="/api/v1/nodes/NODE/recent">` is filled from
// that address (`data-charts-only`: beginnings of the keys of the series to show), and goes on with every
// `rollcall:recent` event on the document (detail: the same shape, newer points). A `rollcall:theme` event draws
// everything anew in the page's new colours. Loaded by page/when-needed.js.

/** @import { NodeCharts } from './node-charts.js' */
import { say } from '../page/say.js';
import {
  catchUp,
  createNodeCharts,
  endCharts,
  hearPoints,
  restyleCharts,
  tickCharts,
} from './node-charts.js';

const TICK_MS = 1_000;
const CHARTS = '.charts[data-charts]';

/** @type {Map<Element, NodeCharts>} */
const started = new Map();

/** @param {(charts: NodeCharts) => void} action */
function everywhere(action) {
  for (const charts of started.values()) action(charts);
}

/** @param {NodeCharts} charts */
function forget(charts) {
  endCharts(charts);
  started.delete(charts.element);
  if (![...started.values()].some(({ topic }) => topic === charts.topic)) say('rollcall:leave', charts.topic);
}

/** The page may be made anew around us. */
function lookAround() {
  for (const charts of started.values()) if (!charts.element.isConnected) forget(charts);
  for (const element of document.querySelectorAll(CHARTS)) {
    if (started.has(element) || !(element instanceof HTMLElement)) continue;
    const charts = createNodeCharts(element);
    started.set(element, charts);
    say('rollcall:want', charts.topic);
  }
}

const restyle = () => everywhere(restyleCharts);
const restyleSoon = () => requestAnimationFrame(restyle);

export function start() {
  document.addEventListener('rollcall:recent', ({ detail }) =>
    everywhere((charts) => hearPoints(charts, detail)),
  );
  document.addEventListener('rollcall:theme', restyleSoon);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', restyleSoon);
  // Paper is light, whatever the screen is.
  matchMedia('print').addEventListener('change', restyle);
  document.addEventListener('visibilitychange', () => document.hidden || everywhere(catchUp));
  setInterval(() => {
    lookAround();
    everywhere(tickCharts);
  }, TICK_MS);
  lookAround();
}
