// The way from a cell to its node.
import { say } from '../page/say.js';

/**
 * The node's row or section on this page; null where it is not here.
 * @param {string} name
 */
export function nodeOnPage(name) {
  const element = document.getElementById(name);
  return element?.hasAttribute('data-live-row') ? element : null;
}

/**
 * @param {string} name
 * @param {boolean} isElsewhere in another tab
 */
export function goToNode(name, isElsewhere) {
  const path = `/nodes/${encodeURIComponent(name)}`;
  if (isElsewhere) window.open(path, '_blank', 'noopener');
  else if (nodeOnPage(name)) goToRow(name);
  else location.assign(path);
}

/** @param {string} name */
function goToRow(name) {
  const hash = `#${encodeURIComponent(name)}`;
  say('rollcall:goto', name);
  if (location.hash === hash) nodeOnPage(name)?.scrollIntoView();
  else location.hash = hash;
  /** @type {HTMLElement | null | undefined} */
  const link = nodeOnPage(name)?.querySelector('h2 a, th a');
  link?.focus({ preventScroll: true });
}

/** A page of nodes that were searched for shows where they are. */
export const isSearch = () =>
  location.pathname === '/' &&
  Boolean(new URLSearchParams(location.search).get('q')) &&
  !document.querySelector('.more a');
