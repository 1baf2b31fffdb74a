// The head's event stream, for one page or for all tabs of a browser. Says what is in sight, hears what changed.

/** @import { EventMessage } from '../../src/web/wire.ts' */
/** @import { Wanted } from './wanted.js' */
import { subscriptionText } from './wanted.js';

/**
 * What a stream tells.
 * @typedef {{ type: 'heard' | 'lost' | 'reload' } | { type: 'message', id: string, message: EventMessage }} StreamEvent
 */
/**
 * @typedef {object} HeadStream
 * @property {(wanted: Wanted | null) => void} want null: nobody looks, and the connection is given back
 */

const SILENCE_LIMIT_MS = 40_000;
const LONGEST_WAIT_MS = 30_000;
const LOOK_MS = 5_000;

/** @param {number} failures one after the other */
const waitAfter = (failures) => Math.min(LONGEST_WAIT_MS, 1000 * 2 ** failures) * (0.75 + Math.random() / 2);

/**
 * A connection that is made again whenever it ends, with longer waits.
 * @param {(event: StreamEvent) => void} tell
 * @param {() => void} onOpen the stream has a number now
 */
function createConnection(tell, onOpen) {
  /** @type {EventSource | null} */
  let source = null;
  /** @type {string | null} */
  let number = null;
  let retryTimer = 0;
  let failures = 0;
  let lastHeard = 0;

  function heard() {
    lastHeard = performance.now();
    failures = 0;
    tell({ type: 'heard' });
  }

  function disconnect() {
    clearTimeout(retryTimer);
    source?.close();
    source = null;
    number = null;
  }

  function retryLater() {
    disconnect();
    tell({ type: 'lost' });
    retryTimer = setTimeout(connect, waitAfter(failures));
    failures += 1;
  }

  function connect() {
    disconnect();
    lastHeard = performance.now();
    const own = new EventSource('/events');
    source = own;
    own.addEventListener('stream', ({ data }) => {
      number = data;
      heard();
      onOpen();
    });
    own.onmessage = ({ lastEventId, data }) => {
      heard();
      tell({ type: 'message', id: lastEventId, message: JSON.parse(data) });
    };
    own.addEventListener('ping', heard);
    own.addEventListener('reload', () => tell({ type: 'reload' }));
    own.onerror = () => {
      number = null;
      tell({ type: 'lost' });
      // The browser tries again by itself after a cut, but gives up after an answer that is an error.
      if (own.readyState === EventSource.CLOSED) retryLater();
    };
  }

  setInterval(() => {
    if (source && performance.now() - lastHeard > SILENCE_LIMIT_MS) retryLater();
  }, LOOK_MS);

  return { connect, disconnect, retryLater, number: () => number, isOpen: () => source !== null };
}

/**
 * @param {(event: StreamEvent) => void} tell
 * @returns {HeadStream}
 */
export function createHeadStream(tell) {
  /** @type {Wanted | null} */
  let wanted = null;
  let isPosting = false;
  let isPostDue = false;
  const connection = createConnection(tell, post);

  async function post() {
    const to = connection.number();
    isPostDue = wanted !== null && to !== null;
    if (isPosting || wanted === null || to === null) return;
    isPosting = true;
    isPostDue = false;
    try {
      const answer = await fetch(`/events/${to}`, { method: 'POST', body: subscriptionText(wanted) });
      // The head knows no such stream: it is another one now.
      if (!answer.ok && to === connection.number()) connection.retryLater();
    } catch {
      // The stream will notice, too.
    }
    isPosting = false;
    if (isPostDue) post();
  }

  return {
    want(now) {
      wanted = now;
      if (now === null) connection.disconnect();
      else if (connection.isOpen()) post();
      else connection.connect();
    },
  };
}
