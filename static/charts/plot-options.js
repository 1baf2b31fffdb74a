// How uPlot draws one chart.

/** @import { Colours } from './colours.js' */
/** @import { Line } from './model.js' */
/** @import { Subject } from './subjects.js' */
import { formatValue } from '../shared/figures.js';
import { dashOf } from './colours.js';

/**
 * @typedef {object} Plot
 * @property {Subject} subject
 * @property {Colours} colours
 * @property {(Line & { isHidden: boolean })[]} lines
 * @property {number} width
 * @property {() => [fromMs: number, toMs: number]} range
 * @property {(at: number | null) => void} onCursor hears the point under the cursor
 */

export const HEIGHT_PX = 150;
const POWERS_OF_TWO = Array.from({ length: 52 }, (_, power) => 2 ** power);

/** @param {number} ms */
const formatClock = (ms) =>
  new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });

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
function axesOf({ subject: { unit }, colours: { ink, font, grid } }) {
  const axis = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  return [
    { ...axis, size: 26, space: 64, values: (_, times) => times.map(formatClock) },
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
 * @param {Plot} plot
 * @returns {uPlot.Options}
 */
export function plotOptions(plot) {
  const { subject, colours, lines, width, range, onCursor } = plot;
  return {
    width,
    height: HEIGHT_PX,
    ms: 1,
    legend: { show: false },
    cursor: {
      drag: { x: false, y: false, setScale: false },
      points: { show: false },
      sync: { key: 'rollcall', scales: ['x', null], setSeries: false },
    },
    scales: { x: { time: true, range }, y: { range: rangeOf(subject) } },
    axes: axesOf(plot),
    series: [
      {},
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
    },
  };
}
