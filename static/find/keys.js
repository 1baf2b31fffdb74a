// Keys of the page: `/` to the search, `?` for help, arrows or j and k from row to row, g and a letter to another view.
import { addHelpButton, showHelp } from './help.js';

const SECOND_KEY_MS = 1_500;
/** @type {Record<string, string>} */
const VIEWS = { n: '/', g: '/gpus', j: '/jobs', u: '/users' };
/** What a key means to these is theirs. */
const TYPED_IN = 'input, textarea, select, [contenteditable], dialog';
const OWN_ARROWS = `${TYPED_IN}, canvas, pre, [role="slider"], .uplot`;
const STOPS = 'article > [data-live-row], .rows tbody > tr[data-live-row]:not([data-live-row="page"])';

const input = document.getElementById('query');

// --- from row to row

function barHeight() {
  const bar = document.getElementById('title');
  return bar && getComputedStyle(bar).position === 'sticky' ? bar.getBoundingClientRect().bottom : 0;
}

/**
 * From the row that has the focus, else from the first that can be seen.
 * @param {HTMLElement[]} rows
 * @param {1 | -1} by
 */
function nextStop(rows, by) {
  const current = rows.findIndex((each) => each.contains(document.activeElement));
  if (current >= 0) return rows[current + by];
  const top = barHeight();
  const seen = rows.findIndex((each) => each.getBoundingClientRect().top >= top - 1);
  return by > 0 ? rows[seen] : rows[(seen < 0 ? rows.length : seen) - 1];
}

/** @param {HTMLElement} stop */
function focusStop(stop) {
  /** @type {HTMLElement | null} */
  const link = stop.querySelector('h2 a, th a, td a');
  if (!link) stop.tabIndex = -1;
  (link ?? stop).focus({ preventScroll: true });
  const isTall = stop.getBoundingClientRect().height > window.innerHeight / 2;
  // The style's scroll padding keeps it clear of the bar.
  stop.scrollIntoView({ block: isTall ? 'start' : 'nearest' });
}

/** @param {1 | -1} by */
function move(by) {
  const stops = [...document.querySelectorAll(STOPS)].filter((stop) => stop instanceof HTMLElement);
  const stop = nextStop(stops, by);
  if (stop) focusStop(stop);
  return stop !== undefined;
}

// --- keys

let gAtMs = Number.NEGATIVE_INFINITY;

/**
 * By the link of the view, which has what was searched for.
 * @param {string} path
 */
function goToView(path) {
  for (const link of document.querySelectorAll('.views a')) {
    if (!(link instanceof HTMLAnchorElement) || new URL(link.href).pathname !== path) continue;
    link.click();
    return true;
  }
  return false;
}

function focusSearch() {
  if (!(input instanceof HTMLInputElement)) return false;
  input.focus();
  input.select();
  return true;
}

/**
 * True where the key meant something.
 * @param {string} key
 * @param {Element} target
 */
function act(key, target) {
  const isSecond = performance.now() - gAtMs < SECOND_KEY_MS;
  const path = Object.hasOwn(VIEWS, key) ? VIEWS[key] : undefined;
  gAtMs = Number.NEGATIVE_INFINITY;
  if (isSecond && path !== undefined) return goToView(path);
  if (key === '/') return focusSearch();
  if (key === '?') {
    showHelp();
    return true;
  }
  if (key === 'g') gAtMs = performance.now();
  if (target.matches(OWN_ARROWS)) return false;
  if (key === 'ArrowDown' || key === 'j') return move(1);
  if (key === 'ArrowUp' || key === 'k') return move(-1);
  return false;
}

/**
 * Whether a key is the page's own: nobody types anything, and no dialog is open.
 * @param {KeyboardEvent} event
 */
export function isForPage({ target, altKey, ctrlKey, metaKey, isComposing, defaultPrevented }) {
  if (altKey || ctrlKey || metaKey || isComposing || defaultPrevented) return false;
  if (!(target instanceof Element) || target.closest(TYPED_IN)) return false;
  return document.querySelector('dialog[open]') === null;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const { key, target } = event;
  if (!isForPage(event) || !(target instanceof Element)) return;
  // A shifted arrow marks text.
  if (event.shiftKey && key.startsWith('Arrow')) return;
  if (act(key, target)) event.preventDefault();
}

export function startKeys() {
  addHelpButton(input?.closest('form') ?? null);
  document.addEventListener('keydown', onKey);
}
