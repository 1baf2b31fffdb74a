// Says that the head is out of reach: in a line below the page, and in the tab, which must not look as if all was well.
import { make } from '../page/make.js';
import { newestAge } from './ages.js';

// It counts seconds: page/announce.js says once what it is about.
const notice = make('p', { class: 'stream-lost', role: 'status', 'aria-live': 'off', hidden: '' });
const title = document.title;
const icon = document.querySelector('link[rel="icon"][type="image/svg+xml"]');
const iconAddress = icon?.getAttribute('href') ?? '';

let isLost = false;
let lastHeard = performance.now();

/** What was heard is heard no longer. */
export function noteLost() {
  isLost = true;
}

export function noteHeard() {
  isLost = false;
  lastHeard = performance.now();
}

function markPage() {
  const { dataset } = document.documentElement;
  if ((dataset.head === 'lost') === isLost) return;
  if (isLost) dataset.head = 'lost';
  else delete dataset.head;
  document.title = isLost ? `(no connection) ${title}` : title;
  icon?.setAttribute('href', isLost ? '/static/icons/favicon-lost.svg' : iconAddress);
}

/** @param {number} now */
export function showLost(now) {
  if (!notice.isConnected) document.body.append(notice);
  notice.hidden = !isLost;
  markPage();
  if (!isLost) return;
  const age = Math.floor((newestAge(now) ?? now - lastHeard) / 1000);
  const text = `Connection to the head lost, figures are ${age} s old. Trying again…`;
  if (notice.textContent !== text) notice.textContent = text;
}
