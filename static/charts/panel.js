// One chart with its legend and table. Knows nothing of where figures come from.

/** @import { Entry } from './legend.js' */
/** @import { Line } from './model.js' */
/** @import { Subject } from './subjects.js' */
import { make } from '../page/make.js';
import { zoneAt } from '../page/times.js';
import { formatValue } from '../shared/figures.js';
import { readColours } from './colours.js';
import { ageAt, fillPastTable, fillTable, lastAt, makeEntry, spreadAt } from './legend.js';
import { dataOf, HEIGHT_PX, plotOptions, seriesOf } from './plot-options.js';

/** @typedef {ReturnType<typeof makeParts>} Parts */
/**
 * What charts of the last minutes and those of former times do differently.
 * @typedef {object} Look
 * @property {boolean} isPast
 * @property {() => [fromMs: number, toMs: number]} range the first and last moment to show
 * @property {() => string} words which time that is
 * @property {(ms: number) => string} momentText
 * @property {(fromMs: number, toMs: number) => void} onSelect hears what was selected with the mouse
 * @property {() => void} onBack
 */
/**
 * @typedef {object} Panel
 * @property {Subject} subject
 * @property {Look} look
 * @property {Parts} parts
 * @property {uPlot | null} chart
 * @property {string} drawnKeys which lines it was made of
 * @property {Line[]} lines
 * @property {number[]} times
 * @property {number | null} cursorAt the point under the cursor
 * @property {Entry[]} entries
 * @property {boolean} isSeen
 * @property {Set<string>} hidden keys of lines that the reader hid
 * @property {() => void} onDrawn to be called whenever it was drawn
 */

const SMALLEST_WIDTH_PX = 200;
/** @type {Intl.DateTimeFormatOptions} */
const LEGEND_CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit' };

/** The zone of all times here, which are those of the reader's clock. */
export const zone = zoneAt(new Date());

/** @param {number} ms */
export const clockText = (ms) => `${new Date(ms).toLocaleTimeString([], LEGEND_CLOCK)} ${zone}`;

/** @param {Subject} subject */
function makeParts({ title }) {
  const age = make('small', { class: 'chart-age' });
  const plot = make('div', { class: 'chart-plot', role: 'img' });
  const reason = make('p', { class: 'chart-missing' });
  const legend = make('ul', { class: 'chart-legend' });
  const table = make('table');
  const details = make('details', { class: 'chart-table' }, make('summary', {}, 'Values'), table);
  const heading = make('h3', {}, title, ' ', age);
  const root = make('section', { class: 'chart' }, heading, plot, reason, legend, details);
  return { root, age, plot, reason, legend, table, details };
}

/**
 * @param {Subject} subject
 * @param {Look} look
 * @returns {Panel}
 */
export function createPanel(subject, look) {
  /** @type {Panel} */
  const panel = {
    subject,
    look,
    parts: makeParts(subject),
    chart: null,
    drawnKeys: '',
    lines: [],
    times: [],
    cursorAt: null,
    entries: [],
    isSeen: true,
    hidden: new Set(),
    onDrawn: () => undefined,
  };
  const { root, plot, details } = panel.parts;
  new IntersectionObserver((entries) => {
    panel.isSeen = entries.at(-1)?.isIntersecting ?? false;
    if (panel.isSeen) drawPanel(panel);
  }).observe(root);
  new ResizeObserver(() => fitChart(panel)).observe(plot);
  details.addEventListener('toggle', () => writeTable(panel));
  return panel;
}

/** @param {Panel} panel */
function fitChart({ chart, parts: { plot } }) {
  if (chart && plot.clientWidth > 0 && plot.clientWidth !== chart.width)
    chart.setSize({ width: plot.clientWidth, height: HEIGHT_PX });
}

/** @param {Panel} panel */
export function endChart(panel) {
  panel.chart?.destroy();
  Object.assign(panel, { chart: null, drawnKeys: '', entries: [], cursorAt: null });
}

/** @param {Panel} panel */
const keysOf = ({ lines }) =>
  lines.map(({ key, label, low }) => `${key} ${label}${low ? ' ~' : ''}`).join('\n');

/**
 * Lines came or went, or the colours changed: made anew.
 * @param {Panel} panel
 */
