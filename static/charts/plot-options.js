// How uPlot draws one chart.

/** @import { Colours } from './colours.js' */
/** @import { Line } from './model.js' */
/** @import { Subject } from './subjects.js' */
import { formatValue } from '../shared/figures.js';
import { dashOf } from './colours.js';

/** @import { Look } from './panel.js' */
/**
 * @typedef {object} Plot
 * @property {Subject} subject
 * @property {Colours} colours
 * @property {(Line & { isHidden: boolean })[]} lines
 * @property {number} width
 * @property {Look} look
 * @property {(at: number | null) => void} onCursor hears the point under the cursor
 */

export const HEIGHT_PX = 150;
const DAY_MS = 86_400_000;
/** Whoever clicks moves the mouse a little. */
const SELECTED_PX = 6;
const BAND_ALPHA = 0.22;
const POWERS_OF_TWO = Array.from({ length: 52 }, (_, power) => 2 ** power);

/** @param {number} ms */
const formatClock = (ms) =>
  new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });

/**
 * With the day below the first of each; days alone where nothing is between them.
 * @param {number[]} times
 * @param {number} stepMs
 */
function formatMoments(times, stepMs) {
  let shown = '';
  return times.map((ms) => {
    const day = new Date(ms).toLocaleDateString([], { day: 'numeric', month: 'short' });
    if (stepMs >= DAY_MS) return day;
    const text = day === shown ? formatClock(ms) : `${formatClock(ms)}\n${day}`;
    shown = day;
    return text;
  });
}

/**
 * A value between two gaps would not be seen as a line.
 * @param {uPlot} chart
 * @param {number} index
 */
function lonePoints(chart, index) {
  const values = chart.data[index] ?? [];
  const alone = [];
  for (let at = 0; at < values.length; at += 1) {
    const isAbsent = (values[at] ?? null) === null;
    if (!isAbsent && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null) alone.push(at);
  }
  return alone;
}

/**
 * @param {Plot} plot
 * @returns {uPlot.Axis[]}
 */
function axesOf({ subject: { unit }, colours: { ink, font, grid }, look: { isPast } }) {
  const axis = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  return [
    {
      ...axis,
      size: isPast ? 40 : 26,
      space: 64,
      values: (_, times, _axis, _space, stepMs) =>
        isPast ? formatMoments(times, stepMs) : times.map(formatClock),
    },
    {
      ...axis,
      size: 74,
      space: 30,
      ...(unit === 'bytes' || unit === 'bytesPerSecond' ? { incrs: POWERS_OF_TWO } : {}),
      values: (_, values) => values.map((value) => formatValue(unit, value)),
    },
  ];
}

/**
 * Of a subject without a known end, what is there fills the chart.
 * @param {Subject} subject
 * @returns {(chart: uPlot, low: number | null, high: number | null) => [number, number]}
 */
function rangeOf({ max }) {
  if (max !== null) return () => [0, max];
  return (_, low, high) => [Math.min(0, low ?? 0), high !== null && high > 0 ? high * 1.08 : 1];
}

/**
 * Lines with a least and a most beside their mean.
 * @template {Line} Each
 * @param {readonly Each[]} lines
 */
const spreadLines = (lines) => lines.filter(({ low, high }) => low !== null && high !== null);

/**
 * The numbers of a line's series in uPlot: bands lie below all lines.
 * @param {readonly Line[]} lines
 * @param {Line} line
 */
export function seriesOf(lines, line) {
  const spread = spreadLines(lines);
  const own = 2 * spread.length + lines.indexOf(line) + 1;
  const band = spread.indexOf(line);
  return band < 0 ? [own] : [own, 2 * band + 1, 2 * band + 2];
}

/**
 * In the order of `plotOptions`' series.
 * @param {number[]} times
 * @param {readonly Line[]} lines
 * @returns {uPlot.AlignedData}
 */
export const dataOf = (times, lines) => [
  times,
  ...spreadLines(lines).flatMap(({ low, high }) => [low ?? [], high ?? []]),
  ...lines.map(({ values }) => values),
];

/**
 * A selection is told, and goes: what is shown next is no part of this one.
 * @param {uPlot} chart
 * @param {Look['onSelect']} onSelect
 */
function tellSelection(chart, onSelect) {
  const { left, width } = chart.select;
  if (width <= 0) return;
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onSelect(chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x'));
}

/**
 * @param {Look} look
 * @returns {uPlot.Cursor}
 */
const cursorOf = ({ isPast, onBack }) => ({
  drag: { x: true, y: false, setScale: false, dist: SELECTED_PX },
  points: { show: false },
  // Charts of other times have other points.
  sync: { key: isPast ? 'rollcall-past' : 'rollcall', scales: ['x', null], setSeries: false },
  bind: {
    dblclick: () => () => {
      onBack();
      return null;
    },
  },
});

/**
 * @param {Plot} plot
 * @returns {uPlot.Options}
 */
export function plotOptions(plot) {
  const { subject, colours, lines, width, look, onCursor } = plot;
  const spread = spreadLines(lines);
  return {
    width,
    height: HEIGHT_PX,
    ms: 1,
    legend: { show: false },
    cursor: cursorOf(look),
    scales: { x: { time: true, range: look.range }, y: { range: rangeOf(subject) } },
    axes: axesOf(plot),
    bands: spread.map((line, at) => ({
      series: [2 * at + 2, 2 * at + 1],
      fill: colours.lineAt(line.place),
    })),
    series: [
      {},
      ...spread.flatMap((line) =>
        Array.from({ length: 2 }, () => ({
          width: 0,
          alpha: BAND_ALPHA,
          show: !line.isHidden,
          points: { show: false },
        })),
      ),
      ...lines.map((line) => ({
        label: line.label,
        stroke: colours.lineAt(line.place),
        dash: dashOf(line.place),
        width: 1.75,
        show: !line.isHidden,
        points: { show: false, size: 4, filter: lonePoints },
      })),
    ],
    hooks: {
      setCursor: [({ cursor: { left = -1, idx = null } }) => onCursor(left >= 0 ? idx : null)],
      setSelect: [(chart) => tellSelection(chart, look.onSelect)],
    },
  };
}
