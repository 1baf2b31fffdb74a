// What a cell looks like. Colour is never the only sign: free is hollow, held idle has a dot, out of service is a
// cross, without a figure is hatched.

/** @import { HeatUse } from '../shared/heat-scale.js' */
/** @import { Colours } from './colours.js' */
import { ABSENT } from './cells.js';

/** @typedef {[x1: number, y1: number, x2: number, y2: number][]} Strokes in shares of the cell */

/** @type {Strokes} */
const CROSS = [
  [0.1, 0.1, 0.9, 0.9],
  [0.9, 0.1, 0.1, 0.9],
];
/** @type {Strokes} */
const HATCH = [
  [0, 0.5, 0.5, 0],
  [0, 1, 1, 0],
  [0.5, 1, 1, 0.5],
];

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} size
 * @param {string} colour
 */
function drawRing(context, size, colour) {
  const line = Math.max(1, Math.round(size / 7));
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.strokeRect(line / 2, line / 2, size - line, size - line);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} size
 * @param {string} colour
 * @param {Strokes} strokes
 */
function drawStrokes(context, size, colour, strokes) {
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, size / 9);
  context.beginPath();
  for (const [x1, y1, x2, y2] of strokes) {
    context.moveTo(x1 * size, y1 * size);
    context.lineTo(x2 * size, y2 * size);
  }
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} size
 * @param {Colours} colours
 */
function drawDot(context, size, { idle, ink }) {
  context.beginPath();
  context.arc(size / 2, size / 2, Math.max(1, size / 4), 0, 2 * Math.PI);
  context.fillStyle = idle;
  context.fill();
  if (size < 8) return;
  context.strokeStyle = ink;
  context.lineWidth = Math.max(1, size / 14);
  context.stroke();
}

/**
 * `isUseMetric`: a free GPU's figure says no more than that it is free.
 * @param {CanvasRenderingContext2D} context
 * @param {number} size
 * @param {{ level: number, use: HeatUse }} cell
 * @param {Colours} colours
 * @param {boolean} isUseMetric
 */
export function drawCell(context, size, { level, use }, colours, isUseMetric) {
  if (use === 'x') {
    drawStrokes(context, size, colours.sick, CROSS);
    return;
  }
  const colour = colours.scale[level] ?? colours.ink;
  if (level === ABSENT) {
    drawStrokes(context, size, colours.ink, HATCH);
    if (use === 'f') drawRing(context, size, colours.free);
  } else if (use === 'f') drawRing(context, size, isUseMetric ? colours.free : colour);
  else {
    context.fillStyle = colour;
    // Of a GPU that nobody can tell whether it is used, half a cell.
    if (use === '?') context.fillRect(0, Math.floor(size / 2), size, Math.ceil(size / 2));
    else context.fillRect(0, 0, size, size);
  }
  if (use === 'i') drawDot(context, size, colours);
}
