// What happened in a range, as a list: whoever points at an entry sees its line in the charts.

/** @import { PastEvent } from '../../src/report/history-answer.ts' */
import { make } from '../page/make.js';
import { eventText, pointEvent } from './events.js';

const MOST_EVENTS = 100;

/**
 * @param {PastEvent} event
 * @param {Element} root
 */
function makeEntry(event, root) {
  const button = make('button', { type: 'button', class: event.severity }, eventText(event));
  for (const type of ['pointerenter', 'focus'])
    button.addEventListener(type, () => pointEvent(root, event, true));
  for (const type of ['pointerleave', 'blur'])
    button.addEventListener(type, () => pointEvent(root, event, false));
  return make('li', {}, button);
}

/**
 * Fills the list, newest first; it is hidden while nothing happened.
 * @param {HTMLDetailsElement} list
 * @param {readonly PastEvent[]} events oldest first
 * @param {Element} root what the charts lie in
 */
export function fillEventList(list, events, root) {
  const shown = events.slice(-MOST_EVENTS).reverse();
  const more = events.length - shown.length;
  const words = events.length === 1 ? '1 event' : `${events.length} events`;
  list.hidden = events.length === 0;
  list.replaceChildren(
    make('summary', {}, words),
    make('ul', {}, ...shown.map((event) => makeEntry(event, root))),
    ...(more > 0 ? [make('p', {}, `and ${more} earlier ones`)] : []),
  );
}
