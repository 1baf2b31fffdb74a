// What happened, as lines in a chart; the text of each stands beside it while it is pointed at.

/** @import { PastEvent } from '../../src/report/history-answer.ts' */
import { make } from '../page/make.js';
import { momentText } from './moments.js';

/** Lines that are nearer to each other are one. */
const NEAR_PERCENT = 0.8;
const MOST_TEXTS = 4;
/** Beyond its middle a text stands on the other side of its line. */
const MIDDLE_PERCENT = 45;

const WORST_FIRST = ['critical', 'error', 'warning', 'info'];

/** @param {PastEvent} event */
export const eventText = ({ atMs, gpuIndex, text }) =>
  `${momentText(atMs)}${gpuIndex === null ? '' : `, GPU ${gpuIndex}`}: ${text}`;

/** The one that names of an event's elements are made of. */
export const eventKey = (/** @type {PastEvent} */ { atMs, kind, gpuIndex, text }) =>
  `${atMs} ${kind} ${gpuIndex} ${text}`;

/**
 * Events that would stand on each other are together.
 * @param {readonly PastEvent[]} events oldest first
 * @param {[fromMs: number, toMs: number]} bounds
 */
export function groupEvents(events, [fromMs, toMs]) {
  /** @type {{ percent: number, events: PastEvent[] }[]} */
  const groups = [];
  for (const event of events) {
    const percent = ((event.atMs - fromMs) / (toMs - fromMs)) * 100;
    if (!(percent >= 0 && percent <= 100)) continue;
    const last = groups.at(-1);
    if (last && percent - last.percent < NEAR_PERCENT) last.events.push(event);
    else groups.push({ percent, events: [event] });
  }
  return groups;
}

/** @param {ReturnType<typeof groupEvents>[number]} group */
function makeLine({ percent, events }) {
  const worst = WORST_FIRST.find((severity) => events.some((event) => event.severity === severity));
  const texts = events.slice(0, MOST_TEXTS).map((event) => make('span', {}, eventText(event)));
  const more = events.length - texts.length;
  if (more > 0) texts.push(make('span', {}, `and ${more} more`));
  const side = percent > MIDDLE_PERCENT ? ' late' : '';
  const line = make('div', { class: `chart-event ${worst}${side}` }, make('p', {}, ...texts));
  line.style.left = `${percent}%`;
  line.dataset.events = JSON.stringify(events.map(eventKey));
  return line;
}

/**
 * Puts them into a chart in place of those that were there.
 * @param {Element} over what lies over the drawn lines
 * @param {readonly PastEvent[]} events
 * @param {[fromMs: number, toMs: number]} bounds
 */
export function showEvents(over, events, bounds) {
  for (const old of over.querySelectorAll('.chart-event')) old.remove();
  over.append(...groupEvents(events, bounds).map(makeLine));
}

/**
 * Shows or hides the text of one event in all charts of an element.
 * @param {Element} root
 * @param {PastEvent} event
 * @param {boolean} isPointed
 */
export function pointEvent(root, event, isPointed) {
  const key = eventKey(event);
  for (const line of root.querySelectorAll('.chart-event')) {
    const { events = '[]' } = line instanceof HTMLElement ? line.dataset : {};
    if (JSON.parse(events).includes(key)) line.classList.toggle('pointed', isPointed);
  }
}
