// What the head says of a page in the script element that loads its life.

/**
 * @typedef {object} LiveMarks
 * @property {string} epoch of the head's design
 * @property {number} version up to which this page has everything
 * @property {string} key the page's name in the live stream
 * @property {string} outer what surrounds its rows
 * @property {string} wholePart the part that shows a node as a whole, and the element of that
 * @property {string} wholeTag empty where there is none
 * @property {number | null} sinceMs the oldest that history has, epoch ms; null without history
 */

/**
 * Null where no head made the page.
 * @returns {LiveMarks | null}
 */
function readMarks() {
  /** @type {HTMLElement | null} */
  const script = document.querySelector('script[data-live-version]');
  const {
    liveVersion = '',
    liveKey = '',
    liveOuter = '',
    liveWhole = '',
    liveSince = '',
  } = script?.dataset ?? {};
  if (!liveVersion || !liveKey) return null;
  const [epoch = '', version] = liveVersion.split('.');
  const sinceMs = liveSince === '' ? null : Number(liveSince);
  const [wholePart = '', wholeTag = ''] = liveWhole.split(' ');
  return { epoch, version: Number(version), key: liveKey, outer: liveOuter, wholePart, wholeTag, sinceMs };
}

export const liveMarks = readMarks();
