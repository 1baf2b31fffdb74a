// Puts what the head says into the page.

/** @import { EventMessage, PageChange, RowChange } from '../../src/web/wire.ts' */
/** @import { Row } from './rows.js' */
/** @import { Slot } from './slots.js' */
import { say } from '../page/say.js';
import { showTimes } from '../page/times.js';
import { findAges, showAge } from './ages.js';
import { liveMarks } from './live-marks.js';
import { morph, parse } from './morph.js';
import { applyOrders } from './order.js';
import { replaceRoot, rows } from './rows.js';
import { collectSlots, putValues } from './slots.js';
import { applyTopic } from './topics.js';

/** Up to which everything around the rows is here. */
let pageVersion = liveMarks?.version ?? 0;
/** @type {Slot[] | null} */
let pageSlots = null;

export const pageSince = () => pageVersion;

/**
 * @param {Row} row
 * @param {string} html
 */
function replaceRow(row, html) {
  const first = parse(html).firstElementChild;
  const fresh = first instanceof HTMLElement ? first : null;
  // The line above it has the name already.
  if (row.isInside) fresh?.removeAttribute('id');
  if (!fresh) {
    // A condition of the design hides it: its place stays, for when it comes back.
    row.root.replaceChildren();
    row.root.hidden = true;
  } else if (fresh.nodeName === row.root.nodeName) {
    row.root.style.minHeight = '';
    row.root.hidden = false;
    morph(row.root, fresh);
  } else replaceRoot(row, fresh);
  row.slots = null;
  findAges(row);
  say('rollcall:row', row.root);
}

/**
 * @param {RowChange} change
 * @param {number} version
 */
function applyRow(change, version) {
  const row = rows.get(`${change.part}:${change.id}`);
  // Another tab may follow what is out of sight here, and have another state of it.
  if (!row?.isInSight) return;
  if (change.html !== undefined) replaceRow(row, change.html);
  else if (row.since === 0) return;
  else {
    row.slots ??= collectSlots(row.root, 'data-live');
    putValues(row.slots, change);
  }
  showTimes(row.root);
  const now = performance.now();
  Object.assign(row, { since: version, age: change.age, ageFrom: now });
  showAge(row, now);
}

/** @param {Record<number, string>} pieces */
function replacePieces(pieces) {
  for (const [piece, html] of Object.entries(pieces)) {
    for (const old of document.querySelectorAll(`[data-live-part="page${piece}"]`)) old.remove();
    document.querySelector(`template[data-live-end="page${piece}"]`)?.before(parse(html));
  }
}

/**
 * @param {PageChange} change
 * @param {number} version
 */
function applyPage(change, version) {
  if (change.pieces) {
    replacePieces(change.pieces);
    pageSlots = null;
  }
  pageSlots ??= collectSlots(document, 'data-live-page');
  putValues(pageSlots, change);
  applyOrders(change);
  showTimes(document);
  pageVersion = version;
}

/**
 * `id`: `EPOCH.VERSION`; what is of another design is left.
 * @param {string} id
 * @param {EventMessage} message
 */
export function applyMessage(id, message) {
  const [epoch, count] = id.split('.');
  if (epoch !== liveMarks?.epoch) return;
  const version = Number(count);
  for (const change of message.pages) if (change.key === liveMarks?.key) applyPage(change, version);
  for (const change of message.rows) applyRow(change, version);
  for (const change of message.topics) applyTopic(change, version);
}
