// Draws one chart with its legend and table. Loaded by charts.js, behind uPlot; knows nothing of where figures come
// from.
(() => {
  /** Readable on light and dark paper; `--chart-1` … `--chart-12` count where they are set. */
  const LIGHT =
    '#1766b5 #b34a00 #0f7b5f #8a3fa0 #b0243a #5f6b00 #0a7f96 #8a5a00 #c2307f #4a55c8 #3f7a24 #6b5a52';
  const DARK =
    '#6cb4ff #ffa35c #4fd3ac #d39bf0 #ff8f9c #cbd653 #5fd0e6 #f7c763 #ff8fc8 #a3adff #93d871 #cdbbb1';
  /** Every half dozen lines have a pattern of their own: colour alone tells nobody apart who cannot see it. */
  const DASHES = [[], [7, 3], [2, 3], [8, 3, 2, 3]];
  const COLOURS = 12;
  const LINES_PER_DASH = 6;
  const HEIGHT_PX = 150;
  const LEGEND_CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit' };
  const SVG = 'http://www.w3.org/2000/svg';
  const POWERS_OF_TWO = Array.from({ length: 52 }, (_, power) => 2 ** power);

  const { formatValue, formatAge, formatClock, zone } = globalThis.rollcallFormat;

  const dashOf = (place) => DASHES[Math.floor(place / LINES_PER_DASH) % DASHES.length];

  // --- colours

  /** What the page's own style says now: other themes have other colours. */
  function readTheme(element) {
    const style = getComputedStyle(element);
    const [red = 0, green = 0, blue = 0] = (style.color.match(/[\d.]+/g) ?? []).map(Number);
    const isDark = red * 0.3 + green * 0.59 + blue * 0.11 > 140;
    const fallback = (isDark ? DARK : LIGHT).split(' ');
    return {
      ink: style.color,
      grid: `rgba(${red}, ${green}, ${blue}, 0.14)`,
      font: `12px ${style.fontFamily}`,
      lines: fallback.map((colour, at) => style.getPropertyValue(`--chart-${at + 1}`).trim() || colour),
    };
  }

  // --- elements

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  /** A short piece of the line, as it is drawn. */
  function makeSwatch(colour, dash) {
    const swatch = document.createElementNS(SVG, 'svg');
    const line = document.createElementNS(SVG, 'line');
    const set = (element, attributes) => {
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    };
    set(swatch, { width: 22, height: 8, 'aria-hidden': 'true' });
    const style = { stroke: colour, 'stroke-width': 2.5, 'stroke-dasharray': dash.join(' ') };
    set(line, { x1: 0, x2: 22, y1: 4, y2: 4, ...style });
    swatch.append(line);
    return swatch;
  }

  /** The newest point at which a line has a value; -1 where it has none. */
  function lastAt(values) {
    let at = values.length - 1;
    while (at >= 0 && values[at] === null) at--;
    return at;
  }

  // --- uPlot

  /** A value between two gaps would not be seen as a line. */
  function lonePoints(chart, index) {
    const values = chart.data[index];
    const alone = [];
    for (let at = 0; at < values.length; at++)
      if (values[at] !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null)
        alone.push(at);
    return alone;
  }

  function plotOptions({ subject, theme, lines, width, range, onCursor }) {
    const top = subject.max;
    const axis = {
      stroke: theme.ink,
      font: theme.font,
      grid: { stroke: theme.grid, width: 1 },
      ticks: { show: false },
    };
    const isBytes = subject.unit.startsWith('bytes');
    return {
      width,
      height: HEIGHT_PX,
      ms: 1,
      legend: { show: false },
      cursor: {
        drag: { x: false, y: false, setScale: false },
        points: { show: false },
        sync: { key: 'rollcall', scales: ['x', null], setSeries: false },
      },
      scales: {
        x: { time: true, range },
        y: {
          range: (_, low, high) => (top ? [0, top] : [Math.min(0, low ?? 0), high > 0 ? high * 1.08 : 1]),
        },
      },
      axes: [
        { ...axis, size: 26, space: 64, values: (_, times) => times.map(formatClock) },
        {
          ...axis,
          size: 74,
          space: 30,
          ...(isBytes ? { incrs: POWERS_OF_TWO } : {}),
          values: (_, values) => values.map((value) => formatValue(subject.unit, value)),
        },
      ],
      series: [
        {},
        ...lines.map((line) => ({
          label: line.label,
          stroke: theme.lines[line.place % COLOURS],
          dash: dashOf(line.place),
          width: 1.75,
          show: !line.hidden,
          points: { show: false, size: 4, filter: lonePoints },
        })),
      ],
      hooks: { setCursor: [(chart) => onCursor(chart.cursor.left >= 0 ? chart.cursor.idx : null)] },
    };
  }

  // --- words beside the lines

  /** A line's name and value; pressing it calls `onPress`, which says whether the line is hidden now. */
  function makeEntry(line, theme, onPress) {
    const item = make('li');
    const button = make('button');
    const value = make('b');
    const old = make('small');
    button.type = 'button';
    button.setAttribute('aria-pressed', String(!line.hidden));
    button.title = `Show or hide ${line.label}`;
    const swatch = makeSwatch(theme.lines[line.place % COLOURS], dashOf(line.place));
    button.append(swatch, make('span', '', line.label), value, old);
    button.addEventListener('click', () => button.setAttribute('aria-pressed', String(!onPress())));
    item.append(button);
    return { item, value, old };
  }

  function headCell(text, scope) {
    const cell = make('th', '', text);
    cell.scope = scope;
    return cell;
  }

  function fillTable(table, lines, times, nowMs) {
    const head = make('tr');
    head.append(...['Line', 'Last value', 'Age'].map((word) => headCell(word, 'col')));
    const rows = lines.map(({ label, unit, values }) => {
      const at = lastAt(values);
      const row = make('tr');
      row.append(headCell(label, 'row'), make('td', '', formatValue(unit, values[at] ?? null)));
      row.append(make('td', '', formatAge(nowMs - times[at])));
      return row;
    });
    table.replaceChildren(head, ...rows);
  }

  // --- one chart

  /** `range` gives the first and last moment to show. */
  function createPanel(subject, range) {
    const root = make('section', 'chart');
    const heading = make('h3', '', subject.title);
    const age = make('small', 'chart-age');
    const plot = make('div', 'chart-plot');
    const reason = make('p', 'chart-missing');
    const legend = make('ul', 'chart-legend');
    const details = make('details', 'chart-table');
    const table = make('table');
    details.append(make('summary', '', 'Values'), table);
    heading.append(' ', age);
    root.append(heading, plot, reason, legend, details);
    plot.setAttribute('role', 'img');
    plot.setAttribute(
      'aria-label',
      `${subject.title}, last 15 minutes, times in ${zone}; the values are in the table below`,
    );

    let chart = null;
    let drawnKeys = '';
    let lines = [];
    let times = [];
    let cursorAt = null;
    let entries = [];
    let isSeen = true;
    const hidden = new Set();

    new IntersectionObserver(([entry]) => {
      isSeen = entry.isIntersecting;
      if (isSeen) draw();
    }).observe(root);
    new ResizeObserver(() => {
      if (chart && plot.clientWidth > 0 && plot.clientWidth !== chart.width)
        chart.setSize({ width: plot.clientWidth, height: HEIGHT_PX });
    }).observe(plot);
    details.addEventListener('toggle', writeTable);

    const data = () => [times, ...lines.map(({ values }) => values)];

    function destroy() {
      chart?.destroy();
      chart = null;
      drawnKeys = '';
      entries = [];
      cursorAt = null;
    }

    /** Lines came or went, or the colours changed: made anew. */
    function build() {
      destroy();
      const theme = readTheme(root);
      drawnKeys = lines.map(({ key, label }) => `${key} ${label}`).join('\n');
      const shown = lines.map((line) => ({ ...line, hidden: hidden.has(line.key) }));
      const width = Math.max(200, plot.clientWidth);
      const onCursor = (at) => {
        cursorAt = at;
        writeLegend();
      };
      chart = new uPlot(plotOptions({ subject, theme, lines: shown, width, range, onCursor }), data(), plot);
      entries = shown.map((line, at) => makeEntry(line, theme, () => toggle(line.key, at)));
      legend.replaceChildren(...entries.map(({ item }) => item));
    }

    /** True where the line is hidden now. */
    function toggle(key, at) {
      const isHidden = !hidden.delete(key);
      if (isHidden) hidden.add(key);
      chart?.setSeries(at + 1, { show: !isHidden });
      return isHidden;
    }

    /** What stands under the cursor, or else what was heard last and how old that is. */
    function writeLegend() {
      // Out of sight, the entries may be those of other lines.
      if (!isSeen) return;
      const isPointing = cursorAt !== null && cursorAt < times.length;
      const newest = times.length - 1;
      const [, nowMs] = range();
      age.textContent = isPointing
        ? `at ${new Date(times[cursorAt]).toLocaleTimeString([], LEGEND_CLOCK)} ${zone}`
        : lines.length > 0
          ? formatAge(nowMs - times[Math.max(...lines.map(({ values }) => lastAt(values)))])
          : '';
      entries.forEach(({ value, old }, line) => {
        const { values, unit } = lines[line];
        const at = isPointing ? cursorAt : lastAt(values);
        value.textContent = formatValue(unit, values[at] ?? null);
        old.textContent = isPointing || at === newest || at < 0 ? '' : formatAge(nowMs - times[at]);
      });
    }

    function writeTable() {
      if (details.open) fillTable(table, lines, times, range()[1]);
    }

    function draw() {
      if (!isSeen || document.hidden || !root.isConnected || lines.length === 0) return;
      const keys = lines.map(({ key, label }) => `${key} ${label}`).join('\n');
      if (chart === null || keys !== drawnKeys) build();
      else chart.setData(data());
      writeLegend();
      writeTable();
    }

    return {
      root,
      /** `words`: why lines are missing; null where none is. */
      set(nowTimes, nowLines, words) {
        times = nowTimes;
        lines = nowLines;
        reason.textContent = words ?? '';
        reason.hidden = words === null;
        for (const part of [plot, legend, details]) part.hidden = lines.length === 0;
        if (lines.length === 0) {
          destroy();
          age.textContent = '';
        } else draw();
      },
      draw,
      /** Ages go on without new figures. */
      tick() {
        if (isSeen && !document.hidden && chart) writeLegend();
      },
      restyle() {
        destroy();
        draw();
      },
      destroy,
    };
  }

  globalThis.rollcallPlot = { createPanel };
})();
