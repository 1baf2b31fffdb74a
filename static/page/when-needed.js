// Parts that only some pages need: loaded once there is an element for them.
import { HEAT_MAPS } from '../heat/room.js';
import { pastMs } from './past.js';

const LOOK_MS = 1_000;

/**
 * What is in each file begins with its `start`.
 * @type {{ elements: string, load: () => Promise<{ start(): void }>, isOfNow?: true }[]}
 */
const parts = [
  { elements: HEAT_MAPS, load: () => import('../heat/start.js'), isOfNow: true },
  {
    elements: '[data-ledger], [data-ledger-jobs], [data-ledger-record], [data-ledger-idle]',
    load: () => import('../ledger/start.js'),
  },
  { elements: '.charts[data-charts]', load: () => import('../charts/start.js') },
];

/** @type {Set<typeof parts[number]>} */
const waiting = new Set(parts);

/** A part that could not be loaded is tried again. */
function look() {
  for (const part of waiting) {
    if (document.querySelector(part.elements) === null || (part.isOfNow && pastMs !== null)) continue;
    waiting.delete(part);
    part.load().then(
      ({ start }) => start(),
      () => waiting.add(part),
    );
  }
}

/** Rows that come into sight may bring such elements. */
export function startWhereNeeded() {
  look();
  setInterval(look, LOOK_MS);
}
