// The charts in one element: the figures of a node, filled from `data-charts` and kept up by `rollcall:recent` events.

/** @import { RecentFigures } from '../../src/report/series.ts' */
/** @import { Look, Panel } from './panel.js' */
/** @import { Model } from './model.js' */
/** @import { Subject } from './subjects.js' */
import { make } from '../page/make.js';
import { RECENT_MS } from '../shared/time-span.js';
import { loadLibrary } from './library.js';
import { createModel, reasonsOf } from './model.js';
import { clockText, createPanel, endChart, restylePanel, setFigures, tickPanel, zone } from './panel.js';
import { SUBJECTS } from './subjects.js';

/**
 * @typedef {object} NodeCharts
 * @property {HTMLElement} element
 * @property {string} address
 * @property {string[]} only beginnings of the keys of the series to show; all where there is none
 * @property {string} nodeName as its address has it
 * @property {string} topic
 * @property {{ note: HTMLElement, grid: HTMLElement, zoneLine: HTMLElement }} parts
 * @property {Model} model
 * @property {string | null} node null until the first answer
 * @property {Panel[]} panels
 * @property {boolean} isLoading
 * @property {RecentFigures[]} waiting what came while an answer was waited for
 * @property {number} clockOffsetMs the head's clock less this browser's
 * @property {number} drawnAtMs
 * @property {number} retryTimer
 * @property {Look} look
 */

/** Nothing heard for longer: what is missing is asked for. */
const SILENCE_MS = 20_000;
const RETRY_MS = 5_000;
const ANSWER_LIMIT_MS = 15_000;
/** While an answer is waited for, so many newer points are kept. */
const MOST_WAITING = 60;
/** Without news the axis still moves, but seldom; for who wants no motion, more seldom. */
const CALM_STEP_MS = matchMedia('(prefers-reduced-motion: reduce)').matches ? 30_000 : 5_000;
const NO_VALUE = 'no value in the last 15 minutes';

/**
 * Begins at once: asks for everything there is.
 * @param {HTMLElement} element with `data-charts`
 * @param {Pick<Look, 'onSelect' | 'onBack'>} hears
 * @returns {NodeCharts}
 */
export function createNodeCharts(element, hears) {
  const { charts: address = '', chartsOnly = '' } = element.dataset;
  const nodeName = decodeURIComponent(/\/nodes\/([^/?]+)/.exec(address)?.[1] ?? '');
  const words = `Charts of ${nodeName}: arrow keys go back and forth in time, plus and minus zoom`;
  const parts = {
    note: make('p', { class: 'charts-note', role: 'status' }),
    grid: make('div', { class: 'charts-grid', role: 'group', tabindex: '0', 'aria-label': words }),
    zoneLine: make('p', { class: 'charts-zone' }),
  };
  element.replaceChildren(parts.note, parts.grid, parts.zoneLine);
  /** @type {NodeCharts} */
  const charts = {
    element,
    address,
    only: chartsOnly.split(' ').filter(Boolean).map(decodeURIComponent),
    nodeName,
    topic: `recent ${nodeName}`,
    parts,
    model: createModel(),
    node: null,
    panels: [],
    isLoading: false,
    waiting: [],
    clockOffsetMs: 0,
    drawnAtMs: 0,
    retryTimer: 0,
    look: {
      isPast: false,
      range: () => [nowMs(charts) - RECENT_MS, nowMs(charts)],
      words: () => 'last 15 minutes',
      momentText: clockText,
      ...hears,
    },
  };
  load(charts);
  return charts;
}

/** @param {NodeCharts} charts */
const nowMs = ({ clockOffsetMs }) => Date.now() + clockOffsetMs;

/** @param {NodeCharts} charts */
const lastMs = ({ model }) => model.lastMs() ?? 0;

/**
 * @param {string} address
 * @param {number | null} since
 * @returns {Promise<RecentFigures>}
 */
