// The rows of the page: which there are, which are in sight, and up to which version each is here.

/**
 * @typedef {object} Row
 * @property {HTMLElement} root
 * @property {import('./slots.js').Slot[] | null} slots made when they are first needed
 * @property {number} since the version up to which it is here, 0 where nothing of it is
 * @property {boolean} isInSight
 * @property {boolean} isInside shown below a line that has its name already
 * @property {HTMLElement[]} ages the elements that tell how old its figures are
 * @property {number | null} age in ms, as it was at `ageFrom`
 * @property {number} ageFrom
 */
import { isLight } from '../shared/rows.js';

/** Rows that are in sight soon are asked for before they are. */
const MARGIN = '60% 0px';
/** Rows out of sight that keep their content. */
const MOST_LOADED = 150;

/**
 * By `PART:ID`.
 * @type {Map<string, Row>}
 */
export const rows = new Map();

/** @type {() => void} */
let onSight = () => undefined;

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const row = target instanceof HTMLElement ? rows.get(keyOfRoot(target)) : undefined;
      if (row?.root === target) row.isInSight = isIntersecting;
    }
    onSight();
  },
  { rootMargin: MARGIN },
);

/**
 * Calls `listener` when other rows are in sight.
 * @param {() => void} listener
 */
export function watchSight(listener) {
  onSight = listener;
}

/** To be called where rows went that may have been in sight. */
export function noteSight() {
  onSight();
}

/** @param {HTMLElement} root */
const keyOfRoot = ({ dataset }) => `${dataset.livePart}:${dataset.liveRow}`;

/**
 * @param {HTMLElement} root
 * @param {number} since
 */
export function track(root, since) {
  /** @type {Row} */
  const row = {
    root,
    slots: null,
    since,
    isInSight: false,
    isInside: false,
    ages: [],
    age: null,
    ageFrom: 0,
  };
  rows.set(keyOfRoot(root), row);
  observer.observe(root);
  return row;
}

/** @param {HTMLElement} root */
export function untrack(root) {
  observer.unobserve(root);
  rows.delete(keyOfRoot(root));
}

/**
 * Puts another element in the place of a row's.
 * @param {Row} row
 * @param {HTMLElement} root
 */
export function replaceRoot(row, root) {
  observer.unobserve(row.root);
  row.root.replaceWith(root);
  row.root = root;
  observer.observe(root);
}

/** The versions of those in sight, by `PART:ID`. */
export function rowsInSight() {
  /** @type {Record<string, number>} */
  const seen = {};
  for (const [key, { isInSight, since }] of rows) if (isInSight) seen[key] = since;
  return seen;
}

/** Thousands of rows that were seen once would slow the page down: the first ones become empty again. */
export function unloadSome() {
  const loaded = [...rows.values()].filter(
    ({ root, since, isInSight }) => since > 0 && !isInSight && !isLight(root.nodeName),
  );
  for (const row of loaded.slice(0, Math.max(0, loaded.length - MOST_LOADED))) unload(row);
}

/** @param {Row} row */
function unload(row) {
  const { root } = row;
  const heading = root.querySelector('h2')?.cloneNode(true);
  root.style.minHeight = `${root.offsetHeight}px`;
  root.replaceChildren(...(heading ? [heading] : []));
  root.classList.add('unloaded');
  Object.assign(row, { since: 0, slots: null, ages: [] });
}
