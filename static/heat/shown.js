// What the map shows: which cells there are, and what each of them should be.

/** @import { HeatFigures, HeatLayout } from '../../src/web/wire.ts' */
import { cellAt, DIMMED } from './cells.js';

/**
 * @typedef {object} Shown
 * @property {number} version of the layout; 0 before the first
 * @property {HeatLayout['nodes']} nodes
 * @property {number[]} counts of each node its number of cells
 * @property {number[]} owners of each cell the number of its node
 * @property {string[]} labels of each cell
 * @property {Uint16Array} cells what each should be
 * @property {Int32Array} painted what each was painted as; -1 for nothing yet
 */

/** @returns {Shown} */
export const nothingShown = () => ({
  version: 0,
  nodes: [],
  counts: [],
  owners: [],
  labels: [],
  cells: new Uint16Array(0),
  painted: new Int32Array(0),
});

/** @param {HeatLayout['nodes'][number]} node */
const labelsOf = ([, , gpus]) =>
  typeof gpus === 'number' ? Array.from({ length: gpus }, (_, at) => String(at)) : gpus;

/**
 * Takes in which cells there are; true where each has its place still, because only states of nodes are other ones.
 * @param {Shown} shown
 * @param {HeatLayout} layout
 */
export function takeLayout(shown, { version, nodes }) {
  const before = shown.counts.join();
  const labels = nodes.map(labelsOf);
  const counts = labels.map(({ length }) => length);
  const owners = labels.flatMap((own, node) => own.map(() => node));
  Object.assign(shown, { version, nodes, counts, owners, labels: labels.flat() });
  if (before === counts.join()) return true;
  shown.cells = new Uint16Array(owners.length);
  return false;
}

/**
 * Takes in what each shows; `isBeside` says of which nodes the cells are dimmed.
 * @param {Shown} shown
 * @param {HeatFigures} figures
 * @param {(name: string) => boolean} isBeside
 */
export function takeFigures({ nodes, owners, cells }, { levels, uses }, isBeside) {
  const dimmed = nodes.map(([name]) => (isBeside(name) ? DIMMED : 0));
  for (let at = 0; at < cells.length; at += 1)
    cells[at] = cellAt(levels, uses, at) + (dimmed[owners[at] ?? 0] ?? 0);
}

/**
 * Calls `paint` for every cell that is not painted as it should be.
 * @param {Shown} shown
 * @param {(at: number, cell: number) => void} paint
 */
export function paintChanged({ cells, painted }, paint) {
  for (let at = 0; at < cells.length; at += 1) {
    const cell = cells[at] ?? 0;
    if (painted[at] === cell) continue;
    paint(at, cell);
    painted[at] = cell;
  }
}
