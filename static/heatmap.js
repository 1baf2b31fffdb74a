// A heat map of all GPUs in every `<div class="heatmap" data-heat>`, one cell each. Its cells come as `rollcall:heat`
// events on the document: `heat layout` says which they are, `heat METRIC` what each shows (see src/web/live/heat.ts).
// The head asks all nodes for fresh figures while somebody follows a metric: out of sight, collapsed or in a hidden
// tab the map follows none. A `rollcall:theme` event draws it anew in the page's new colours.
(() => {
  const { ABSENT, DIMMED, cellAt, levelAt, useAt, place, cellUnder, beside, createPainter } =
    globalThis.rollcallHeat;
  const { HINT, METRICS_OF, USE_WORDS_OF, isUseMetric, makeBox } = globalThis.rollcallHeatBox;
  const MOST_OF_WINDOW = 0.38;
  const LAYOUT = 'heat layout';

  // Browsers can be told to keep nothing.
  function recall(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  }
  function keep(name, value) {
    try {
      localStorage.setItem(name, value);
    } catch {
      // It is for this page only then.
    }
  }

  const onPage = (name) => {
    const element = document.getElementById(name);
    return element?.hasAttribute('data-live-row') ? element : null;
  };

  function goTo(name, isElsewhere) {
    const path = `/nodes/${encodeURIComponent(name)}`;
    if (isElsewhere) window.open(path, '_blank', 'noopener');
    else if (onPage(name)) {
      const hash = `#${encodeURIComponent(name)}`;
      document.dispatchEvent(new CustomEvent('rollcall:goto', { detail: name }));
      if (location.hash === hash) onPage(name).scrollIntoView();
      else location.hash = hash;
      onPage(name).querySelector('h2 a, th a')?.focus({ preventScroll: true });
    } else location.assign(path);
  }

  /** A page of nodes that were searched for shows where they are. */
  const isSearch = () =>
    location.pathname === '/' &&
    new URLSearchParams(location.search).get('q') &&
    !document.querySelector('.more a');

  function startHeatMap(root) {
    const box = makeBox();
    const { details, select, canvas, cursor, line } = box;
    const painter = createPainter(canvas, root);
    // On a phone it would push all rows out of sight.
    const usual = matchMedia('(max-width: 46em)').matches ? 'closed' : 'open';
    details.open = (recall('rollcall-heat') ?? usual) !== 'closed';
    // What stands below it does not move once it comes, if it is as high as last time.
    if (details.open) root.style.minHeight = `${Number(recall('rollcall-heat-height')) || 0}px`;
    let metric = recall('rollcall-heat-metric') ?? '';
    /** What a cell is: `gpus`, or `nodes` of a cluster without GPUs. */
    let of = 'gpus';
    if (!Object.hasOwn(METRICS_OF[of], metric)) metric = 'utilization';
    select.value = metric;

    /** What was heard; it is shown once both are of the same version. */
    let layout = null;
    let figures = null;
    /** What is shown: for each cell its node and label, what it should be and what it was painted as. */
    let version = 0;
    let shownMetric = '';
    let nodes = [];
    let owners = [];
    let labels = [];
    let counts = [];
    let cells = new Uint16Array(0);
    let painted = new Int32Array(0);
    let places = null;
    let width = 0;
    let pointed = -1;
    let isInSight = false;
    let frame = 0;
    const followed = new Set();

    // --- what is followed

    function wanted() {
      if (!isInSight || document.hidden) return [];
      if (!details.open) return layout === null ? [LAYOUT] : [];
      const isEmpty = layout !== null && layout.nodes.length === 0;
      return isEmpty ? [LAYOUT] : [LAYOUT, `heat ${metric}`];
    }

    function follow() {
      const now = new Set(wanted());
      const say = (what, detail) => document.dispatchEvent(new CustomEvent(`rollcall:${what}`, { detail }));
      for (const topic of followed) if (!now.has(topic)) say('leave', topic);
      for (const topic of now) if (!followed.has(topic)) say('want', topic);
      followed.clear();
      for (const topic of now) followed.add(topic);
    }

    function hear(value) {
      if (value.topic === LAYOUT) {
        layout = value;
        speakOf(value.of);
        root.style.minHeight = '';
        if (layout.nodes.length === 0) details.remove();
        else if (!details.isConnected) root.append(details);
        follow();
      } else if (value.topic === `heat ${metric}`) figures = value;
      if (details.open) show();
    }

    /** Other cells have other figures. */
    function speakOf(subject) {
      if (of === subject) return;
      of = subject;
      box.speakOf(of);
      if (!Object.hasOwn(METRICS_OF[of], metric)) [metric] = Object.keys(METRICS_OF[of]);
      select.value = metric;
      figures = null;
    }

    // --- what is shown

    function takeLayout() {
      const isRestyled = shownMetric !== metric;
      version = layout.version;
      shownMetric = metric;
      nodes = layout.nodes;
      owners = nodes.flatMap(([, , gpus], node) =>
        Array.from(typeof gpus === 'number' ? { length: gpus } : gpus, () => node),
      );
      labels = nodes.flatMap(([, , gpus]) =>
        typeof gpus === 'number' ? Array.from({ length: gpus }, (_, at) => String(at)) : gpus,
      );
      const before = counts.join();
      counts = nodes.map(([, , gpus]) => (typeof gpus === 'number' ? gpus : gpus.length));
      // Mostly it is a node's state that is another one.
      if (places !== null && counts.join() === before && !isRestyled) return;
      cells = new Uint16Array(owners.length);
      point(-1, 'off');
      placeAll();
    }

    function show() {
      if (layout?.version !== figures?.version || document.hidden) return;
      if (layout === null || figures.topic !== `heat ${metric}`) return;
      if (shownMetric !== metric) box.describe(root, metric);
      if (version !== layout.version || shownMetric !== metric) takeLayout();
      const isNarrowed = isSearch();
      const dimmed = nodes.map(([name]) => (isNarrowed && !onPage(name) ? DIMMED : 0));
      for (let at = 0; at < cells.length; at += 1)
        cells[at] = cellAt(figures.levels, figures.uses, at) + dimmed[owners[at]];
      canvas.setAttribute('aria-label', summary());
      if (pointed >= 0) tell('off');
      paintSoon();
    }

    function summary() {
      const words = USE_WORDS_OF[of];
      const found = words.map(() => 0);
      for (let at = 0; at < cells.length; at += 1) found[useAt(figures.uses, at)] += 1;
      const parts = words.flatMap((word, use) => (found[use] > 0 ? `${found[use]} ${word}` : []));
      return `${cells.length} ${of === 'gpus' ? 'GPUs' : 'nodes'} by ${METRICS_OF[of][metric].title}: ${parts.join(', ')}. Arrow keys move, Enter opens the node`;
    }

    function placeAll() {
      width = box.field.clientWidth;
      if (width === 0) return;
      places = place(counts, width, window.innerHeight * MOST_OF_WINDOW);
      painter.restart(places, width, isUseMetric(shownMetric));
      painted = new Int32Array(cells.length).fill(-1);
      showCursor();
      paintSoon();
      keep('rollcall-heat-height', String(root.offsetHeight));
    }

    function paintSoon() {
      if (frame === 0) frame = requestAnimationFrame(paint);
    }

    function paint() {
      frame = 0;
      if (places === null) return;
      for (let at = 0; at < cells.length; at += 1) {
        if (painted[at] === cells[at]) continue;
        painter.paint(at, cells[at]);
        painted[at] = cells[at];
      }
      painter.flush();
    }

    function restyle() {
      if (version === 0) return;
      box.describe(root, shownMetric);
      placeAll();
    }

    // --- pointing at a cell

    function tell(live) {
      const [name, state] = nodes[owners[pointed]] ?? [];
      const level = levelAt(figures.levels, pointed);
      const words = [
        name,
        ...(of === 'gpus' ? [`GPU ${labels[pointed]}`] : []),
        level === ABSENT ? 'no figure' : METRICS_OF[of][metric].text(level),
        USE_WORDS_OF[of][useAt(figures.uses, pointed)],
        ...(state === 'live' || of === 'nodes' ? [] : [`node ${state}`]),
        ...(cells[pointed] >= DIMMED ? ['not among those found'] : []),
      ];
      // Who listens hears where they are, not every second how it changes.
      line.setAttribute('aria-live', live);
      const text = pointed < 0 ? HINT : words.join(' · ');
      if (line.textContent !== text) line.textContent = text;
    }

    function showCursor() {
      cursor.hidden = pointed < 0 || places === null;
      if (cursor.hidden) return;
      Object.assign(cursor.style, {
        left: `${places.xs[pointed]}px`,
        top: `${places.ys[pointed]}px`,
        width: `${places.cell}px`,
        height: `${places.cell}px`,
      });
    }

    function point(at, live) {
      if (at === pointed) return;
      pointed = at;
      showCursor();
      if (figures !== null) tell(live);
    }

    const under = ({ offsetX, offsetY }) => (places === null ? -1 : cellUnder(places, offsetX, offsetY));

    function firstOfNode(at, step) {
      const node = Math.max(0, Math.min(nodes.length - 1, owners[at] + step));
      return owners.indexOf(node);
    }

    const moves = {
      ArrowRight: (at) => Math.min(cells.length - 1, at + 1),
      ArrowLeft: (at) => Math.max(0, at - 1),
      ArrowDown: (at) => beside(places, at, 1),
      ArrowUp: (at) => beside(places, at, -1),
      PageDown: (at) => firstOfNode(at, 1),
      PageUp: (at) => firstOfNode(at, -1),
      Home: () => 0,
      End: () => cells.length - 1,
    };

    function onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || places === null || cells.length === 0) return;
      if (event.key === 'Enter' && pointed >= 0) goTo(nodes[owners[pointed]][0], false);
      else if (Object.hasOwn(moves, event.key)) {
        point(pointed < 0 ? 0 : moves[event.key](pointed), 'polite');
        cursor.scrollIntoView({ block: 'nearest' });
      } else return;
      event.preventDefault();
    }

    canvas.addEventListener('keydown', onKey);
    canvas.addEventListener('focus', () => {
      if (pointed < 0 && cells.length > 0 && canvas.matches(':focus-visible')) point(0, 'polite');
    });
    canvas.addEventListener('pointermove', (event) => point(under(event), 'off'));
    canvas.addEventListener('pointerleave', () => document.activeElement !== canvas && point(-1, 'off'));
    canvas.addEventListener('blur', () => point(-1, 'off'));
    canvas.addEventListener('click', (event) => {
      const at = under(event);
      if (at >= 0) goTo(nodes[owners[at]][0], event.ctrlKey || event.metaKey);
    });
    select.addEventListener('change', () => {
      metric = select.value;
      keep('rollcall-heat-metric', metric);
      figures = null;
      follow();
    });
    details.addEventListener('toggle', () => {
      keep('rollcall-heat', details.open ? 'open' : 'closed');
      follow();
      show();
    });

    document.addEventListener('rollcall:heat', ({ detail }) => hear(detail));
    document.addEventListener('visibilitychange', () => {
      follow();
      show();
    });
    document.addEventListener('rollcall:theme', () => requestAnimationFrame(restyle));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () =>
      requestAnimationFrame(restyle),
    );
    new IntersectionObserver((entries) => {
      isInSight = entries.at(-1)?.isIntersecting ?? false;
      follow();
    }).observe(root);
    new ResizeObserver(() => box.field.clientWidth !== width && placeAll()).observe(box.field);
    window.addEventListener('resize', () => details.open && placeAll());
  }

  for (const root of document.querySelectorAll('.heatmap[data-heat]')) startHeatMap(root);
})();
