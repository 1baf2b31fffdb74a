// Which rows there are, in which order, with the headings of their groups.

/** @import { RowKind } from '../../src/lib/row-kinds.ts' */
/** @import { Entry, PageChange } from '../../src/web/wire.ts' */
import { headingHtml } from '../shared/rows.js';
import { parse } from './morph.js';
import { makePlace } from './places.js';
import { rows, untrack } from './rows.js';

/**
 * @param {string} tag
 * @param {string} title
 */
function makeHeading(tag, title) {
  const heading = parse(headingHtml(tag, '')).firstElementChild ?? document.createElement('h2');
  (heading.firstElementChild ?? heading).textContent = title;
  return heading;
}

/**
 * Behind an element, but for what was unfolded below it.
 * @param {Element} element
 */
function behind(element) {
  let next = element.nextElementSibling;
  while (next?.classList.contains('unfolded')) next = next.nextElementSibling;
  return next;
}

/**
 * @param {string} part
 * @param {Set<string>} keep
 */
function removeOthers(part, keep) {
  for (const [key, { root }] of rows) {
    if (root.dataset.livePart !== part || keep.has(key)) continue;
    root.remove();
    untrack(root);
  }
}

/**
 * @param {HTMLElement} anchor
 * @param {RowKind} kind
 * @param {Entry[]} entries
 * @param {Record<number, string>} names
 */
function orderPart(anchor, kind, entries, names) {
  const { liveEnd: part = '', liveTag: tag = '' } = anchor.dataset;
  removeOthers(part, new Set(entries.map((entry) => `${part}:${entry}`)));
  for (const heading of anchor.parentElement?.querySelectorAll(':scope > .group') ?? []) heading.remove();
  /** @param {number} id */
  const rootOf = (id) => {
    const nodeName = kind === 'nodes' ? (names[id] ?? null) : null;
    return (rows.get(`${part}:${id}`) ?? makePlace(tag, part, id, nodeName)).root;
  };
  /** @type {Element} */
  let next = anchor;
  for (const entry of [...entries].reverse()) {
    const element = typeof entry === 'string' ? makeHeading(tag, entry) : rootOf(entry);
    if (behind(element) !== next) next.before(element);
    next = element;
  }
}

/**
 * Removes what is gone, makes room for what is new, and puts all in order.
 * @param {PageChange} change
 */
export function applyOrders({ orders = {}, names = {} }) {
  for (const kind of /** @type {RowKind[]} */ (Object.keys(orders))) {
    for (const anchor of document.querySelectorAll(`template[data-live-kind="${kind}"]`))
      if (anchor instanceof HTMLElement) orderPart(anchor, kind, orders[kind] ?? [], names);
    document.dispatchEvent(new Event('rollcall:order'));
  }
}
