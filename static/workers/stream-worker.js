// The shared worker that holds one event stream for all tabs of a browser. It imports nothing before it listens: a tab
// that connects while parts are still loading would not be heard.

/** @type {MessagePort[]} */
const early = [];
/** @type {(port: MessagePort) => void} */
let take = (port) => early.push(port);

self.addEventListener('connect', (event) => {
  const [port] = event instanceof MessageEvent ? event.ports : [];
  if (port) take(port);
});

/** @param {MessagePort} port */
const refuse = (port) => port.postMessage('unable');

import('./tabs.js')
  .then(({ takeTab }) => (/** @type {MessagePort} */ port) => {
    takeTab(port);
    port.postMessage('able');
  })
  .catch(() => refuse)
  .then((taker) => {
    take = taker;
    for (const port of early) taker(port);
  });
