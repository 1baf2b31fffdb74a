// The stream of this tab.

/** @import { Wanted } from './wanted.js' */
/** @import { HeadStream, StreamEvent } from './head-stream.js' */
import { createHeadStream } from './head-stream.js';

/** A tab that does not say for longer that it is there counts as gone. */
const HERE_MS = 10_000;
/** A worker that says nothing for so long was not loaded: not every browser tells of that each time. */
const ANSWER_MS = 5_000;

/**
 * All tabs of a browser share one stream where it can. The shared worker is a module, as Chromium and Firefox (since
 * 114) take them; where a browser cannot load it, the tab opens a stream of its own.
 * @param {(event: StreamEvent) => void} hear
 * @returns {HeadStream}
 */
export function openStream(hear) {
  if (typeof SharedWorker !== 'function') return createHeadStream(hear);
  const address = new URL('../workers/stream-worker.js', import.meta.url);
  const worker = new SharedWorker(address, { name: 'rollcall', type: 'module' });
  const { port } = worker;
  /** @type {Wanted | null} */
  let wanted = null;
  /** @type {HeadStream | null} */
  let own = null;

  function openOwn() {
    if (own !== null) return;
    clearInterval(hereTimer);
    clearTimeout(answerTimer);
    port.close();
    own = createHeadStream(hear);
    own.want(wanted);
  }

  port.onmessage = ({ data }) => {
    clearTimeout(answerTimer);
    if (data === 'unable') openOwn();
    else if (data !== 'able') hear(data);
  };
  port.start();
  const answerTimer = setTimeout(openOwn, ANSWER_MS);
  worker.addEventListener('error', openOwn);
  const hereTimer = setInterval(() => port.postMessage('here'), HERE_MS);
  window.addEventListener('pagehide', () => port.postMessage('bye'));
  return {
    want(now) {
      wanted = now;
      if (own !== null) own.want(now);
      else port.postMessage(now);
    },
  };
}
