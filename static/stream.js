// The head's event stream, for one page or for all tabs of a browser. Says what is in sight, hears what changed.
// Used by live.js and, where there are shared workers, by stream-worker.js.
//
// What is in sight: { epoch, rows: { 'PART:ID': since }, pages: { PATH: [since, outer] }, topics: { TOPIC: since } },
// where `since` is the version up to which the browser has it, 0 where it has nothing.
globalThis.openRollcallStream = (tell) => {
  const SILENCE_LIMIT_MS = 40_000;
  const LONGEST_WAIT_MS = 30_000;

  let source = null;
  let stream = null;
  /** What is in sight, as the head is told; null while nobody looks. */
  let wanted = null;
  let posting = false;
  let isPostDue = false;
  let retryTimer = 0;
  let failures = 0;
  let lastHeard = 0;

  function heard() {
    lastHeard = performance.now();
    failures = 0;
    tell({ type: 'heard' });
  }

  /** Numbers as `1-24,30`. */
  function ranges(numbers) {
    numbers.sort((a, b) => a - b);
    const found = [];
    for (const number of numbers) {
      const last = found.at(-1);
      if (last && number === last[1] + 1) last[1] = number;
      else found.push([number, number]);
    }
    return found.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(',');
  }

  function written({ epoch, rows, pages, topics }) {
    const groups = new Map();
    for (const [key, since] of Object.entries(rows)) {
      const [part, id] = key.split(':').map(Number);
      const group = groups.get(`${since} ${part}`) ?? { since, part, ids: [] };
      groups.set(`${since} ${part}`, group);
      group.ids.push(id);
    }
    return JSON.stringify({
      epoch,
      rows: Array.from(groups.values(), ({ since, part, ids }) => [since, part, ranges(ids)]),
      pages: Object.entries(pages).map(([path, [since, outer]]) => [since, path, outer]),
      topics: Object.entries(topics).map(([topic, since]) => [since, topic]),
    });
  }

  async function post() {
    isPostDue = wanted !== null && stream !== null;
    if (posting || !isPostDue) return;
    posting = true;
    isPostDue = false;
    const to = stream;
    try {
      const answer = await fetch(`/events/${to}`, { method: 'POST', body: written(wanted) });
      // The head knows no such stream: it is another one now.
      if (!answer.ok && to === stream) retryLater();
    } catch {
      // The stream will notice, too.
    }
    posting = false;
    if (isPostDue) post();
  }

  function connect() {
    clearTimeout(retryTimer);
    source?.close();
    stream = null;
    lastHeard = performance.now();
    source = new EventSource('/events');
    source.addEventListener('stream', (event) => {
      stream = event.data;
      heard();
      post();
    });
    source.onmessage = (event) => {
      heard();
      tell({ type: 'message', id: event.lastEventId, message: JSON.parse(event.data) });
    };
    source.addEventListener('ping', heard);
    source.addEventListener('reload', () => tell({ type: 'reload' }));
    source.onerror = () => {
      stream = null;
      tell({ type: 'lost' });
      // The browser tries again by itself after a cut, but gives up after an answer that is an error.
      if (source?.readyState === EventSource.CLOSED) retryLater();
    };
  }

  function disconnect() {
    clearTimeout(retryTimer);
    source?.close();
    source = null;
    stream = null;
  }

  function retryLater() {
    disconnect();
    tell({ type: 'lost' });
    const wait = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** failures) * (0.75 + Math.random() / 2);
    failures += 1;
    retryTimer = setTimeout(connect, wait);
  }

  setInterval(() => {
    if (source && performance.now() - lastHeard > SILENCE_LIMIT_MS) retryLater();
  }, 5000);

  return {
    /** Null: nobody looks, and the connection is given back. */
    want(now) {
      wanted = now;
      if (now === null) disconnect();
      else if (source === null) connect();
      else post();
    },
  };
};