async function fetchSince(address, since) {
  const response = await fetch(since === null ? address : `${address}?since=${since}`, {
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
  if (!response.ok) throw new Error(`the head answers ${response.status}`);
  return response.json();
}

/** @param {NodeCharts} charts */
async function ask(charts) {
  await loadLibrary();
  const answer = await fetchSince(charts.address, charts.model.lastMs());
  charts.node = answer.node;
  charts.clockOffsetMs = answer.toMs - Date.now();
  charts.parts.note.textContent = '';
  take(charts, answer);
  charts.parts.zoneLine.textContent = `Times: ${zone}`;
}

/**
 * Everything at first, later what was missed; points that come meanwhile wait.
 * @param {NodeCharts} charts
 */
async function load(charts) {
  if (charts.isLoading) return;
  charts.isLoading = true;
  try {
    await ask(charts);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    charts.parts.note.textContent = `The last 15 minutes could not be loaded: ${reason}.`;
    clearTimeout(charts.retryTimer);
    charts.retryTimer = setTimeout(() => document.hidden || load(charts), RETRY_MS);
  }
  charts.isLoading = false;
  for (const chunk of charts.waiting.splice(0)) if (chunk.node === charts.node) take(charts, chunk);
}

/**
 * @param {NodeCharts} charts
 * @param {RecentFigures} told
 */
function take(charts, told) {
  const { only, model } = charts;
  /** @param {string} key */
  const isMeant = (key) => only.length === 0 || only.some((beginning) => key.startsWith(beginning));
  model.append({ ...told, series: told.series.filter(({ key }) => isMeant(key)) });
  const newest = told.timesMs.at(-1) ?? 0;
  // A browser's clock that was set back must not put the newest figures outside of the chart.
  if (newest > nowMs(charts)) charts.clockOffsetMs = newest - Date.now();
  model.dropBefore(nowMs(charts) - RECENT_MS);
  draw(charts);
}

/**
 * The subjects to show: of a group without any series, one says why.
 * @param {NodeCharts} charts
 */
function visibleSubjects({ model, only }) {
  const present = SUBJECTS.filter((subject) => model.of(subject).length > 0);
  // Of what was not meant nobody asks why it is missing.
  if (only.length > 0) return present;
  const told = new Set(present.map(({ group }) => group));
  return SUBJECTS.filter((subject) => {
    if (present.includes(subject)) return true;
    const isFirst = !told.has(subject.group);
    told.add(subject.group);
    return isFirst;
  });
}

/**
 * @param {NodeCharts} charts
 * @param {Subject[]} wanted
 */
function arrangePanels(charts, wanted) {
  const { panels, parts } = charts;
  if (wanted.length === panels.length && wanted.every((subject, at) => panels[at]?.subject === subject))
    return;
  for (const panel of panels) if (!wanted.includes(panel.subject)) endChart(panel);
  charts.panels = wanted.map(
    (subject) => panels.find((known) => known.subject === subject) ?? createPanel(subject, charts.look),
  );
  parts.grid.replaceChildren(...charts.panels.map(({ parts: { root } }) => root));
}

/**
 * @param {Panel} panel
 * @param {Model} model
 */
function showFigures(panel, model) {
  const all = model.of(panel.subject);
  const present = all.filter(({ values }) => values.some((value) => value !== null));
  const absent = all.filter((line) => !present.includes(line));
  const words =
    all.length > 0 ? reasonsOf(absent, present.length === 0, NO_VALUE) : model.whyNone(panel.subject.group);
  setFigures(panel, model.times(), present, words ?? (present.length === 0 ? NO_VALUE : null));
}

/** @param {NodeCharts} charts */
function draw(charts) {
  if (document.hidden || charts.node === null) return;
  charts.drawnAtMs = Date.now();
  const wanted = visibleSubjects(charts);
  arrangePanels(charts, wanted);
  if (wanted.length === 0) charts.parts.note.textContent = 'The node keeps no figures of it over time.';
  for (const panel of charts.panels) showFigures(panel, charts.model);
}

/**
 * Takes newer points; where some are missing in between, asks for those.
 * @param {NodeCharts} charts
 * @param {RecentFigures} chunk
 */
export function hearPoints(charts, chunk) {
  const newest = chunk.timesMs.at(-1) ?? 0;
  if (charts.isLoading) charts.waiting = [...charts.waiting.slice(1 - MOST_WAITING), chunk];
  else if (charts.node !== chunk.node || newest <= lastMs(charts)) return;
  else if (newest - lastMs(charts) < SILENCE_MS) take(charts, chunk);
  else {
    charts.waiting.push(chunk);
    load(charts);
  }
}

/**
 * The tab is shown again.
 * @param {NodeCharts} charts
 */
export function catchUp(charts) {
  const isLate = nowMs(charts) - lastMs(charts) > SILENCE_MS;
  if (!charts.isLoading && (charts.node === null || isLate)) load(charts);
  else draw(charts);
}

/**
 * To be called every second.
 * @param {NodeCharts} charts
 */
export function tickCharts(charts) {
  if (document.hidden || charts.node === null) return;
  for (const panel of charts.panels) tickPanel(panel);
  if (Date.now() - charts.drawnAtMs < CALM_STEP_MS) return;
  charts.model.dropBefore(nowMs(charts) - RECENT_MS);
  draw(charts);
}

/** @param {NodeCharts} charts */
export function restyleCharts({ panels }) {
  for (const panel of panels) restylePanel(panel);
}

/** @param {NodeCharts} charts */
export function endCharts({ retryTimer, panels }) {
  clearTimeout(retryTimer);
  for (const panel of panels) endChart(panel);
}