function buildChart(panel) {
  endChart(panel);
  const { subject, look, lines, hidden, parts } = panel;
  const colours = readColours(parts.root);
  const shown = lines.map((line) => ({ ...line, isHidden: hidden.has(line.key) }));
  const width = Math.max(SMALLEST_WIDTH_PX, parts.plot.clientWidth);
  /** @param {number | null} at */
  const onCursor = (at) => {
    panel.cursorAt = at;
    writeLegend(panel);
  };
  panel.drawnKeys = keysOf(panel);
  const options = plotOptions({ subject, colours, lines: shown, width, look, onCursor });
  panel.chart = new uPlot(options, dataOf(panel.times, lines), parts.plot);
  panel.entries = shown.map((line) => makeEntry(line, colours, () => toggleLine(panel, line.key)));
  parts.legend.replaceChildren(...panel.entries.map(({ item }) => item));
}

/**
 * True where the line is hidden now.
 * @param {Panel} panel
 * @param {string} key
 */
function toggleLine({ chart, hidden, lines }, key) {
  const isHidden = !hidden.delete(key);
  if (isHidden) hidden.add(key);
  const line = lines.find((each) => each.key === key);
  for (const at of line ? seriesOf(lines, line) : []) chart?.setSeries(at, { show: !isHidden });
  return isHidden;
}

/**
 * Which moment the legend is about: that under the cursor, or else the last, which is now or has an age.
 * @param {Panel} panel
 */
function legendMoment({ cursorAt, times, lines, look }) {
  const pointed = cursorAt === null ? undefined : times[cursorAt];
  if (pointed !== undefined) return `at ${look.momentText(pointed)}`;
  const last = Math.max(-1, ...lines.map(({ values }) => lastAt(values)));
  if (!look.isPast) return ageAt(times, last, look.range()[1]);
  const time = times[last];
  return time === undefined ? '' : `at ${look.momentText(time)}`;
}

/**
 * What stands under the cursor, or else what was heard last and how old that is.
 * @param {Panel} panel
 */
function writeLegend(panel) {
  const { isSeen, cursorAt, times, lines, entries, parts, look } = panel;
  // Out of sight, the entries may be those of other lines.
  if (!isSeen) return;
  const isPointed = cursorAt !== null && times[cursorAt] !== undefined;
  parts.age.textContent = legendMoment(panel);
  for (const [number, line] of lines.entries()) {
    const entry = entries[number];
    const at = isPointed ? cursorAt : lastAt(line.values);
    if (!entry) continue;
    entry.value.textContent = formatValue(line.unit, line.values[at] ?? null);
    const isCurrent = isPointed || at === times.length - 1;
    if (look.isPast) entry.old.textContent = spreadAt(line, at);
    else entry.old.textContent = isCurrent ? '' : ageAt(times, at, look.range()[1]);
  }
}

/** @param {Panel} panel */
function writeTable({ parts: { details, table }, lines, times, look }) {
  if (!details.open) return;
  if (look.isPast) fillPastTable(table, lines);
  else fillTable(table, lines, times, look.range()[1]);
}

/** @param {Panel} panel */
function drawPanel(panel) {
  const { isSeen, parts, lines, times, chart } = panel;
  if (!isSeen || document.hidden || !parts.root.isConnected || lines.length === 0) return;
  if (chart === null || keysOf(panel) !== panel.drawnKeys) buildChart(panel);
  else chart.setData(dataOf(times, lines));
  panel.onDrawn();
  writeLegend(panel);
  writeTable(panel);
}

/**
 * Shows other figures. `words`: why lines are missing; null where none is.
 * @param {Panel} panel
 * @param {number[]} times
 * @param {Line[]} lines
 * @param {string | null} words
 */
export function setFigures(panel, times, lines, words) {
  Object.assign(panel, { times, lines });
  const { reason, plot, legend, details, age } = panel.parts;
  const time = panel.look.words();
  const label = `${panel.subject.title}, ${time}, times in ${zone}; the values are in the table below`;
  plot.setAttribute('aria-label', label);
  reason.textContent = words ?? '';
  reason.hidden = words === null;
  for (const part of [plot, legend, details]) part.hidden = lines.length === 0;
  if (lines.length > 0) {
    drawPanel(panel);
    return;
  }
  endChart(panel);
  age.textContent = '';
}

/**
 * Ages go on without new figures.
 * @param {Panel} panel
 */
export function tickPanel(panel) {
  if (panel.isSeen && !document.hidden && panel.chart) writeLegend(panel);
}

/**
 * Draws everything in the colours of now.
 * @param {Panel} panel
 */
export function restylePanel(panel) {
  endChart(panel);
  drawPanel(panel);
}
