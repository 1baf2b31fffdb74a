// Keeps a page as it is on the head: takes server-sent events and puts the changed values where they belong.
// Elements with data-live (data-live-page outside of all nodes) name what of them changes, in document order.
(() => {
  const script = document.currentScript;
  let version = script?.dataset.liveVersion ?? '';
  const address = script?.dataset.liveEvents ?? '';
  // Opened from disk as a designer's file: there is no head.
  if (!version || !address) return;

  const SILENCE_LIMIT_MS = 40_000;
  const LONGEST_WAIT_MS = 30_000;

  /** id → { roots, slots, age, since, ages }, where slots is made when it is first needed. */
  const nodes = new Map();
  let pageSlots = null;
  let source = null;
  let retryTimer = 0;
  let failures = 0;
  let lastHeard = performance.now();
  let lost = false;

  const notice = document.createElement('p');
  notice.className = 'stream-lost';
  notice.setAttribute('role', 'status');
  notice.hidden = true;
  document.body.append(notice);

  // --- finding what is where

  function collectSlots(roots, attribute) {
    const slots = [];
    for (const root of roots) {
      if (root.dataset?.liveFrom !== undefined) slots.length = Number(root.dataset.liveFrom);
      const marked = [...root.querySelectorAll(`[${attribute}]`)];
      if (root instanceof Element && root.hasAttribute(attribute)) marked.unshift(root);
      for (const element of marked) {
        for (const target of element.getAttribute(attribute).split(' ')) slots.push([element, target]);
      }
    }
    return slots;
  }

  function collectNodes() {
    for (const root of document.querySelectorAll('[data-live-node]:not([data-live-node="page"])')) {
      const id = Number(root.dataset.liveNode);
      const node = nodes.get(id) ?? { roots: [], slots: null, age: null, since: 0, ages: [] };
      node.roots.push(root);
      nodes.set(id, node);
    }
  }

  /** Ages on a fresh page are those of the moment when the head wrote it. */
  function readAges(node, since) {
    node.ages = node.roots.flatMap((root) => [...root.querySelectorAll('[data-age]')]);
    const shown = node.ages[0]?.dataset.age;
    if (since === undefined || !shown) return;
    node.age = Number(shown);
    node.since = since;
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

  function parse(html) {
    const template = document.createElement('template');
    template.innerHTML = html;
    return template.content;
  }

  const keyOf = (node) => node.dataset?.key;
  const sameKind = (a, b) => a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

  /** Makes `from` like `to` without replacing it, so that open details, focus and selection survive. */
  function morph(from, to) {
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.data !== to.data) from.data = to.data;
      return;
    }
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && !(name === 'open' && from.nodeName === 'DETAILS'))
        from.removeAttribute(name);
    }
    for (const { name, value } of to.attributes) {
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    morphChildren(from, to);
  }

  function morphChildren(from, to) {
    let at = from.firstChild;
    for (const child of [...to.childNodes]) {
      const match = findMatch(at, child);
      if (!match) {
        from.insertBefore(child, at);
        continue;
      }
      if (match === at) at = at.nextSibling;
      else from.insertBefore(match, at);
      morph(match, child);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  /** Rows with a key are found wherever they are now; others near by, so that they do not slip onto each other. */
  function findMatch(at, child) {
    let far = keyOf(child) === undefined ? 4 : Number.POSITIVE_INFINITY;
    for (let old = at; old && far > 0; old = old.nextSibling) {
      if (sameKind(old, child)) return old;
      far -= 1;
    }
    return null;
  }

  const anchorOf = (part) => document.querySelector(`template[data-live-end="${part}"]`);

  function replaceParts(node, parts) {
    const roots = [];
    parts.forEach((html, part) => {
      const fresh = parse(html).firstElementChild;
      const old = node.roots.find((root) => root.dataset.livePart === String(part));
      if (fresh && old?.nodeName === fresh.nodeName) {
        morph(old, fresh);
        roots.push(old);
        return;
      }
      const anchor = anchorOf(part);
      if (fresh && anchor) {
        if (old) old.replaceWith(fresh);
        else anchor.before(fresh);
        roots.push(fresh);
      } else old?.remove();
    });
    node.roots = roots;
    node.slots = null;
    readAges(node);
  }

  function applyNode(change) {
    let node = nodes.get(change.id);
    if (!node) {
      if (!change.parts) return;
      node = { roots: [], slots: null, age: null, since: 0, ages: [] };
      nodes.set(change.id, node);
    }
    if (change.parts) replaceParts(node, change.parts);
    else if (change.set || change.all) {
      node.slots ??= collectSlots(node.roots, 'data-live');
      putValues(node.slots, change);
    }
    node.age = change.age;
    node.since = performance.now();
    showAge(node, node.since);
  }

  function applyPage(change) {
    change.parts?.forEach((html, part) => {
      for (const old of document.querySelectorAll(`[data-live-part="page${part}"]`)) old.remove();
      anchorOf(`page${part}`)?.before(parse(html));
    });
    if (change.parts) pageSlots = null;
    pageSlots ??= collectSlots([document], 'data-live-page');
    putValues(pageSlots, change);
  }

  /** Removes nodes that are gone and puts the rest in the order of the list. */
  function applyOrder(order) {
    const wanted = new Set(order);
    for (const [id, node] of nodes) {
      if (wanted.has(id)) continue;
      for (const root of node.roots) root.remove();
      nodes.delete(id);
    }
    for (const anchor of document.querySelectorAll('template[data-live-end]')) {
      const part = anchor.dataset.liveEnd;
      let next = anchor;
      for (const id of [...order].reverse()) {
        const root = nodes.get(id)?.roots.find((candidate) => candidate.dataset.livePart === part);
        if (!root) continue;
        if (root.nextElementSibling !== next) next.before(root);
        next = root;
      }
    }
  }

  function apply(message) {
    for (const change of message.nodes) applyNode(change);
    if (message.order) applyOrder(message.order);
    if (message.page) applyPage(message.page);
  }

  // --- ages

  function ageText(ms) {
    const seconds = Math.max(1, Math.floor(ms / 1000));
    if (seconds < 120) return `${seconds} s ago`;
    if (seconds < 7200) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86_400)} d ago`;
  }

  function showAge(node, now) {
    if (node.age === null) return;
    const age = node.age + now - node.since;
    const text = ageText(age);
    let limit = Number.POSITIVE_INFINITY;
    for (const element of node.ages) {
      if (element.textContent !== text) element.textContent = text;
      limit = Number(element.dataset.ageLimit) || limit;
    }
    const old = age > limit;
    if (node.old === old) return;
    node.old = old;
    for (const root of node.roots) root.classList.toggle('old', old);
  }

  function newestAge(now) {
    let newest = null;
    for (const { age, since } of nodes.values()) {
      if (age !== null && (newest === null || age + now - since < newest)) newest = age + now - since;
    }
    return newest ?? now - lastHeard;
  }

  function showNotice(now) {
    notice.hidden = !lost;
    if (!lost) return;
    const text = `Connection to the head lost, figures are ${Math.floor(newestAge(now) / 1000)} s old. Trying again…`;
    if (notice.textContent !== text) notice.textContent = text;
  }

  function tick() {
    const now = performance.now();
    if (document.hidden) return;
    if (source && now - lastHeard > SILENCE_LIMIT_MS) retryLater();
    for (const node of nodes.values()) showAge(node, now);
    showNotice(now);
  }

  // --- the stream

  function heard(event) {
    lastHeard = performance.now();
    failures = 0;
    if (lost) {
      lost = false;
      showNotice(lastHeard);
    }
    if (event?.lastEventId) version = event.lastEventId;
  }

  function connect() {
    clearTimeout(retryTimer);
    source?.close();
    const url = new URL(address, location.origin);
    url.searchParams.set('since', version);
    lastHeard = performance.now();
    source = new EventSource(url);
    source.onopen = () => heard();
    source.onmessage = (event) => {
      heard(event);
      apply(JSON.parse(event.data));
    };
    source.addEventListener('ping', () => heard());
    source.addEventListener('reload', () => location.reload());
    source.onerror = () => {
      lost = true;
      showNotice(performance.now());
      // The browser tries again by itself after a cut, but gives up after an answer that is an error.
      if (source?.readyState === EventSource.CLOSED) retryLater();
    };
  }

  function disconnect() {
    clearTimeout(retryTimer);
    source?.close();
    source = null;
  }

  function retryLater() {
    disconnect();
    lost = true;
    const wait = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** failures) * (0.75 + Math.random() / 2);
    failures += 1;
    retryTimer = setTimeout(connect, wait);
  }

  // Browsers allow few connections to one head: hidden tabs give theirs back, and catch up when shown.
  function follow() {
    if (document.hidden) disconnect();
    else if (!source) connect();
    tick();
  }

  collectNodes();
  const [navigation] = performance.getEntriesByType('navigation');
  for (const node of nodes.values()) readAges(node, navigation?.responseStart ?? 0);
  document.addEventListener('visibilitychange', follow);
  window.addEventListener('pagehide', disconnect);
  window.addEventListener('pageshow', follow);
  setInterval(tick, 1000);
  follow();
})();
