// What helps at the search box: completion as somebody types, and addresses without empty words. Without this script
// the box is a plain form. The language is the head's: `/api/v1/complete` says what could stand at the caret.
(() => {
  const SETTLED_MS = 120;
  const ANSWER_LIMIT_MS = 5_000;
  const MOST_SHOWN = 10;

  const input = document.getElementById('query');
  const form = input?.closest('form');
  // Opened from disk as a designer's file: there is no head.
  if (!form || !location.protocol.startsWith('http')) return;

  // --- the form

  form.addEventListener('formdata', ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === '') formData.delete(name);
  });
  // The selects stand beside the form and belong to it by their `form` attribute.
  for (const element of form.elements) {
    if (element.localName === 'select') element.addEventListener('change', () => form.requestSubmit());
  }

  // --- the list of options

  const list = document.createElement('ul');
  list.id = 'query-options';
  list.className = 'find-options';
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Completions');
  list.hidden = true;
  const status = document.createElement('span');
  status.className = 'find-status';
  status.setAttribute('aria-live', 'polite');
  form.append(list, status);
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-controls', list.id);
  input.setAttribute('aria-expanded', 'false');

  /** What the options replace: `{ from, to }` of `text`, as the head said. */
  let answer = null;
  let active = -1;
  let timer = 0;
  let asking = null;

  const isOpen = () => !list.hidden;

  function close() {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
    list.hidden = true;
    active = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
    status.textContent = '';
  }

  function activate(at) {
    list.children[active]?.setAttribute('aria-selected', 'false');
    active = at;
    const option = list.children[at];
    if (!option) {
      input.removeAttribute('aria-activedescendant');
      return;
    }
    option.setAttribute('aria-selected', 'true');
    option.scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', option.id);
  }

  function makeOption({ text, help }, at) {
    const option = document.createElement('li');
    option.id = `query-option-${at}`;
    option.setAttribute('role', 'option');
    option.setAttribute('aria-selected', 'false');
    const word = document.createElement('b');
    word.textContent = text;
    const small = document.createElement('small');
    small.textContent = help;
    option.append(word, ' ', small);
    return option;
  }

  function open(options) {
    active = -1;
    list.replaceChildren(...options.map(makeOption));
    list.style.left = `${input.offsetLeft}px`;
    list.style.top = `${input.offsetTop + input.offsetHeight + 2}px`;
    list.style.minWidth = `${input.offsetWidth}px`;
    list.style.maxWidth = `min(34rem, calc(100vw - ${Math.round(input.getBoundingClientRect().left)}px - 1rem))`;
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    input.removeAttribute('aria-activedescendant');
    status.textContent = options.length === 1 ? '1 completion' : `${options.length} completions`;
  }

  /** An answer to what has been typed over meanwhile is dropped. */
  async function ask() {
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    const limit = setTimeout(() => mine.abort(), ANSWER_LIMIT_MS);
    const text = input.value;
    const caret = input.selectionStart ?? text.length;
    const words = new URLSearchParams({ q: text, at: String(caret) });
    try {
      const response = await fetch(`/api/v1/complete?${words}`, { signal: mine.signal });
      if (!response.ok) throw new Error(`the head answers ${response.status}`);
      const { from, to, options } = await response.json();
      if (asking !== mine || input.value !== text || document.activeElement !== input) return;
      answer = { from, to };
      // What stands there already needs no completion.
      const news = options.filter((option) => option.text !== text.slice(from, to)).slice(0, MOST_SHOWN);
      if (news.length > 0) open(news);
      else close();
    } catch {
      // Whoever types does without.
      if (asking === mine) close();
    } finally {
      clearTimeout(limit);
    }
  }

  function askSoon() {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
    timer = setTimeout(ask, SETTLED_MS);
  }

  function accept(at) {
    const text = list.children[at]?.querySelector('b')?.textContent;
    if (answer === null || text === undefined) return;
    // Behind a field comes its value; behind a value the next word.
    const isWhole = !text.endsWith(':');
    const behind = input.value.slice(answer.to);
    const gap = isWhole && !/^[\s,]/.test(behind) ? ' ' : '';
    close();
    input.setRangeText(text + gap, answer.from, answer.to, 'end');
    if (!isWhole) ask();
  }

  // --- keys and clicks

  const step = (by) => {
    const count = list.children.length;
    // One place more: none of them, what was typed.
    return ((active + 1 + by + count + 1) % (count + 1)) - 1;
  };

  input.addEventListener('input', ({ isComposing }) => {
    if (!isComposing) askSoon();
  });
  input.addEventListener('compositionend', askSoon);
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    const { key, altKey, ctrlKey, metaKey, isComposing } = event;
    if (isComposing || ctrlKey || metaKey) return;
    if (key === 'ArrowDown' && !isOpen()) ask();
    else if (!isOpen()) return;
    else if (key === 'Escape' || (key === 'ArrowUp' && altKey)) close();
    else if (key === 'ArrowDown') activate(step(1));
    else if (key === 'ArrowUp') activate(step(-1));
    else if ((key === 'Enter' || (key === 'Tab' && !event.shiftKey)) && active >= 0) accept(active);
    else return;
    event.preventDefault();
    // Keys that are used here mean nothing to the page.
    event.stopPropagation();
  });
  // Before the field loses the focus.
  list.addEventListener('pointerdown', (event) => event.preventDefault());
  list.addEventListener('click', ({ target }) => {
    const option = target instanceof Element ? target.closest('[role="option"]') : null;
    if (option) accept([...list.children].indexOf(option));
  });
  form.addEventListener('submit', close);
})();
