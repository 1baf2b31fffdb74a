// Paints the map. Writes pixels itself: thousands of calls to draw would take many times as long.

/** @import { Colours } from './colours.js' */
/** @import { Places } from './places.js' */
import { DIMMED, readCell } from './cells.js';
import { contextOf, readColours } from './colours.js';
import { drawCell } from './draw-cell.js';
import { noPlaces } from './places.js';

/** @typedef {ReturnType<typeof createPainter>} Painter */

const DIMMED_ALPHA = 0.22;

/**
 * The pixels of all cells that there can be, one after the other, and the same dimmed: a change on the map is then a
 * copy of one.
 * @param {number} size
 * @param {Colours} colours
 * @param {boolean} isUseMetric
 */
function drawPixels(size, colours, isUseMetric) {
  const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
  const context = contextOf(canvas, true);
  const bytes = new Uint8ClampedArray(DIMMED * size * size * 4);
  for (let cell = 0; cell < DIMMED; cell += 1) {
    context.clearRect(0, 0, size, size);
    drawCell(context, size, readCell(cell), colours, isUseMetric);
    bytes.set(context.getImageData(0, 0, size, size).data, cell * size * size * 4);
  }
  const dimmed = bytes.slice();
  for (let at = 3; at < dimmed.length; at += 4) dimmed[at] = (dimmed[at] ?? 0) * DIMMED_ALPHA;
  return { bright: new Uint32Array(bytes.buffer), dimmed: new Uint32Array(dimmed.buffer) };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Element} root whose style has the colours
 */
export function createPainter(canvas, root) {
  const context = contextOf(canvas);
  let places = noPlaces;
  let scale = 1;
  let size = 1;
  let cells = { bright: new Uint32Array(), dimmed: new Uint32Array() };
  let image = context.createImageData(1, 1);
  let pixels = new Uint32Array(image.data.buffer);
  let firstRow = Number.POSITIVE_INFINITY;
  let lastRow = 0;

  return {
    /**
     * Forgets what was painted: all cells are to be painted again.
     * @param {Places} nextPlaces
     * @param {number} width
     * @param {boolean} isUseMetric
     */
    restart(nextPlaces, width, isUseMetric) {
      places = nextPlaces;
      scale = window.devicePixelRatio || 1;
      size = Math.max(1, Math.round(places.cell * scale));
      canvas.width = Math.round(width * scale);
      canvas.height = Math.ceil((places.height + 1) * scale);
      canvas.style.height = `${places.height + 1}px`;
      cells = drawPixels(size, readColours(root), isUseMetric);
      image = context.createImageData(canvas.width, canvas.height);
      pixels = new Uint32Array(image.data.buffer);
    },
    /**
     * @param {number} at which cell
     * @param {number} cell what it shows
     */
    paint(at, cell) {
      const left = Math.round((places.xs[at] ?? 0) * scale);
      const top = Math.round((places.ys[at] ?? 0) * scale);
      const wide = Math.min(size, image.width - left);
      const from = cell < DIMMED ? cells.bright : cells.dimmed;
      let source = (cell % DIMMED) * size * size;
      for (let row = top; row < top + size; row += 1) {
        const target = row * image.width + left;
        for (let x = 0; x < wide; x += 1) pixels[target + x] = from[source + x] ?? 0;
        source += size;
      }
      firstRow = Math.min(firstRow, top);
      lastRow = Math.max(lastRow, top + size);
    },
    /** Shows what was painted. */
    flush() {
      if (lastRow > firstRow) context.putImageData(image, 0, 0, 0, firstRow, image.width, lastRow - firstRow);
      firstRow = Number.POSITIVE_INFINITY;
      lastRow = 0;
    },
  };
}

/**
 * One cell on a canvas of its own, for the legend.
 * @param {HTMLCanvasElement} canvas
 * @param {Element} root
 * @param {Parameters<typeof drawCell>[2]} cell
 */
export function drawSample(canvas, root, cell) {
  const size = Math.round(14 * (window.devicePixelRatio || 1));
  Object.assign(canvas, { width: size, height: size });
  drawCell(contextOf(canvas), size, cell, readColours(root), true);
}
