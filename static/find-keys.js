// Keys of the page: `/` to the search, `?` for help, arrows or j and k from row to row, g and a letter to another view.
(() => {
  const SECOND_KEY_MS = 1_500;
  const VIEWS = { n: '/', g: '/gpus', j: '/jobs', u: '/users' };
  const KEYS = [
    ['/', 'to the search'],
    ['↓ ↑ or j k', 'to the next or previous node or row'],
    ['Enter', 'opens it'],
    ['g then n, g, j, u', 'to the nodes, GPUs, jobs, users'],
    ['?', 'this help'],
    ['Esc', 'closes it'],
  ];
  /** What a key means to these is theirs. */
  const TYPED_IN = 'input, textarea, select, [contenteditable], dialog';
  const OWN_ARROWS = `${TYPED_IN}, canvas, pre, [role="slider"], .uplot`;

  const input = document.getElementById('query');
  if (!location.protocol.startsWith('http')) return;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  // --- help

  let help = null;

  const row = (...cells) =>
    make(
      'tr',
      {},
      ...cells.map((cell, at) => make(at === 0 ? 'th' : 'td', at === 0 ? { scope: 'row' } : {}, cell)),
    );

  function fieldRow({ name, aliases, help: words, example, choices }) {
    const names = [name, ...aliases].map((each) => `${each}:`).join(' ');
    const known = choices && choices.length <= 12 ? ` (${choices.join(', ')})` : '';
    return row(make('code', {}, names), `${words}${known}`, make('code', {}, example));
  }

  function makeHelp() {
    const fields = make('tbody');
    const note = make('p', { role: 'status' });
    const close = make('button', { value: 'close' }, 'Close');
    const dialog = make(
      'dialog',
      { class: 'find-help', 'aria-labelledby': 'find-help-title' },
      make('h2', { id: 'find-help-title' }, 'Search and keys'),
      make(
        'table',
        {},
        make('caption', {}, 'Keys'),
        make('tbody', {}, ...KEYS.map(([key, words]) => row(make('kbd', {}, key), words))),
      ),
      make(
        'p',
        {},
        'All words of a search hold. ',
        make('code', {}, 'a,b'),
        ' is one of both, ',
        make('code', {}, '-word'),
        ' is not that, ',
        make('code', {}, 'field:=text'),
        ' is the whole text, quotes keep blanks together.',
      ),
      make('table', {}, make('caption', {}, 'Fields'), fields),
      note,
      make('form', { method: 'dialog' }, close),
    );
    document.body.append(dialog);
    return { dialog, fields, note };
  }

  async function fillHelp({ fields, note }) {
    if (fields.children.length > 0) return;
    try {
      const response = await fetch('/api/v1/complete/fields', { signal: AbortSignal.timeout(10_000) });
      if (!response.ok) throw new Error(`the head answers ${response.status}`);
      const answer = await response.json();
      fields.replaceChildren(...answer.fields.map(fieldRow));
      note.textContent = '';
    } catch (error) {
      note.textContent = `The fields could not be loaded: ${error.message}.`;
    }
  }

  /** A dialog gives the focus back to where it was. */
  function showHelp() {
    help ??= makeHelp();
    if (!help.dialog.open) help.dialog.showModal();
    fillHelp(help);
  }

  const button = make(
    'button',
    { type: 'button', class: 'find-help-button', 'aria-label': 'Help: search and keys' },
    '?',
  );
  button.addEventListener('click', showHelp);
  input?.closest('form')?.append(button);

  // --- from row to row

  const stops = () => [
    ...document.querySelectorAll(
      'article > [data-live-row], .rows tbody > tr[data-live-row]:not([data-live-row="page"])',
    ),
  ];

  function barHeight() {
    const bar = document.getElementById('title');
    return bar && getComputedStyle(bar).position === 'sticky' ? bar.getBoundingClientRect().bottom : 0;
  }

  /** From the row that has the focus, else from the first that can be seen. */
  function nextStop(rows, by) {
    const current = rows.findIndex((each) => each.contains(document.activeElement));
    if (current >= 0) return rows[current + by];
    const top = barHeight();
    const seen = rows.findIndex((each) => each.getBoundingClientRect().top >= top - 1);
    return by > 0 ? rows[seen] : rows[(seen < 0 ? rows.length : seen) - 1];
  }

  function focusStop(stop) {
    const link = stop.querySelector('h2 a, th a, td a');
    if (!link) stop.tabIndex = -1;
    (link ?? stop).focus({ preventScroll: true });
    const isTall = stop.getBoundingClientRect().height > window.innerHeight / 2;
    // The style's scroll padding keeps it clear of the bar.
    stop.scrollIntoView({ block: isTall ? 'start' : 'nearest' });
  }

  function move(by) {
    const stop = nextStop(stops(), by);
    if (stop) focusStop(stop);
    return stop !== undefined;
  }

  // --- keys

  let gAtMs = Number.NEGATIVE_INFINITY;

  /** The link of the view, with what was searched for. */
  function goToView(path) {
    const links = [...document.querySelectorAll('.views a')];
    const link = links.find(({ href }) => new URL(href).pathname === path);
    if (link) link.click();
    return link !== undefined;
  }

  function focusSearch() {
    if (!input) return false;
    input.focus();
    input.select();
    return true;
  }

  function act(key, target) {
    const isSecond = performance.now() - gAtMs < SECOND_KEY_MS;
    gAtMs = Number.NEGATIVE_INFINITY;
    if (isSecond && Object.hasOwn(VIEWS, key)) return goToView(VIEWS[key]);
    if (key === '/') return focusSearch();
    if (key === '?') {
      showHelp();
      return true;
    }
    if (key === 'g') gAtMs = performance.now();
    if (target.matches(OWN_ARROWS)) return false;
    if (key === 'ArrowDown' || key === 'j') return move(1);
    if (key === 'ArrowUp' || key === 'k') return move(-1);
    return false;
  }

  document.addEventListener('keydown', (event) => {
    const { key, target, altKey, ctrlKey, metaKey, isComposing, defaultPrevented } = event;
    if (altKey || ctrlKey || metaKey || isComposing || defaultPrevented) return;
    if (!(target instanceof Element) || target.closest(TYPED_IN) || document.querySelector('dialog[open]'))
      return;
    // A shifted arrow marks text.
    if (event.shiftKey && key.startsWith('Arrow')) return;
    if (act(key, target)) event.preventDefault();
  });
})();
