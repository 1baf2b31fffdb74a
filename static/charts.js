// Charts of a node's last 15 minutes: `<div class="charts" data-charts="/api/v1/nodes/NODE/recent">` is filled from
// that address (`data-charts-only`: beginnings of the keys of the series to show), and goes on with every `rollcall:recent` event on the document (detail: the same shape, newer points).
// A `rollcall:theme` event on the document draws everything anew in the page's new colours.
(() => {
  const RECENT_MS = 15 * 60_000;
  /** Nothing heard for longer: what is missing is asked for. */
  const SILENCE_MS = 20_000;
  const RETRY_MS = 5_000;
  const ANSWER_LIMIT_MS = 15_000;
  /** While an answer is waited for, so many newer points are kept. */
  const MOST_WAITING = 60;
  /** Without news the axis still moves, but seldom; for who wants no motion, more seldom. */
  const CALM_STEP_MS = matchMedia('(prefers-reduced-motion: reduce)').matches ? 30_000 : 5_000;
  const SCRIPTS = ['uplot/uPlot.iife.min.js', 'charts-format.js', 'charts-model.js', 'charts-plot.js'];

  const STYLES = ['uplot/uPlot.min.css', 'charts.css'];

  // --- what the page itself was served from

  const base = new URL('.', document.currentScript.src);
  let library = null;

  function add(element, name) {
    return new Promise((resolve, reject) => {
      element.addEventListener('load', resolve);
      element.addEventListener('error', () => reject(new Error(`${name} could not be loaded`)));
      document.head.append(element);
    });
  }

  const addScript = (name) =>
    add(Object.assign(document.createElement('script'), { src: new URL(name, base) }), name);
  const addStyle = (name) =>
    add(
      Object.assign(document.createElement('link'), { rel: 'stylesheet', href: new URL(name, base) }),
      name,
    );

  /** Once for the page, and only where there is something to draw. */
  function loadLibrary() {
    library ??= (async () => {
      await Promise.all(STYLES.map(addStyle));
      for (const name of SCRIPTS) await addScript(name);
    })();
    // Tried again after a failure.
    library.catch(() => {
      library = null;
    });
    return library;
  }

  // --- one element with charts

  function startCharts(element) {
    const address = element.dataset.charts;
    const only = (element.dataset.chartsOnly ?? '').split(' ').filter(Boolean).map(decodeURIComponent);
    const topic = `recent ${decodeURIComponent(/\/nodes\/([^/?]+)/.exec(address)?.[1] ?? '')}`;
    const note = document.createElement('p');
    note.className = 'charts-note';
    note.setAttribute('role', 'status');
    const grid = document.createElement('div');
    grid.className = 'charts-grid';
    const zone = document.createElement('p');
    zone.className = 'charts-zone';
    element.replaceChildren(note, grid, zone);

    let model = null;
    let node = null;
    let panels = [];
    let loading = null;
    let waiting = [];
    /** The head's clock less this browser's. */
    let clockOffsetMs = 0;
    let drawnAtMs = 0;
    let retryTimer = 0;

    const nowMs = () => Date.now() + clockOffsetMs;
    const range = () => [nowMs() - RECENT_MS, nowMs()];

    async function fetchSince(since) {
      const response = await fetch(since === null ? address : `${address}?since=${since}`, {
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      });
      if (!response.ok) throw new Error(`the head answers ${response.status}`);
      return response.json();
    }

    /** Everything at first, later what was missed; points that come meanwhile wait. */
    function load() {
      loading ??= (async () => {
        try {
          await loadLibrary();
          model ??= rollcallModel.createModel();
          const answer = await fetchSince(model.lastMs());
          node = answer.node;
          clockOffsetMs = answer.toMs - Date.now();
          note.textContent = '';
          take(answer);
          zone.textContent = `Times: ${rollcallFormat.zone}`;
        } catch (error) {
          note.textContent = `The last 15 minutes could not be loaded: ${error.message}.`;
          clearTimeout(retryTimer);
          retryTimer = setTimeout(() => document.hidden || load(), RETRY_MS);
        } finally {
          loading = null;
          const late = waiting;
          waiting = [];
          for (const chunk of late) if (chunk.node === node) take(chunk);
        }
      })();
      return loading;
    }

    const isMeant = ({ key }) => only.length === 0 || only.some((beginning) => key.startsWith(beginning));

    function take(told) {
      const chunk = { ...told, series: told.series.filter(isMeant) };
      model.append(chunk);
      const newest = chunk.timesMs.at(-1);
      // A browser's clock that was set back must not put the newest figures outside of the chart.
      if (newest > nowMs()) clockOffsetMs = newest - Date.now();
      model.dropBefore(nowMs() - RECENT_MS);
      draw();
    }

    /** The subjects to show: of a group without any series, one says why. */
    function visibleSubjects() {
      const told = new Set();
      return rollcallModel.SUBJECTS.filter((subject) => {
        if (model.of(subject).length > 0) return true;
        // Of what was not meant nobody asks why it is missing.
        if (only.length > 0) return false;
        if (
          rollcallModel.SUBJECTS.some((other) => other.group === subject.group && model.of(other).length > 0)
        )
          return false;
        return !told.has(subject.group) && told.add(subject.group);
      });
    }

    function panelFor(subject) {
      return (
        panels.find((known) => known.subject === subject) ?? {
          subject,
          ...rollcallPlot.createPanel(subject, range),
        }
      );
    }

    function draw() {
      if (document.hidden || node === null || !globalThis.rollcallPlot) return;
      drawnAtMs = Date.now();
      const wanted = visibleSubjects();
      if (wanted.length !== panels.length || wanted.some((subject, at) => panels[at].subject !== subject)) {
        for (const { subject, destroy } of panels) if (!wanted.includes(subject)) destroy();
        panels = wanted.map(panelFor);
        grid.replaceChildren(...panels.map(({ root }) => root));
      }
      if (wanted.length === 0) note.textContent = 'The node keeps no figures of it over time.';
      for (const { subject, set } of panels) {
        const all = model.of(subject);
        const present = all.filter(({ values }) => values.some((value) => value !== null));
        const absent = all.filter((one) => !present.includes(one));
        const words =
          all.length > 0
            ? rollcallModel.reasonsOf(absent, present.length === 0)
            : model.whyNone(subject.group);
        set(
          model.times(),
          present,
          words ?? (present.length === 0 ? 'no value in the last 15 minutes' : null),
        );
      }
    }

    const isLate = () => nowMs() - (model.lastMs() ?? 0) > SILENCE_MS;

    say('want', topic);
    load();
    return {
      topic,
      isGone: () => !element.isConnected,
      hear(chunk) {
        const newest = chunk.timesMs.at(-1) ?? 0;
        if (loading !== null) waiting = [...waiting.slice(1 - MOST_WAITING), chunk];
        else if (node !== chunk.node || newest <= (model.lastMs() ?? 0)) return;
        else if (newest - (model.lastMs() ?? 0) < SILENCE_MS) take(chunk);
        else {
          waiting.push(chunk);
          load();
        }
      },
      shown() {
        if (loading === null && (node === null || isLate())) load();
        else draw();
      },
      tick() {
        if (document.hidden || node === null) return;
        for (const { tick } of panels) tick();
        if (Date.now() - drawnAtMs < CALM_STEP_MS) return;
        model.dropBefore(nowMs() - RECENT_MS);
        draw();
      },
      restyle() {
        for (const { restyle } of panels) restyle();
      },
      end() {
        clearTimeout(retryTimer);
        for (const { destroy } of panels) destroy();
      },
    };
  }

  // --- all elements with charts

  const started = new Map();
  const say = (what, detail) => document.dispatchEvent(new CustomEvent(`rollcall:${what}`, { detail }));

  /** The page may be made anew around us. */
  function lookAround() {
    for (const [element, charts] of started)
      if (charts.isGone()) {
        charts.end();
        started.delete(element);
        if (![...started.values()].some(({ topic }) => topic === charts.topic)) say('leave', charts.topic);
      }
    for (const element of document.querySelectorAll('.charts[data-charts]'))
      if (!started.has(element)) started.set(element, startCharts(element));
  }

  const everywhere = (action) => {
    for (const charts of started.values()) action(charts);
  };
  const restyle = () => requestAnimationFrame(() => everywhere((charts) => charts.restyle()));

  document.addEventListener('rollcall:recent', (event) => everywhere((charts) => charts.hear(event.detail)));
  document.addEventListener('rollcall:theme', restyle);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', restyle);
  // Paper is light, whatever the screen is.
  matchMedia('print').addEventListener('change', () => everywhere((charts) => charts.restyle()));
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) everywhere((charts) => charts.shown());
  });
  setInterval(() => {
    lookAround();
    everywhere((charts) => charts.tick());
  }, 1_000);
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', lookAround);
  else lookAround();
})();
