// What a page wants of the head, and how that is written.

/** @import { SubscriptionMessage } from '../../src/web/wire.ts' */

/**
 * What is in sight, each with the version up to which the browser has it, 0 where it has nothing.
 * @typedef {object} Wanted
 * @property {string} epoch of the design that the page was made with
 * @property {Record<string, number>} rows by `PART:ID`
 * @property {Record<string, [since: number, outer: string]>} pages by path
 * @property {Record<string, number>} topics
 */

/**
 * Numbers as `1-24,30`.
 * @param {number[]} numbers
 */
export function ranges(numbers) {
  /** @type {[first: number, last: number][]} */
  const found = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(',');
}

/**
 * @param {Wanted} wanted
 * @returns {SubscriptionMessage}
 */
function subscriptionOf({ epoch, rows, pages, topics }) {
  /** @type {Map<string, { since: number, part: number, ids: number[] }>} */
  const groups = new Map();
  for (const [key, since] of Object.entries(rows)) {
    const [part = 0, id = 0] = key.split(':').map(Number);
    const group = groups.get(`${since} ${part}`) ?? { since, part, ids: [] };
    groups.set(`${since} ${part}`, group);
    group.ids.push(id);
  }
  return {
    epoch,
    rows: Array.from(groups.values(), ({ since, part, ids }) => [since, part, ranges(ids)]),
    pages: Object.entries(pages).map(([path, [since, outer]]) => [since, path, outer]),
    topics: Object.entries(topics).map(([topic, since]) => [since, topic]),
  };
}

/** @param {Wanted} wanted */
export const subscriptionText = (wanted) => JSON.stringify(subscriptionOf(wanted));
