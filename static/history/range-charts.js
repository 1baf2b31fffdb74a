// The charts of one element over a range of former times, in place of those of the last minutes.

/** @import { HistoryAnswer } from '../../src/report/history-answer.ts' */
/** @import { NodeCharts } from '../charts/node-charts.js' */
/** @import { Look, Panel } from '../charts/panel.js' */
/** @import { Range } from './range.js' */
/** @import { RangeLines } from './range-lines.js' */
import { loadLibrary } from '../charts/library.js';
import { reasonsOf } from '../charts/model.js';
import { createPanel, endChart, restylePanel, setFigures } from '../charts/panel.js';
import { SUBJECTS } from '../charts/subjects.js';
import { make } from '../page/make.js';
import { askHistory, continueAnswer, HistoryError, historyAddress } from './answer.js';
import { fillEventList } from './event-list.js';
import { eventKey, showEvents } from './events.js';
import { makeFoot, toldOf } from './export.js';
import { momentText } from './moments.js';
import { boundsOf, rangeWords, spanText, stepFor } from './range.js';
import { eventsOf, linesOf, subjectsOf } from './range-lines.js';

/**
 * @typedef {object} RangeCharts
 * @property {NodeCharts} live
 * @property {Range} range
 * @property {ReturnType<typeof makeParts>} parts
 * @property {HistoryAnswer | null} answer
 * @property {Range | null} answered the range that the answer is of; another one while that is asked for
 * @property {RangeLines} lines
 * @property {Map<string, Panel>} panels by their titles
 * @property {AbortController} asking
 * @property {boolean} isAsking
 * @property {boolean} isRefused no answer will come of this question
 * @property {number} askedAtMs by this browser's steady clock
 * @property {string} listed which events are in the list
 * @property {(answer: HistoryAnswer) => void} onAnswer
 * @property {(why: string) => void} onOff there is no history
 * @property {Look} look
 */

const REST_MS = 10_000;
/** What stands left of a chart's lines. */
const AXIS_PX = 74;
const NO_VALUE = 'no value in this range';

/** @param {string} node */
function makeParts(node) {
  const words = `Charts of ${node}: arrow keys go back and forth in time, plus and minus zoom`;
  return {
    note: make('p', { class: 'charts-note', role: 'status' }),
    told: make('p', { class: 'charts-told' }),
    events: make('details', { class: 'charts-events', hidden: '' }),
    grid: make('div', { class: 'charts-grid', role: 'group', tabindex: '0', 'aria-label': words }),
  };
}

/** @param {RangeCharts} charts */
const boundsNow = ({ range, answer, answered }) => boundsOf(answered ?? range, answer?.toMs ?? Date.now());

/** @param {Range} range */
function wordsOf(range) {
  if (range.endMs === null) return `last ${spanText(range.lengthMs)}`;
  return boundsOf(range, 0).map(momentText).join(' to ');
}

/**
 * Takes the place of the live charts at once.
 * @param {NodeCharts} live
 * @param {Range} range
 * @param {Pick<RangeCharts, 'onAnswer' | 'onOff'>} hears
 * @returns {RangeCharts}
 */
export function createRangeCharts(live, range, hears) {
  const parts = makeParts(live.nodeName);
  /** @type {RangeCharts} */
  const charts = {
    live,
    range,
    parts,
    answer: null,
    answered: null,
    lines: [],
    panels: new Map(),
    asking: new AbortController(),
    isAsking: false,
    isRefused: false,
    askedAtMs: Number.NEGATIVE_INFINITY,
    listed: '',
    ...hears,
    look: {
      ...live.look,
      isPast: true,
      range: () => boundsNow(charts),
      words: () => wordsOf(charts.answered ?? charts.range),
      momentText,
    },
  };
  for (const part of [live.parts.grid, live.parts.note]) part.hidden = true;
  live.parts.zoneLine.before(parts.note, parts.told, parts.events, parts.grid);
  askAll(charts);
  return charts;
}

/**
 * Shows another range; what was shown stays until its answer is there.
 * @param {RangeCharts} charts
 * @param {Range} range
 */
export function showRange(charts, range) {
  charts.range = range;
  askAll(charts);
}

/**
 * One point for each pixel of the device at most.
 * @param {RangeCharts} charts
 */
function stepOf({ parts: { grid }, range }) {
  const column = Number.parseFloat(getComputedStyle(grid).gridTemplateColumns) || grid.clientWidth;
  return stepFor(range.lengthMs, Math.max(200, column - AXIS_PX) * devicePixelRatio);
}

/** @param {RangeCharts} charts */
const questionOf = ({ live, range }) => ({
  node: live.nodeName,
  // Keys, where the page has beginnings of keys.
  series: live.only.map((beginning) => beginning.replace(/\.$/, '')),
  ...rangeWords(range),
});

/**
 * @param {RangeCharts} charts
 * @param {string} address
 * @param {(answer: HistoryAnswer) => void} take
 */
