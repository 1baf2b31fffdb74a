// Nodes that are a line each unfold to their whole section, below the line: by a click on it, by Enter or Space on its
// name, and by an address or link with #NODE. What is folded is not asked for. Without this script a name leads to the
// node's own page.
import { make } from '../page/make.js';
import { canOpenNodes, closeNode, openNode } from './places.js';

const MOST_REMEMBERED = 50;
const ROW = '.noderows tbody > tr[data-live-row]:not([data-live-row="page"])';

/**
 * By name; `holder` is the line below `row`, and `whole` the section in it.
 * @type {Map<string, { row: HTMLElement, holder: HTMLElement, whole: HTMLElement }>}
 */
const open = new Map();

/** @param {HTMLElement} row */
const linkOf = (row) => row.querySelector('.unfold');

/**
 * What a link does now is what a button does.
 * @param {HTMLElement} row
 */
function describe(row) {
  const link = linkOf(row);
  if (!link) return;
  link.setAttribute('role', 'button');
  link.setAttribute('aria-expanded', String(open.has(row.id)));
}

function remember() {
  const unfolded = [...open.keys()].slice(-MOST_REMEMBERED);
  history.replaceState({ ...history.state, unfolded }, '');
}

/** @param {HTMLElement} row */
function unfold(row) {
  const name = row.id;
  if (name === '' || open.has(name)) return;
  const whole = openNode(row.dataset.liveRow ?? '');
  const holder = make('tr', { class: 'unfolded' }, make('td', { colspan: '99' }, whole));
  row.after(holder);
  open.set(name, { row, holder, whole });
  describe(row);
  remember();
}

/** @param {string} name */
function fold(name) {
  const known = open.get(name);
  if (!known) return;
  open.delete(name);
  closeNode(known.whole);
  known.holder.remove();
  describe(known.row);
  remember();
}

/** @param {HTMLElement} row */
const toggle = (row) => (open.has(row.id) ? fold(row.id) : unfold(row));

/** @param {string} name */
function unfoldNamed(name) {
  const row = document.getElementById(name);
  if (row?.matches(ROW)) unfold(row);
}

/** @param {string} hash */
function unfoldHash(hash) {
  try {
    unfoldNamed(decodeURIComponent(hash.slice(1)));
  } catch {
    // It is no name of a node.
  }
}

// --- clicks and keys

/** @param {MouseEvent | KeyboardEvent} event */
const isPlain = (event) =>
  !event.ctrlKey &&
  !event.metaKey &&
  !event.shiftKey &&
  !event.altKey &&
  (event instanceof KeyboardEvent || event.button === 0);

/** @param {MouseEvent} event */
function onClick(event) {
  const target = event.target instanceof Element ? event.target : null;
  if (!target || !isPlain(event)) return;
  const way = target.closest('a.scroll-to[href^="#"]');
  if (way) unfoldHash(way.getAttribute('href') ?? '');
  const row = target.closest(ROW);
  if (!(row instanceof HTMLElement)) return;
  const control = target.closest('a, button, summary');
  // Whoever marks text wants to copy it.
  if ((control && control !== linkOf(row)) || String(getSelection()) !== '') return;
  event.preventDefault();
  toggle(row);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const link = event.target instanceof Element ? event.target.closest(`${ROW} .unfold`) : null;
  const row = link?.closest('tr');
  if (!row || event.key !== ' ' || !isPlain(event)) return;
  event.preventDefault();
  toggle(row);
}

/** Rows come, move and go. */
function followRows() {
  for (const [name, { row, holder }] of open) {
    if (!row.isConnected) fold(name);
    else if (row.nextElementSibling !== holder) row.after(holder);
  }
}

/** Nothing to do on a page without a head, or of a design that shows no node as a whole. */
export function startFolding() {
  if (!canOpenNodes) return;
  document.addEventListener('click', onClick);
  document.addEventListener('keydown', onKey);
  document.addEventListener('rollcall:row', ({ detail }) => detail.matches(ROW) && describe(detail));
  document.addEventListener('rollcall:order', followRows);
  document.addEventListener('rollcall:goto', ({ detail }) => unfoldHash(`#${encodeURIComponent(detail)}`));
  window.addEventListener('hashchange', () => unfoldHash(location.hash));
  for (const row of document.querySelectorAll(ROW)) if (row instanceof HTMLElement) describe(row);
  for (const name of history.state?.unfolded ?? []) unfoldNamed(name);
  unfoldHash(location.hash);
}
