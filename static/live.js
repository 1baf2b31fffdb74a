// Keeps a page as it is on the head: says which rows are in sight, takes what changed of them, and puts the changed
// values where they belong. Elements with data-live (data-live-page outside of all rows) name what of them changes,
// in document order.
(() => {
  const {
    liveVersion = '',
    liveKey = '',
    liveOuter = '',
    liveWhole = '',
  } = document.currentScript?.dataset ?? {};
  // Opened from disk as a designer's file: there is no head.
  if (!liveVersion || !liveKey) return;

  const { parse, morph } = globalThis.rollcallMorph;
  const [epoch, loadedVersion] = liveVersion.split('.');
  /** Rows that are in sight soon are asked for before they are. */
  const MARGIN = '60% 0px';
  /** Rows out of sight that keep their content. */
  const MOST_LOADED = 150;

  /** 'PART:ID' → { root, slots, since, age, ageFrom, ages, isInSight }, where slots is made when it is first needed. */
  const rows = new Map();
  let pageSince = Number(loadedVersion);
  let pageSlots = null;
  const topics = new Map();
  let lastHeard = performance.now();
  let lost = false;

  const notice = document.createElement('p');
  notice.className = 'stream-lost';
  notice.setAttribute('role', 'status');
  // It counts seconds: announce.js says once what it is about.
  notice.setAttribute('aria-live', 'off');
  notice.hidden = true;
  document.body.append(notice);

  // --- what is in sight

  let sayTimer = 0;
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const row = rows.get(keyOfRoot(target));
        if (row?.root === target) row.isInSight = isIntersecting;
      }
      saySoon();
    },
    { rootMargin: MARGIN },
  );

  const keyOfRoot = ({ dataset }) => `${dataset.livePart}:${dataset.liveRow}`;

  function saySoon() {
    if (sayTimer === 0) sayTimer = setTimeout(say, 50);
  }

  function say() {
    sayTimer = 0;
    if (document.hidden) return;
    const seen = {};
    for (const [key, { isInSight, since }] of rows) if (isInSight) seen[key] = since;
    unloadSome();
    stream.want({
      epoch,
      rows: seen,
      pages: { [liveKey]: [pageSince, liveOuter] },
      topics: Object.fromEntries(topics),
    });
  }

  /** Thousands of rows that were seen once would slow the page down: the first ones become empty again. */
  function unloadSome() {
    const loaded = [...rows.values()].filter(
      ({ root, since, isInSight }) => since > 0 && !isInSight && !isLight(root),
    );
    for (const row of loaded.slice(0, Math.max(0, loaded.length - MOST_LOADED))) {
      const { root } = row;
      const heading = root.querySelector('h2')?.cloneNode(true);
      root.style.minHeight = `${root.offsetHeight}px`;
      root.replaceChildren(...(heading ? [heading] : []));
      root.classList.add('unloaded');
      Object.assign(row, { since: 0, slots: null, ages: [] });
    }
  }

  const isLight = ({ nodeName }) => /^(?:LI|TR|TD|TH|TBODY|DT|DD|OPTION|A|SPAN|B|BUTTON)$/.test(nodeName);

  function track(root, since) {
    const row = { root, slots: null, since, age: null, ageFrom: 0, ages: [], isInSight: false };
    rows.set(keyOfRoot(root), row);
    observer.observe(root);
    return row;
  }

  function untrack(key, { root }) {
    observer.unobserve(root);
    rows.delete(key);
  }

  // --- finding what is where

  function collectSlots(root, attribute) {
    const slots = [];
    const marked = [...root.querySelectorAll(`[${attribute}]`)];
    if (root instanceof Element && root.hasAttribute(attribute)) marked.unshift(root);
    for (const element of marked) {
      for (const target of element.getAttribute(attribute).split(' ')) slots.push([element, target]);
    }
    return slots;
  }

  function collectRows(writtenAt) {
    for (const root of document.querySelectorAll('[data-live-row]:not([data-live-row="page"])')) {
      const row = track(root, root.classList.contains('unloaded') ? 0 : Number(loadedVersion));
      readAges(row, writtenAt);
    }
  }

  /** Ages on a fresh page are those of the moment when the head wrote it. */
  function readAges(row, writtenAt) {
    row.ages = [...row.root.querySelectorAll('[data-age]')];
    const shown = row.ages[0]?.dataset.age;
    if (writtenAt === undefined || !shown) return;
    row.age = Number(shown);
    row.ageFrom = writtenAt;
  }

  // --- applying changes

  function put([element, target], value) {
    if (target === 'text') element.textContent = value;
    else if (value === null) element.removeAttribute(target);
    else element.setAttribute(target, value);
  }

  function putValues(slots, change) {
    (change.all ?? []).forEach((value, at) => {
      if (slots[at]) put(slots[at], value);
    });
    const set = change.set ?? [];
    for (let at = 0; at < set.length; at += 2) {
      const slot = slots[set[at]];
      if (slot) put(slot, set[at + 1]);
    }
  }

  const anchorOf = (part) => document.querySelector(`template[data-live-end="${part}"]`);

  function replaceRow(row, html) {
    const fresh = parse(html).firstElementChild;
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
    } else {
      observer.unobserve(row.root);
      row.root.replaceWith(fresh);
      row.root = fresh;
      observer.observe(fresh);
    }
    row.slots = null;
    readAges(row);
    document.dispatchEvent(new CustomEvent('rollcall:row', { detail: row.root }));
  }

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
    globalThis.rollcallTimes?.show(row.root);
    row.since = version;
    row.age = change.age;
    row.ageFrom = performance.now();
    showAge(row, row.ageFrom);
  }

  function applyPage(change, version) {
    for (const [piece, html] of Object.entries(change.pieces ?? {})) {
      for (const old of document.querySelectorAll(`[data-live-part="page${piece}"]`)) old.remove();
      anchorOf(`page${piece}`)?.before(parse(html));
    }
    if (change.pieces) pageSlots = null;
    pageSlots ??= collectSlots(document, 'data-live-page');
    putValues(pageSlots, change);
    for (const [kind, entries] of Object.entries(change.orders ?? {}))
      applyOrder(kind, entries, change.names ?? {});
    globalThis.rollcallTimes?.show(document);
    pageSince = version;
  }

  /** As `headingHtml` of the head. */
  function makeHeading(tag, title) {
    const heading = document.createElement(tag === 'TR' || tag === 'LI' ? tag : 'h2');
    heading.className = 'group';
    if (tag !== 'TR') heading.textContent = title;
    else {
      const cell = Object.assign(document.createElement('th'), {
        colSpan: 99,
        scope: 'colgroup',
        textContent: title,
      });
      heading.append(cell);
    }
    return heading;
  }

  /** Whoever looks for a node by its name finds its place; of several that of the one that shows most. */
  function nameplate(place, name) {
    const isLine = place.nodeName === 'TR';
    if ((isLight(place) && !isLine) || document.getElementById(name)) return;
    place.id = name;
    if (isLine)
      place.append(Object.assign(document.createElement('th'), { scope: 'row', textContent: name }));
  }

  /** A row that came meanwhile: its place, until it is in sight. */
  function makePlace(tag, part, id, name, isNode = false) {
    const place = document.createElement(tag);
    place.className = 'unloaded';
    place.dataset.livePart = part;
    place.dataset.liveRow = String(id);
    if (name !== undefined && isNode) nameplate(place, name);
    track(place, 0);
    return place;
  }

  /** For scripts that put a node's whole section somewhere: it is filled while it is in sight. */
  const [wholePart, wholeTag] = liveWhole.split(' ');
  globalThis.rollcallLive = {
    canOpen: wholeTag !== undefined,
    open(id) {
      const place = makePlace(wholeTag, wholePart, id);
      const row = rows.get(keyOfRoot(place));
      if (row) row.isInside = true;
      return place;
    },
    close(root) {
      untrack(keyOfRoot(root), { root });
      saySoon();
    },
  };

  /** Behind an element, but for what was unfolded below it. */
  function behind(element) {
    let next = element.nextElementSibling;
    while (next?.classList.contains('unfolded')) next = next.nextElementSibling;
    return next;
  }

  /** Removes what is gone, makes room for what is new, and puts all in order with its headings. */
  function applyOrder(kind, entries, names) {
    for (const anchor of document.querySelectorAll(`template[data-live-kind="${kind}"]`)) {
      const part = anchor.dataset.liveEnd;
      const tag = anchor.dataset.liveTag.toUpperCase();
      const keep = new Set(entries.map((entry) => `${part}:${entry}`));
      for (const [key, row] of rows) {
        if (row.root.dataset.livePart !== part || keep.has(key)) continue;
        row.root.remove();
        untrack(key, row);
      }
      for (const heading of anchor.parentNode.querySelectorAll(':scope > .group')) heading.remove();
      let next = anchor;
      for (const entry of [...entries].reverse()) {
        const element =
          typeof entry === 'string'
            ? makeHeading(tag, entry)
            : (rows.get(`${part}:${entry}`)?.root ??
              makePlace(tag, part, entry, names[entry], kind === 'nodes'));
        if (behind(element) !== next) next.before(element);
        next = element;
      }
    }
    document.dispatchEvent(new Event('rollcall:order'));
  }

  function apply(id, message) {
    const [from, version] = id.split('.');
    if (from !== epoch) return;
    for (const change of message.pages) if (change.key === liveKey) applyPage(change, Number(version));
    for (const change of message.rows) applyRow(change, Number(version));
    for (const { topic, value } of message.topics) {
      if (!topics.has(topic)) continue;
      topics.set(topic, Number(version));
      document.dispatchEvent(new CustomEvent(`rollcall:${topic.split(' ')[0]}`, { detail: value }));
    }
  }

  /** Other scripts of the page ask for what is live beside rows. */
  document.addEventListener('rollcall:want', ({ detail: topic }) => {
    topics.set(topic, 0);
    saySoon();
  });
  document.addEventListener('rollcall:leave', ({ detail: topic }) => {
    topics.delete(topic);
    saySoon();
  });

  // --- ages

  function ageText(ms) {
    const seconds = Math.max(1, Math.floor(ms / 1000));
    if (seconds < 120) return `${seconds} s ago`;
    if (seconds < 7200) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86_400)} d ago`;
  }

  function showAge(row, now) {
    if (row.age === null) return;
    const age = row.age + now - row.ageFrom;
    const text = ageText(age);
    let limit = Number.POSITIVE_INFINITY;
    for (const element of row.ages) {
      if (element.textContent !== text) element.textContent = text;
      limit = Number(element.dataset.ageLimit) || limit;
    }
    const old = age > limit;
    if (row.old === old) return;
    row.old = old;
    row.root.classList.toggle('old', old);
  }

  function newestAge(now) {
    let newest = null;
    for (const { age, ageFrom } of rows.values()) {
      if (age !== null && (newest === null || age + now - ageFrom < newest)) newest = age + now - ageFrom;
    }
    return newest ?? now - lastHeard;
  }

  const title = document.title;
  const icon = document.querySelector('link[rel="icon"][type="image/svg+xml"]');
  const iconAddress = icon?.getAttribute('href');

  /** What stands in the tab, too, must not look as if all was well. */
  function showLost() {
    if ((document.documentElement.dataset.head === 'lost') === lost) return;
    if (lost) document.documentElement.dataset.head = 'lost';
    else delete document.documentElement.dataset.head;
    document.title = lost ? `(no connection) ${title}` : title;
    icon?.setAttribute('href', lost ? '/static/favicon-lost.svg' : iconAddress);
  }

  function showNotice(now) {
    notice.hidden = !lost;
    showLost();
    if (!lost) return;
    const text = `Connection to the head lost, figures are ${Math.floor(newestAge(now) / 1000)} s old. Trying again…`;
    if (notice.textContent !== text) notice.textContent = text;
  }

  function tick() {
    const now = performance.now();
    if (document.hidden) return;
    for (const row of rows.values()) if (row.isInSight) showAge(row, now);
    showNotice(now);
  }

  // --- the stream

  function hear({ type, id, message }) {
    if (type === 'reload') location.reload();
    if (type === 'lost') lost = true;
    if (type === 'heard' || type === 'message') {
      lastHeard = performance.now();
      lost = false;
    }
    if (type === 'message') apply(id, message);
    showNotice(performance.now());
  }

  /** All tabs of a browser share one stream where it can. */
  function openStream() {
    if (typeof SharedWorker !== 'function') return globalThis.openRollcallStream(hear);
    const { port } = new SharedWorker('/static/stream-worker.js', 'rollcall');
    port.onmessage = ({ data }) => hear(data);
    port.start();
    setInterval(() => port.postMessage('here'), 10_000);
    window.addEventListener('pagehide', () => port.postMessage('bye'));
    return { want: (wanted) => port.postMessage(wanted) };
  }

  // Hidden tabs give their connection back, and catch up when shown.
  function follow() {
    if (document.hidden) stream.want(null);
    else say();
    tick();
  }

  const [navigation] = performance.getEntriesByType('navigation');
  collectRows(navigation?.responseStart ?? 0);
  const stream = openStream();
  document.addEventListener('visibilitychange', follow);
  window.addEventListener('pagehide', () => stream.want(null));
  window.addEventListener('pageshow', ({ persisted }) => persisted && follow());
  setInterval(tick, 1000);
  follow();
})();
