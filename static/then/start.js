// The time machine: a button, keys, and on pages of the past links that stay there. The head says since when it keeps
// history; where it keeps none, there is nothing here.
import { isForPage } from '../find/keys.js';
import { liveMarks } from '../live/live-marks.js';
import { make } from '../page/make.js';
import { pastMs } from '../page/past.js';
import { addressAt, shifted } from './moments.js';

const MINUTE_MS = 60_000;
/** Pages that the head makes of former moments too. */
const PAGES = /^\/(?:gpus|gpus\.html|jobs|users|nodes\/[^/]+)?$/;
/** In this tab the bar is open, page after page. */
const OPEN = 'rollcall-then';

/** @type {HTMLElement | null} */
let bar = null;

/** @param {string | null} value */
function keepOpen(value) {
  try {
    if (value === null) sessionStorage.removeItem(OPEN);
    else sessionStorage.setItem(OPEN, value);
  } catch {
    // Then it is opened again by hand.
  }
}

function wasOpen() {
  try {
    return sessionStorage.getItem(OPEN) !== null;
  } catch {
    return false;
  }
}

/** @param {number | null} atMs */
function go(atMs) {
  if (atMs !== pastMs) location.assign(addressAt(location.href, atMs));
}

/** @param {number} sinceMs */
const keptOf = (sinceMs) => ({ sinceMs, nowMs: Date.now() });

/** @param {HTMLElement} button */
function close(button) {
  bar?.remove();
  bar = null;
  keepOpen(null);
  button.setAttribute('aria-expanded', 'false');
  button.focus();
}

/**
 * @param {number} sinceMs
 * @param {HTMLElement} button
 */
async function open(sinceMs, button) {
  const { makeBar } = await import('./bar.js');
  if (bar) return;
  const made = makeBar({ atMs: pastMs, kept: keptOf(sinceMs), go, close: () => close(button) });
  bar = made.form;
  document.querySelector('main')?.before(made.form);
  if (!made.form.isConnected) document.body.prepend(made.form);
  button.setAttribute('aria-expanded', 'true');
  keepOpen('open');
  made.slider.focus({ preventScroll: true });
}

/** @param {HTMLElement} button */
function place(button) {
  const chips = document.querySelector('.quick');
  if (chips) chips.append(button);
  else document.querySelector('main')?.prepend(make('p', { class: 'quick' }, button));
}

/**
 * @param {KeyboardEvent} event
 * @param {number} sinceMs
 * @param {HTMLElement} button
 */
function onKey(event, sinceMs, button) {
  if (!isForPage(event)) return;
  const { key } = event;
  if (key === 't') button.click();
  else if (key === '[') go(shifted(pastMs, -MINUTE_MS, keptOf(sinceMs)));
  else if (key === ']') go(shifted(pastMs, MINUTE_MS, keptOf(sinceMs)));
  else return;
  event.preventDefault();
}

export function startTimeMachine() {
  const sinceMs = liveMarks?.sinceMs ?? null;
  if (sinceMs === null || !PAGES.test(location.pathname)) return;
  const title = 'The page as it was at a former moment (t)';
  const button = make('button', { type: 'button', class: 'chip', 'aria-expanded': 'false', title }, 'Then');
  button.addEventListener('click', () => (bar ? close(button) : open(sinceMs, button)));
  place(button);
  document.addEventListener('keydown', (event) => onKey(event, sinceMs, button));
  if (wasOpen()) open(sinceMs, button);
}
