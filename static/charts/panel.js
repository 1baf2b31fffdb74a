// One chart with its legend and table. Knows nothing of where figures come from.

/** @import { Entry } from './legend.js' */
/** @import { Line } from './model.js' */
/** @import { Plot } from './plot-options.js' */
/** @import { Subject } from './subjects.js' */
import { make } from '../page/make.js';
import { zoneAt } from '../page/times.js';
import { formatValue } from '../shared/figures.js';
import { readColours } from './colours.js';
import { ageAt, fillTable, lastAt, makeEntry } from './legend.js';
import { HEIGHT_PX, plotOptions } from './plot-options.js';

/** @typedef {ReturnType<typeof makeParts>} Parts */
/**
 * @typedef {object} Panel
 * @property {Subject} subject
 * @property {Plot['range']} range the first and last moment to show
 * @property {Parts} parts
 * @property {uPlot | null} chart
 * @property {string} drawnKeys which lines it was made of
 * @property {Line[]} lines
 * @property {number[]} times
 * @property {number | null} cursorAt the point under the cursor
 * @property {Entry[]} entries
 * @property {boolean} isSeen
 * @property {Set<string>} hidden keys of lines that the reader hid
 */

const SMALLEST_WIDTH_PX = 200;
/** @type {Intl.DateTimeFormatOptions} */
const LEGEND_CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit' };

/** The zone of all times here, which are those of the reader's clock. */
export const zone = zoneAt(new Date());

/** @param {Subject} subject */
function makeParts({ title }) {
  const words = `${title}, last 15 minutes, times in ${zone}; the values are in the table below`;
  const age = make('small', { class: 'chart-age' });
  const plot = make('div', { class: 'chart-plot', role: 'img', 'aria-label': words });
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
 * @param {Plot['range']} range
 * @returns {Panel}
 */
export function createPanel(subject, range) {
  /** @type {Panel} */
  const panel = {
    subject,
    range,
    parts: makeParts(subject),
    chart: null,
    drawnKeys: '',
    lines: [],
    times: [],
    cursorAt: null,
    entries: [],
    isSeen: true,
    hidden: new Set(),
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

/**
 * @param {Panel} panel
 * @returns {uPlot.AlignedData}
 */
const dataOf = ({ times, lines }) => [times, ...lines.map(({ values }) => values)];

/** @param {Panel} panel */
const keysOf = ({ lines }) => lines.map(({ key, label }) => `${key} ${label}`).join('\n');

/**
 * Lines came or went, or the colours changed: made anew.
 * @param {Panel} panel
 */
function buildChart(panel) {
  endChart(panel);
  const { subject, range, lines, hidden, parts } = panel;
  const colours = readColours(parts.root);
  const shown = lines.map((line) => ({ ...line, isHidden: hidden.has(line.key) }));
  const width = Math.max(SMALLEST_WIDTH_PX, parts.plot.clientWidth);
  /** @param {number | null} at */
  const onCursor = (at) => {
    panel.cursorAt = at;
    writeLegend(panel);
  };
  panel.drawnKeys = keysOf(panel);
  const options = plotOptions({ subject, colours, lines: shown, width, range, onCursor });
  panel.chart = new uPlot(options, dataOf(panel), parts.plot);
  panel.entries = shown.map((line, at) => makeEntry(line, colours, () => toggleLine(panel, line.key, at)));
  parts.legend.replaceChildren(...panel.entries.map(({ item }) => item));
}

/**
 * True where the line is hidden now.
 * @param {Panel} panel
 * @param {string} key
 * @param {number} at
 */
function toggleLine({ chart, hidden }, key, at) {
  const isHidden = !hidden.delete(key);
  if (isHidden) hidden.add(key);
  chart?.setSeries(at + 1, { show: !isHidden });
  return isHidden;
}

/**
 * What stands under the cursor, or else what was heard last and how old that is.
 * @param {Panel} panel
 */
function writeLegend({ isSeen, cursorAt, times, lines, entries, parts, range }) {
  // Out of sight, the entries may be those of other lines.
  if (!isSeen) return;
  const [, nowMs] = range();
  const pointed = cursorAt === null ? undefined : times[cursorAt];
  const newest = times.length - 1;
  parts.age.textContent =
    pointed === undefined
      ? ageAt(times, Math.max(-1, ...lines.map(({ values }) => lastAt(values))), nowMs)
      : `at ${new Date(pointed).toLocaleTimeString([], LEGEND_CLOCK)} ${zone}`;
  for (const [number, { values, unit }] of lines.entries()) {
    const entry = entries[number];
    const at = pointed === undefined || cursorAt === null ? lastAt(values) : cursorAt;
    if (!entry) continue;
    entry.value.textContent = formatValue(unit, values[at] ?? null);
    entry.old.textContent = pointed !== undefined || at === newest ? '' : ageAt(times, at, nowMs);
  }
}

/** @param {Panel} panel */
function writeTable({ parts: { details, table }, lines, times, range }) {
  if (details.open) fillTable(table, lines, times, range()[1]);
}

/** @param {Panel} panel */
function drawPanel(panel) {
  const { isSeen, parts, lines, chart } = panel;
  if (!isSeen || document.hidden || !parts.root.isConnected || lines.length === 0) return;
  if (chart === null || keysOf(panel) !== panel.drawnKeys) buildChart(panel);
  else chart.setData(dataOf(panel));
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
