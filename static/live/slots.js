// Elements with data-live (data-live-page outside of all rows) name what of them changes, in document order: the n-th
// value that the head sends belongs into the n-th of these slots.

/** @import { Change } from '../../src/web/wire.ts' */
/** @typedef {[element: Element, target: string]} Slot `text`, or the name of an attribute */

/**
 * @param {Element | Document} root
 * @param {'data-live' | 'data-live-page'} attribute
 */
export function collectSlots(root, attribute) {
  const marked = [...root.querySelectorAll(`[${attribute}]`)];
  if (root instanceof Element && root.hasAttribute(attribute)) marked.unshift(root);
  return marked.flatMap((element) =>
    (element.getAttribute(attribute) ?? '')
      .split(' ')
      .map((target) => /** @type {Slot} */ ([element, target])),
  );
}

/**
 * @param {Slot | undefined} slot
 * @param {string | null} value
 */
function put(slot, value) {
  if (!slot) return;
  const [element, target] = slot;
  if (target === 'text') element.textContent = value;
  else if (value === null) element.removeAttribute(target);
  else element.setAttribute(target, value);
}

/**
 * @param {Slot[]} slots
 * @param {Change} change
 */
export function putValues(slots, { all = [], set = [] }) {
  for (const [at, value] of all.entries()) put(slots[at], value);
  for (let at = 0; at < set.length; at += 2) {
    const value = set[at + 1] ?? null;
    put(slots[Number(set[at])], value === null ? null : String(value));
  }
}
