// Places for rows that come meanwhile: empty until they are in sight.
import { isLight } from '../shared/rows.js';
import { liveMarks } from './live-marks.js';
import { noteSight, track, untrack } from './rows.js';

/**
 * Whoever looks for a node by its name finds its place; of several that of the one that shows most.
 * @param {HTMLElement} place
 * @param {string} name
 */
function nameplate(place, name) {
  const isLine = place.nodeName === 'TR';
  if ((isLight(place.nodeName) && !isLine) || document.getElementById(name)) return;
  place.id = name;
  if (!isLine) return;
  const heading = document.createElement('th');
  heading.scope = 'row';
  heading.textContent = name;
  place.append(heading);
}

/**
 * `nodeName`: of the node that the row is; null for other rows.
 * @param {string} tag
 * @param {string} part
 * @param {number | string} id
 * @param {string | null} nodeName
 */
export function makePlace(tag, part, id, nodeName) {
  const root = document.createElement(tag);
  root.className = 'unloaded';
  root.dataset.livePart = part;
  root.dataset.liveRow = String(id);
  if (nodeName !== null) nameplate(root, nodeName);
  return track(root, 0);
}

/** Whether the design shows nodes as a whole anywhere. */
export const canOpenNodes = liveMarks !== null && liveMarks.wholeTag !== '';

/**
 * A place for a node's whole section, wherever the caller puts it: it is filled while it is in sight.
 * @param {string} id the node's number in the live stream
 */
export function openNode(id) {
  const { wholeTag = '', wholePart = '' } = liveMarks ?? {};
  const row = makePlace(wholeTag, wholePart, id, null);
  row.isInside = true;
  return row.root;
}

/** @param {HTMLElement} root */
export function closeNode(root) {
  untrack(root);
  noteSight();
}
