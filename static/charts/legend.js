// Names and values of the lines of a chart.

/** @import { Colours } from './colours.js' */
/** @import { Line } from './model.js' */
import { make } from '../page/make.js';
import { formatAge, formatValue } from '../shared/figures.js';
import { dashOf } from './colours.js';

/** @typedef {ReturnType<typeof makeEntry>} Entry */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 */
function makeShape(tag, attributes) {
  const shape = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  return shape;
}

/**
 * A short piece of the line, as it is drawn.
 * @param {string} colour
 * @param {number[]} dash
 */
function makeSwatch(colour, dash) {
  const swatch = makeShape('svg', { width: '22', height: '8', 'aria-hidden': 'true' });
  const style = { stroke: colour, 'stroke-width': '2.5', 'stroke-dasharray': dash.join(' ') };
  swatch.append(makeShape('line', { x1: '0', x2: '22', y1: '4', y2: '4', ...style }));
  return swatch;
}

/**
 * A line's name and value; pressing it calls `onPress`, which says whether the line is hidden now.
 * @param {Line & { isHidden: boolean }} line
 * @param {Colours} colours
 * @param {() => boolean} onPress
 */
export function makeEntry(line, colours, onPress) {
  const value = make('b');
  const old = make('small');
  const swatch = makeSwatch(colours.lineAt(line.place), dashOf(line.place));
  const button = make(
    'button',
    { type: 'button', 'aria-pressed': String(!line.isHidden), title: `Show or hide ${line.label}` },
    swatch,
    make('span', {}, line.label),
    value,
    old,
  );
  button.addEventListener('click', () => button.setAttribute('aria-pressed', String(!onPress())));
  return { item: make('li', {}, button), value, old };
}

/**
 * The newest point at which a line has a value; -1 where it has none.
 * @param {Line['values']} values
 */
export function lastAt(values) {
  let at = values.length - 1;
  while (at >= 0 && values[at] === null) at -= 1;
  return at;
}

/**
 * @param {string} text
 * @param {'row' | 'col'} scope
 */
const headCell = (text, scope) => make('th', { scope }, text);

/**
 * The last value of each line, for whoever sees no lines.
 * @param {HTMLTableElement} table
 * @param {readonly Line[]} lines
 * @param {number[]} times
 * @param {number} nowMs
 */
export function fillTable(table, lines, times, nowMs) {
  const head = make('tr', {}, ...['Line', 'Last value', 'Age'].map((word) => headCell(word, 'col')));
  const rows = lines.map(({ label, unit, values }) => {
    const at = lastAt(values);
    const value = make('td', {}, formatValue(unit, values[at] ?? null));
    return make('tr', {}, headCell(label, 'row'), value, make('td', {}, ageAt(times, at, nowMs)));
  });
  table.replaceChildren(head, ...rows);
}

/**
 * What lies between its least and most; nothing where a point is one figure.
 * @param {Line} line
 * @param {number} at
 */
export function spreadAt({ unit, low, high }, at) {
  const least = low?.[at] ?? null;
  const most = high?.[at] ?? null;
  if (least === null || most === null || least === most) return '';
  return `${formatValue(unit, least)} to ${formatValue(unit, most)}`;
}

/**
 * The least, the mean of all and the most of each line, for whoever sees no lines.
 * @param {HTMLTableElement} table
 * @param {readonly Line[]} lines
 */
export function fillPastTable(table, lines) {
  const head = make('tr', {}, ...['Line', 'Least', 'Mean', 'Most'].map((word) => headCell(word, 'col')));
  const rows = lines.map(({ label, unit, values, low, high }) => {
    /** @param {(number | null)[]} all */
    const known = (all) => all.filter((value) => value !== null);
    const means = known(values);
    const least = known(low ?? values).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const most = known(high ?? values).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
    const cells = means.length > 0 ? [least, mean, most] : [null, null, null];
    const texts = cells.map((value) => make('td', {}, formatValue(unit, value)));
    return make('tr', {}, headCell(label, 'row'), ...texts);
  });
  table.replaceChildren(head, ...rows);
}

/**
 * How old the point is; nothing where there is no such point.
 * @param {number[]} times
 * @param {number} at
 * @param {number} nowMs
 */
export function ageAt(times, at, nowMs) {
  const time = times[at];
  return time === undefined ? '' : formatAge(nowMs - time);
}
