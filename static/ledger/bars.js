// Hours of GPUs by day or week, as bars: active, idle and unknown upon each other.

/** @import { Period } from './answers.js' */
import { make } from '../page/make.js';
import { hoursText } from './words.js';

export const PARTS = /** @type {const} */ ([
  { name: 'gpuHoursActive', title: 'active', kind: 'active' },
  { name: 'gpuHoursIdle', title: 'held idle', kind: 'idle' },
  { name: 'gpuHoursUnknown', title: 'not known', kind: 'unknown' },
]);

/** Above a bar there is room for nothing. */
const MOST_PERCENT = 100;

/** @param {Period | null} row */
const heightOf = (row) => PARTS.reduce((sum, { name }) => sum + (row?.[name] ?? 0), 0);

/** @param {{ key: string, row: Period | null }} period */
function wordsOf({ key, row }) {
  if (row === null) return `${key}: nothing known`;
  const parts = PARTS.map(({ name, title }) => `${hoursText(row[name])} ${title}`);
  return `${key}: ${hoursText(row.gpuHoursHeld)} held, of these ${parts.join(', ')}`;
}

/**
 * @param {{ key: string, row: Period | null }} period
 * @param {number} most
 */
function makeBar(period, most) {
  const pieces = PARTS.map(({ name, kind }) => {
    const piece = make('span', { class: kind });
    piece.style.height = `${(((period.row?.[name] ?? 0) / most) * MOST_PERCENT).toFixed(2)}%`;
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