async function ask(charts, address, take) {
  charts.asking.abort();
  const asking = new AbortController();
  Object.assign(charts, { asking, isAsking: true, isRefused: false, askedAtMs: performance.now() });
  charts.parts.grid.setAttribute('aria-busy', 'true');
  try {
    const [answer] = await Promise.all([askHistory(address, asking.signal), loadLibrary()]);
    if (charts.asking !== asking) return;
    charts.parts.note.textContent = '';
    take(answer);
  } catch (error) {
    if (charts.asking === asking) tellError(charts, error);
  }
  if (charts.asking !== asking) return;
  charts.isAsking = false;
  charts.parts.grid.removeAttribute('aria-busy');
}

/**
 * @param {RangeCharts} charts
 * @param {unknown} error
 */
function tellError(charts, error) {
  const reason = error instanceof Error ? error.message : String(error);
  charts.isRefused = error instanceof HistoryError && error.code !== '';
  if (error instanceof HistoryError && error.code === 'history-off') charts.onOff(reason);
  else charts.parts.note.textContent = `This range could not be loaded: ${reason.replace(/\.$/, '')}.`;
}

/** @param {RangeCharts} charts */
function askAll(charts) {
  const { range } = charts;
  const address = historyAddress({ ...questionOf(charts), stepMs: stepOf(charts) });
  ask(charts, address, (answer) => {
    Object.assign(charts, { answer, answered: range });
    draw(charts);
  });
}

/**
 * The newest part, from the last point on, which was not full.
 * @param {RangeCharts} charts
 * @param {HistoryAnswer} known
 */
function askNewest(charts, known) {
  const from = String(known.timesMs.at(-1) ?? known.fromMs);
  const address = historyAddress({ ...questionOf(charts), from, to: null, stepMs: known.stepMs });
  ask(charts, address, (answer) => {
    const whole = continueAnswer(known, answer, answer.toMs - charts.range.lengthMs);
    if (whole === null) askAll(charts);
    else {
      charts.answer = whole;
      draw(charts);
    }
  });
}

/**
 * To be called every second: a range that ends now goes on, and what failed is tried again.
 * @param {RangeCharts} charts
 */
export function tickRange(charts) {
  const { answer, answered, isAsking, isRefused, askedAtMs, range } = charts;
  if (document.hidden || isAsking || isRefused) return;
  const restedMs = performance.now() - askedAtMs;
  if (restedMs < REST_MS) return;
  if (answer === null || answered !== range) askAll(charts);
  else if (range.endMs === null && restedMs >= answer.stepMs) askNewest(charts, answer);
}

/**
 * @param {RangeCharts} charts
 * @param {HistoryAnswer} answer
 * @param {Panel} panel
 */
function drawPanelOf(charts, answer, panel) {
  const { subject } = panel;
  const all = charts.lines.filter(({ key }) => subject.has(key));
  const present = all.filter(({ values }) => values.some((value) => value !== null));
  const absent = all.filter((line) => !present.includes(line));
  const events = eventsOf(answer, { group: subject.group, lines: all });
  panel.onDrawn = () => {
    if (panel.chart) showEvents(panel.chart.over, events, boundsNow(charts));
  };
  setFigures(panel, answer.timesMs, present, reasonsOf(absent, present.length === 0, NO_VALUE));
  const question = { ...questionOf(charts), series: all.map(({ key }) => key), stepMs: answer.stepMs };
  panel.parts.root.querySelector('.chart-foot')?.remove();
  panel.parts.root.append(makeFoot(subject, all, question));
}

/**
 * @param {RangeCharts} charts
 * @param {HistoryAnswer} answer
 */
function arrangePanels({ panels, parts, lines, look }, answer) {
  const wanted = subjectsOf(SUBJECTS, lines);
  for (const [title, panel] of panels)
    if (!wanted.includes(panel.subject)) {
      endChart(panel);
      panels.delete(title);
    }
  for (const subject of wanted)
    if (!panels.has(subject.title)) panels.set(subject.title, createPanel(subject, look));
  const roots = wanted.flatMap(({ title }) => panels.get(title)?.parts.root ?? []);
  if (
    roots.length !== parts.grid.children.length ||
    roots.some((root, at) => parts.grid.children[at] !== root)
  )
    parts.grid.replaceChildren(...roots);
  if (wanted.length === 0) parts.note.textContent = `Nothing was kept of ${answer.node} in this range.`;
}

/** @param {RangeCharts} charts */
function draw(charts) {
  const { answer, parts } = charts;
  if (answer === null) return;
  charts.onAnswer(answer);
  charts.lines = linesOf(answer);
  parts.told.textContent = toldOf(answer);
  const listed = answer.events.map(eventKey).join('\n');
  if (listed !== charts.listed) fillEventList(parts.events, answer.events, parts.grid);
  charts.listed = listed;
  arrangePanels(charts, answer);
  for (const panel of charts.panels.values()) drawPanelOf(charts, answer, panel);
}

/**
 * The tab is shown again.
 * @param {RangeCharts} charts
 */
export function catchUpRange(charts) {
  draw(charts);
  tickRange(charts);
}

/** @param {RangeCharts} charts */
export function restyleRange({ panels }) {
  for (const panel of panels.values()) restylePanel(panel);
}

/**
 * Gives its place back to the live charts.
 * @param {RangeCharts} charts
 */
export function endRange({ live, parts, panels, asking }) {
  asking.abort();
  for (const panel of panels.values()) endChart(panel);
  for (const part of Object.values(parts)) part.remove();
  for (const part of [live.parts.grid, live.parts.note]) part.hidden = false;
}
