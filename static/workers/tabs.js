// The tabs that share one event stream: a browser allows few connections to one head.

/** @import { Wanted } from '../stream/wanted.js' */
import { createHeadStream } from '../stream/head-stream.js';
import { createBrought } from './brought.js';

/** A tab says every few seconds that it is there; one that crashed does not. */
const GONE_AFTER_MS = 45_000;
const LOOK_MS = 15_000;

/**
 * Hidden tabs want nothing.
 * @type {Map<MessagePort, { wanted: Wanted | null, heardMs: number }>}
 */
const tabs = new Map();
const brought = createBrought();

const stream = createHeadStream((event) => {
  if (event.type === 'message') brought.note(event.id, event.message);
  for (const [port, { wanted }] of tabs) if (wanted !== null) port.postMessage(event);
});

/** @param {string} [epoch] of the tab that asked last */
function tellHead(epoch) {
  const wishes = [...tabs.values()].flatMap(({ wanted }) => wanted ?? []);
  stream.want(brought.unite(wishes, epoch));
}

/**
 * @param {MessagePort} port
 * @param {Wanted | 'here' | 'bye' | null} said
 */
function hear(port, said) {
  const before = tabs.get(port)?.wanted ?? null;
  if (said === 'bye') tabs.delete(port);
  else tabs.set(port, { wanted: said === 'here' ? before : said, heardMs: performance.now() });
  if (said === 'here') return;
  if (said === 'bye' || said === null) {
    tellHead();
    return;
  }
  brought.askAgain(said, before);
  tellHead(said.epoch);
}

/** @param {MessagePort} port */
export function takeTab(port) {
  port.onmessage = ({ data }) => hear(port, data);
}

setInterval(() => {
  const now = performance.now();
  const gone = [...tabs].filter(([, { heardMs }]) => now - heardMs > GONE_AFTER_MS);
  for (const [port] of gone) tabs.delete(port);
  if (gone.length > 0) tellHead();
}, LOOK_MS);
