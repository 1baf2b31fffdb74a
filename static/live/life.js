// Keeps a page as it is on the head: says which rows are in sight, and takes what changed of them.

/** @import { LiveMarks } from './live-marks.js' */
/** @import { HeadStream, StreamEvent } from '../stream/head-stream.js' */
import { pastMs } from '../page/past.js';
import { openStream } from '../stream/open-stream.js';
import { readAge, showAges } from './ages.js';
import { applyMessage, pageSince } from './changes.js';
import { liveMarks } from './live-marks.js';
import { noteHeard, noteLost, showLost } from './lost.js';
import { rowsInSight, track, unloadSome, watchSight } from './rows.js';
import { topics, watchTopics } from './topics.js';

/** What comes into sight together is asked for together. */
const TOGETHER_MS = 50;

let sayTimer = 0;

/**
 * @param {HeadStream} stream
 * @param {LiveMarks} marks
 */
function tellSight(stream, { epoch, key, outer }) {
  sayTimer = 0;
  if (document.hidden) return;
  const rows = rowsInSight();
  unloadSome();
  stream.want({ epoch, rows, pages: { [key]: [pageSince(), outer] }, topics: Object.fromEntries(topics) });
}

/** @param {number} version */
function collectRows(version) {
  const [navigation] = performance.getEntriesByType('navigation');
  const writtenAt = navigation instanceof PerformanceNavigationTiming ? navigation.responseStart : 0;
  for (const root of document.querySelectorAll('[data-live-row]:not([data-live-row="page"])')) {
    if (!(root instanceof HTMLElement)) continue;
    readAge(track(root, root.classList.contains('unloaded') ? 0 : version), writtenAt);
  }
}

function tick() {
  if (document.hidden) return;
  const now = performance.now();
  showAges(now);
  showLost(now);
}

/** @param {StreamEvent} event */
function hear(event) {
  if (event.type === 'reload') location.reload();
  else if (event.type === 'lost') noteLost();
  else noteHeard();
  if (event.type === 'message') applyMessage(event.id, event.message);
  showLost(performance.now());
}

/** Nothing to do on a page that no head made, nor on one of the past, which does not change. */
export function startLife() {
  if (liveMarks === null || pastMs !== null) return;
  const marks = liveMarks;
  collectRows(marks.version);
  const stream = openStream(hear);
  const tell = () => tellSight(stream, marks);
  const tellSoon = () => {
    if (sayTimer === 0) sayTimer = setTimeout(tell, TOGETHER_MS);
  };
  // Hidden tabs give their connection back, and catch up when shown.
  const follow = () => {
    if (document.hidden) stream.want(null);
    else tell();
    tick();
  };
  watchSight(tellSoon);
  watchTopics(tellSoon);
  document.addEventListener('visibilitychange', follow);
  window.addEventListener('pagehide', () => stream.want(null));
  window.addEventListener('pageshow', ({ persisted }) => persisted && follow());
  setInterval(tick, 1000);
  follow();
}
