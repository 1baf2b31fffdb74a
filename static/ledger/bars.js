// Hours of GPUs by day or week, as bars: active, idle, what else was held, and what nobody knows, upon each other.

/** @import { Period } from './answers.js' */
import { make } from '../page/make.js';
import { hoursText } from './words.js';

/**
 * Held are the first three together.
 * @type {{ title: string, kind: string, hoursOf: (row: Period) => number }[]}
 */
const PARTS = [
  { title: 'active', kind: 'active', hoursOf: ({ gpuHoursActive }) => gpuHoursActive ?? 0 },
  { title: 'held idle', kind: 'idle', hoursOf: ({ gpuHoursIdle }) => gpuHoursIdle ?? 0 },
  { title: 'held, neither of both', kind: 'rest', hoursOf: restOf },
  { title: 'not known', kind: 'unknown', hoursOf: ({ gpuHoursUnknown }) => gpuHoursUnknown ?? 0 },
];

/** @param {Period} row */
function restOf({ gpuHoursHeld, gpuHoursActive, gpuHoursIdle }) {
  return Math.max(0, (gpuHoursHeld ?? 0) - (gpuHoursActive ?? 0) - (gpuHoursIdle ?? 0));
}

/** Above a bar there is room for nothing. */
const MOST_PERCENT = 100;

/** @param {Period | null} row */
const heightOf = (row) => (row === null ? 0 : PARTS.reduce((sum, { hoursOf }) => sum + hoursOf(row), 0));

/** @param {{ key: string, row: Period | null }} period */
function wordsOf({ key, row }) {
  if (row === null) return `${key}: nothing known`;
  const { gpuHoursHeld, gpuHoursActive, gpuHoursIdle, gpuHoursUnknown } = row;
  const held = `${hoursText(gpuHoursHeld)} held: ${hoursText(gpuHoursActive)} active, ${hoursText(gpuHoursIdle)} idle`;
  return `${key}: ${held}; ${hoursText(gpuHoursUnknown)} not known`;
}

/**
 * @param {{ key: string, row: Period | null }} period
 * @param {number} most
 */
function makeBar(period, most) {
  const { row } = period;
  const pieces = PARTS.map(({ hoursOf, kind }) => {
    const piece = make('span', { class: kind });
    piece.style.height = `${(((row === null ? 0 : hoursOf(row)) / most) * MOST_PERCENT).toFixed(2)}%`;
    return piece;
  });
  return make('div', { class: 'ledger-bar', title: wordsOf(period) }, ...pieces.reverse());
}

/** What the colours of the bars mean. */
export const makeKey = () =>
  make(
    'p',
    { class: 'ledger-key' },
    ...PARTS.map(({ title, kind }) =>
      make('span', {}, make('i', { class: kind, 'aria-hidden': 'true' }), title),
    ),
  );

/**
 * The highest bar fills the room; its hours stand beside it.
 * @param {readonly { key: string, row: Period | null }[]} periods
 * @param {string} words what the bars are of
 */
export function makeBars(periods, words) {
  const highest = Math.max(0, ...periods.map(({ row }) => heightOf(row)));
  const bars = periods.map((period) => makeBar(period, highest || 1));
  const label = `${words}; the values are in the table below`;
  const first = periods[0]?.key ?? '';
  const last = periods.at(-1)?.key ?? '';
  return make(
    'div',
    { class: 'ledger-chart' },
    make('small', { class: 'ledger-most' }, hoursText(highest)),
    make('div', { class: 'ledger-bars', role: 'img', 'aria-label': label }, ...bars),
    make('small', { class: 'ledger-ends' }, make('span', {}, first), make('span', {}, last)),
  );
}
