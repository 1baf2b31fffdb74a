// What a stream that several tabs share brought of each thing that is followed, and all tabs' wishes as one.

/** @import { EventMessage } from '../../src/web/wire.ts' */
/** @import { Wanted } from '../stream/wanted.js' */

/** @param {Wanted} wanted */
const keysOf = ({ rows, pages, topics }) => [
  ...Object.keys(rows).map((key) => `row ${key}`),
  ...Object.keys(pages).map((key) => `page ${key}`),
  ...Object.keys(topics).map((key) => `topic ${key}`),
];

export function createBrought() {
  /**
   * The version up to which the stream brought each thing that is followed now.
   * @type {Map<string, number>}
   */
  const versions = new Map();
  /** @type {Set<string>} */
  let followed = new Set();

  /**
   * What came over this stream is known better here than by the tab.
   * @param {Wanted[]} wishes
   * @param {string} epoch
   */
  function sum(wishes, epoch) {
    /** @type {Wanted} */
    const united = { epoch, rows: {}, pages: {}, topics: {} };
    for (const { rows, pages, topics } of wishes) {
      for (const [key, since] of Object.entries(rows)) united.rows[key] = versions.get(`row ${key}`) ?? since;
      for (const [key, [since, outer]] of Object.entries(pages))
        united.pages[key] = [versions.get(`page ${key}`) ?? since, outer];
      for (const [key, since] of Object.entries(topics))
        united.topics[key] = versions.get(`topic ${key}`) ?? since;
    }
    return united;
  }

  return {
    /**
     * `id`: `EPOCH.VERSION` of the message.
     * @param {string} id
     * @param {EventMessage} message
     */
    note(id, message) {
      const version = Number(id.split('.')[1]);
      for (const { part, id: row } of message.rows) versions.set(`row ${part}:${row}`, version);
      for (const { key } of message.pages) versions.set(`page ${key}`, version);
      for (const { topic } of message.topics) versions.set(`topic ${topic}`, version);
    },
    /**
     * What other tabs follow already was sent before this tab had it in sight: it is sent once more, as a whole. So is
     * a row of which the tab has nothing though it was brought: folded and unfolded at once, it is another element.
     * @param {Wanted} wanted
     * @param {Wanted | null} before
     */
    askAgain(wanted, before) {
      const had = new Set(before === null ? [] : keysOf(before));
      for (const key of keysOf(wanted)) if (followed.has(key) && !had.has(key)) versions.set(key, 0);
      // Not forgotten: of another tab that follows it the head would hear that it is there.
      for (const [key, since] of Object.entries(wanted.rows))
        if (since === 0 && versions.has(`row ${key}`)) versions.set(`row ${key}`, 0);
    },
    /**
     * Null where nobody wishes anything: all is forgotten then.
     * @param {Wanted[]} wishes
     * @param {string} [epoch] that of the first wish where it is left out
     * @returns {Wanted | null}
     */
    unite(wishes, epoch = wishes[0]?.epoch ?? '') {
      followed = new Set(wishes.flatMap(keysOf));
      for (const key of versions.keys()) if (!followed.has(key)) versions.delete(key);
      return wishes.length === 0 ? null : sum(wishes, epoch);
    },
  };
}
