// Pointing at a cell of the heat map, by pointer or keyboard: a line tells it, Enter or a click opens its node.

/** @import { HeatMap } from './map.js' */
/** @import { Places } from './places.js' */
/** @import { Shown } from './shown.js' */
import { HINT } from './box.js';
import { ABSENT, DIMMED, levelAt, useAt } from './cells.js';
import { goToNode } from './go-to.js';
import { metricOf, useWords } from './metrics.js';
import { beside, cellUnder } from './places.js';

/**
 * @param {HeatMap} map
 * @param {number} at
 */
function describeCell({ of, metric, shown, figures }, at) {
  const [name = '', state] = shown.nodes[shown.owners[at] ?? -1] ?? [];
  const level = levelAt(figures?.levels ?? '', at);
  const words = [
    name,
    ...(of === 'gpus' ? [`GPU ${shown.labels[at]}`] : []),
    level === ABSENT ? 'no figure' : metricOf(metric).text(level),
    useWords(of)[useAt(figures?.uses ?? '', at)],
    ...(state === 'live' || of === 'nodes' ? [] : [`node ${state}`]),
    ...((shown.cells[at] ?? 0) >= DIMMED ? ['not among those found'] : []),
  ];
  return words.join(' · ');
}

/**
 * `live`: who listens hears where they are, not every second how it changes.
 * @param {HeatMap} map
 * @param {'off' | 'polite'} live
 */
export function tellCell(map, live) {
  const { line } = map.box;
  line.setAttribute('aria-live', live);
  const text = map.pointed < 0 ? HINT : describeCell(map, map.pointed);
  if (line.textContent !== text) line.textContent = text;
}

/** @param {HeatMap} map */
export function showCursor({ box: { cursor }, places, pointed }) {
  cursor.hidden = pointed < 0 || places === null;
  if (cursor.hidden || places === null) return;
  Object.assign(cursor.style, {
    left: `${places.xs[pointed]}px`,
    top: `${places.ys[pointed]}px`,
    width: `${places.cell}px`,
    height: `${places.cell}px`,
  });
}

/**
 * @param {HeatMap} map
 * @param {number} at -1 for none
 * @param {'off' | 'polite'} live
 */
export function pointAt(map, at, live) {
  if (at === map.pointed) return;
  map.pointed = at;
  showCursor(map);
  if (map.figures !== null) tellCell(map, live);
}

/**
 * @param {Shown} shown
 * @param {number} at
 * @param {1 | -1} step
 */
function firstOfNode({ nodes, owners }, at, step) {
  const node = Math.max(0, Math.min(nodes.length - 1, (owners[at] ?? 0) + step));
  return owners.indexOf(node);
}

/**
 * From a cell to another.
 * @type {Record<string, (shown: Shown, places: Places, at: number) => number>}
 */
const moves = {
  ArrowRight: ({ cells }, _, at) => Math.min(cells.length - 1, at + 1),
  ArrowLeft: (_shown, _places, at) => Math.max(0, at - 1),
  ArrowDown: (_, places, at) => beside(places, at, 1),
  ArrowUp: (_, places, at) => beside(places, at, -1),
  PageDown: (shown, _, at) => firstOfNode(shown, at, 1),
  PageUp: (shown, _, at) => firstOfNode(shown, at, -1),
  Home: () => 0,
  End: ({ cells }) => cells.length - 1,
};

/**
 * @param {HeatMap} map
 * @param {number} at
 * @param {boolean} isElsewhere
 */
function openCell({ shown }, at, isElsewhere) {
  const [name] = shown.nodes[shown.owners[at] ?? -1] ?? [];
  if (name !== undefined) goToNode(name, isElsewhere);
}

/**
 * @param {HeatMap} map
 * @param {KeyboardEvent} event
 */
function onKey(map, event) {
  const { shown, places, pointed, box } = map;
  if (event.ctrlKey || event.metaKey || event.altKey || places === null || shown.cells.length === 0) return;
  const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined;
  if (event.key === 'Enter' && pointed >= 0) openCell(map, pointed, false);
  else if (move) {
    pointAt(map, pointed < 0 ? 0 : move(shown, places, pointed), 'polite');
    box.cursor.scrollIntoView({ block: 'nearest' });
  } else return;
  event.preventDefault();
}

/** @param {HeatMap} map */
export function followPointer(map) {
  const { canvas } = map.box;
  /** @param {MouseEvent} event */
  const under = ({ offsetX, offsetY }) =>
    map.places === null ? -1 : cellUnder(map.places, offsetX, offsetY);
  canvas.addEventListener('keydown', (event) => onKey(map, event));
  canvas.addEventListener('focus', () => {
    if (map.pointed < 0 && map.shown.cells.length > 0 && canvas.matches(':focus-visible'))
      pointAt(map, 0, 'polite');
  });
  canvas.addEventListener('pointermove', (event) => pointAt(map, under(event), 'off'));
  canvas.addEventListener('pointerleave', () => document.activeElement !== canvas && pointAt(map, -1, 'off'));
  canvas.addEventListener('blur', () => pointAt(map, -1, 'off'));
  canvas.addEventListener('click', (event) => openCell(map, under(event), event.ctrlKey || event.metaKey));
}
