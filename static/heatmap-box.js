// The box around the heat map's canvas: heading, choice of the figure, legend, the line that tells a cell; and the
// words for what a cell shows. Used by heatmap.js.
globalThis.rollcallHeatBox = (() => {
  const { ABSENT, USES, drawSample } = globalThis.rollcallHeat;
  const HINT = 'Point at a cell, or move with the arrow keys; Enter opens the node.';

  const percent = (level) => `about ${Math.round((level / (ABSENT - 1)) * 100)} %`;
  const METRICS = {
    utilization: { title: 'utilization', ends: ['0 %', '100 %'], text: (level) => `${percent(level)} used` },
    memory: {
      title: 'memory',
      ends: ['0 %', '100 %'],
      text: (level) => `${percent(level)} of its memory used`,
    },
    temperature: { title: 'temperature', ends: ['20 °C', '95 °C'], text: celsiusText },
    power: {
      title: 'power',
      ends: ['0 %', '100 % of the limit'],
      text: (level) => `${percent(level)} of its power limit`,
    },
  };
  const NODE_METRICS = {
    cpu: { title: 'CPU', ends: ['0 %', '100 %'], text: (level) => `${percent(level)} of its cores used` },
    ram: { title: 'RAM', ends: ['0 %', '100 %'], text: (level) => `${percent(level)} of its memory used` },
  };
  /** By what a cell is. */
  const METRICS_OF = { gpus: METRICS, nodes: NODE_METRICS };
  const NODE_WORDS = { b: 'live', x: 'out of reach', '?': 'connecting' };
  const words = { b: 'busy', f: 'free', i: 'held idle', x: 'out of service', '?': 'not known' };
  const wordsOf = (table) => Array.from(USES, (use) => table[use] ?? '');
  const USE_WORDS_OF = { gpus: wordsOf(words), nodes: wordsOf(NODE_WORDS) };
  /** Of these a free GPU's figure says nothing. */
  const isUseMetric = (metric) => metric === 'utilization' || metric === 'memory';

  function celsiusText(level) {
    if (level === 0) return '20 °C or less';
    return level === ABSENT - 1
      ? '95 °C or more'
      : `about ${Math.round(20 + (level / (ABSENT - 1)) * 75)} °C`;
  }

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function makeBox() {
    const scaleLow = make('span');
    const scaleHigh = make('span');
    const select = make('select');
    const shapes = {
      gpus: [
        ['b', 44, 'busy'],
        ['f', 0, 'free'],
        ['i', 8, 'held idle'],
        ['x', ABSENT, 'out of service'],
        ['b', ABSENT, 'no figure'],
        ['?', 44, 'use not known'],
      ],
      nodes: [
        ['b', 44, 'live'],
        ['x', ABSENT, 'out of reach'],
        ['b', ABSENT, 'no figure'],
      ],
    };
    const legend = make('ul', { class: 'heat-legend', 'aria-label': 'Shapes' });
    const summary = make('summary');
    let of = 'gpus';
    let samples = [];
    const canvas = make('canvas', { tabindex: '0', role: 'application', 'aria-roledescription': 'heat map' });
    const cursor = make('div', { class: 'heat-cursor', hidden: '' });
    const line = make('p', { class: 'heat-line', 'aria-live': 'polite' }, HINT);
    const field = make('div', { class: 'heat-field' }, canvas, cursor);
    const tools = make(
      'div',
      { class: 'heat-tools' },
      make('label', {}, 'Colour: ', select),
      make('span', { class: 'heat-scale' }, scaleLow, make('i', { 'aria-hidden': 'true' }), scaleHigh),
      legend,
    );
    const details = make('details', {}, summary, tools, field, line);

    /** What a cell is: `gpus` or `nodes`. */
    function speakOf(subject) {
      of = subject;
      summary.textContent = `All ${of === 'gpus' ? 'GPUs' : 'nodes'} as a heat map`;
      const titles = Object.entries(METRICS_OF[of]);
      select.replaceChildren(...titles.map(([value, { title }]) => make('option', { value }, title)));
      samples = shapes[of].map(([use, level, words]) => ({
        use,
        level,
        words,
        canvas: make('canvas', { 'aria-hidden': 'true' }),
      }));
      legend.replaceChildren(...samples.map((sample) => make('li', {}, sample.canvas, sample.words)));
    }
    speakOf(of);

    return {
      details,
      select,
      field,
      canvas,
      cursor,
      line,
      speakOf,
      /** What the colours mean now, in the colours of now. */
      describe(root, metric) {
        const { ends } = METRICS_OF[of][metric];
        scaleLow.textContent = ends[0];
        scaleHigh.textContent = ends[1];
        for (const sample of samples) drawSample(sample.canvas, root, sample.level, sample.use);
      },
    };
  }

  return { HINT, METRICS_OF, USE_WORDS_OF, isUseMetric, makeBox };
})();
