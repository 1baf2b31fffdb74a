// One event stream for all tabs of a browser: a browser allows few connections to one head.
importScripts('/static/stream.js');

/** A tab says every few seconds that it is there; one that crashed does not. */
const GONE_AFTER_MS = 45_000;

/** port → { wanted, heardMs }; hidden tabs want nothing. */
const tabs = new Map();
/** The version up to which the stream brought each thing that is followed now. */
let brought = new Map();
let followed = new Set();

const stream = globalThis.openRollcallStream((event) => {
  if (event.type === 'message') noteBrought(event);
  for (const [port, { wanted }] of tabs) if (wanted !== null) port.postMessage(event);
});

const keysOf = ({ rows, pages, topics }) => [
  ...Object.keys(rows).map((key) => `row ${key}`),
  ...Object.keys(pages).map((key) => `page ${key}`),
  ...Object.keys(topics).map((key) => `topic ${key}`),
];

function noteBrought({ id, message }) {
  const version = Number(id.split('.')[1]);
  for (const { part, id: row } of message.rows) brought.set(`row ${part}:${row}`, version);
  for (const { key } of message.pages) brought.set(`page ${key}`, version);
  for (const { topic } of message.topics) brought.set(`topic ${topic}`, version);
}

/** All tabs' wishes as one. What came over this stream is known better here than by the tab. */
function unite(wishes, epoch) {
  const united = { epoch, rows: {}, pages: {}, topics: {} };
  for (const { rows, pages, topics } of wishes) {
    for (const [key, since] of Object.entries(rows)) united.rows[key] = brought.get(`row ${key}`) ?? since;
    for (const [key, [since, outer]] of Object.entries(pages))
      united.pages[key] = [brought.get(`page ${key}`) ?? since, outer];
    for (const [key, since] of Object.entries(topics))
      united.topics[key] = brought.get(`topic ${key}`) ?? since;
  }
  return united;
}

/**
 * What other tabs follow already was sent before this tab had it in sight: it is sent once more, as a whole. So is a row
 * of which the tab has nothing though it was brought: folded and unfolded at once, it is another element.
 */
function askAgain(wanted, before) {
  const had = new Set(before === null ? [] : keysOf(before));
  for (const key of keysOf(wanted)) if (followed.has(key) && !had.has(key)) brought.set(key, 0);
  // Not forgotten: of another tab that follows it the head would hear that it is there.
  for (const [key, since] of Object.entries(wanted.rows))
    if (since === 0 && brought.has(`row ${key}`)) brought.set(`row ${key}`, 0);
}

function tellHead(epoch) {
  const wishes = [...tabs.values()].flatMap(({ wanted }) => wanted ?? []);
  if (wishes.length === 0) {
    followed = new Set();
    brought = new Map();
    stream.want(null);
    return;
  }
  followed = new Set(wishes.flatMap(keysOf));
  for (const key of brought.keys()) if (!followed.has(key)) brought.delete(key);
  stream.want(unite(wishes, epoch ?? wishes[0].epoch));
}

function hear(port, data) {
  const tab = tabs.get(port) ?? { wanted: null };
  tabs.set(port, tab);
  tab.heardMs = performance.now();
  if (data === 'here') return;
  if (data === 'bye') {
    tabs.delete(port);
    tellHead();
    return;
  }
  if (data !== null) askAgain(data, tab.wanted);
  tab.wanted = data;
  tellHead(data?.epoch);
}

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => hear(port, data);
};

setInterval(() => {
  const now = performance.now();
  const gone = [...tabs].filter(([, { heardMs }]) => now - heardMs > GONE_AFTER_MS);
  for (const [port] of gone) tabs.delete(port);
  if (gone.length > 0) tellHead();
}, 15_000);
