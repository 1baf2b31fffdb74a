// "Only mine" beside the other one-click searches: asks once for the user name, keeps it in this browser, and puts
// `user:=NAME` into the search or takes it out.
(() => {
  const STORED = 'rollcall-user';
  const SETTLED_MS = 150;
  const PLAIN = /^[\p{L}\p{N}_./@+][\p{L}\p{N}_./@+-]*$/u;

  const chips = document.querySelector('.quick');
  if (!location.protocol.startsWith('http') || !chips?.querySelector('.chip')) return;

  /** Where a browser keeps nothing, the name is known for this page only. */
  let name = '';
  try {
    name = localStorage.getItem(STORED) ?? '';
  } catch {}

  function keep(chosen) {
    name = chosen;
    try {
      localStorage.setItem(STORED, chosen);
    } catch {}
  }

  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // --- the search

  /** As the head writes names that are more than letters: see src/query/print.ts. */
  const termOf = (user) => `user:=${PLAIN.test(user) ? user : `"${user.replace(/["\\]/g, '\\$&')}"`}`;
  const wordsOf = (query) => query.match(/(?:"(?:\\.|[^"\\])*"?|[^\s"])+/g) ?? [];

  const shownWords = () => wordsOf(new URLSearchParams(location.search).get('q') ?? '');

  function addressWith(words) {
    const address = new URL(location.href);
    address.hash = '';
    address.searchParams.delete('limit');
    if (words.length > 0) address.searchParams.set('q', words.join(' '));
    else address.searchParams.delete('q');
    return address.href;
  }

  /** With it, without what somebody else's "only mine" put there. */
  function toggled() {
    const others = shownWords().filter((word) => !word.startsWith('user:='));
    const isChosen = shownWords().includes(termOf(name));
    return addressWith(isChosen ? others : [...others, termOf(name)]);
  }

  // --- the chips

  const place = make('span', { className: 'find-mine' });

  function show() {
    const isChosen = name !== '' && shownWords().includes(termOf(name));
    const chip =
      name === ''
        ? make('button', { type: 'button', className: 'chip' }, 'Only mine')
        : make('a', { className: isChosen ? 'chip chosen' : 'chip', href: toggled() });
    if (name === '') chip.addEventListener('click', () => askName(true));
    else {
      if (isChosen) {
        chip.append(Object.assign(make('span', {}, '✓ '), { ariaHidden: 'true' }));
        chip.setAttribute('aria-current', 'true');
      }
      chip.append('Only mine');
    }
    const change = make('button', { type: 'button', className: 'find-name' }, name);
    change.setAttribute('aria-label', `Change your user name, now ${name}`);
    change.addEventListener('click', () => askName(isChosen));
    place.replaceChildren(chip, ...(name === '' ? [] : [' ', change]));
  }

  // --- the name

  let dialog = null;
  let isThenSearched = false;
  let asking = null;
  let timer = 0;

  /** As a completion is written, without its quotes. */
  const plainOf = (text) => (text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text);

  async function suggest(input, list) {
    asking?.abort();
    asking = new AbortController();
    const q = `user:${input.value === '' || PLAIN.test(input.value) ? input.value : ''}`;
    try {
      const response = await fetch(`/api/v1/complete?${new URLSearchParams({ q })}`, {
        signal: asking.signal,
      });
      if (!response.ok) return;
      const { options } = await response.json();
      list.replaceChildren(...options.map(({ text }) => make('option', { value: plainOf(text) })));
    } catch {
      // A name can be typed without suggestions.
    }
  }

  function makeDialog() {
    const list = make('datalist', { id: 'find-users' });
    const input = make('input', { name: 'user', required: true, maxLength: 100, autocomplete: 'username' });
    input.setAttribute('list', list.id);
    input.spellcheck = false;
    input.autocapitalize = 'none';
    const cancel = make('button', { type: 'button' }, 'Cancel');
    const form = make(
      'form',
      { method: 'dialog' },
      make('label', {}, 'Your user name on the nodes ', input),
      list,
      make('p', {}, cancel, ' ', make('button', {}, 'Keep')),
    );
    const title = make('h2', { id: 'find-mine-title' }, 'Whose jobs are yours?');
    const made = make('dialog', { className: 'find-who' }, title, form);
    made.setAttribute('aria-labelledby', title.id);
    cancel.addEventListener('click', () => made.close());
    input.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => suggest(input, list), SETTLED_MS);
    });
    form.addEventListener('submit', (event) => {
      const chosen = input.value.trim();
      if (chosen === '') {
        event.preventDefault();
        return;
      }
      const before = name === '' ? null : termOf(name);
      keep(chosen);
      if (!isThenSearched) return;
      const others = shownWords().filter((word) => word !== before && !word.startsWith('user:='));
      location.assign(addressWith([...others, termOf(name)]));
    });
    made.addEventListener('close', () => {
      show();
      place.querySelector('.chip')?.focus();
    });
    document.body.append(made);
    return { made, input, list };
  }

  function askName(thenSearched) {
    isThenSearched = thenSearched;
    dialog ??= makeDialog();
    dialog.input.value = name;
    dialog.made.showModal();
    dialog.input.select();
    suggest(dialog.input, dialog.list);
  }

  show();
  chips.querySelector('.found, output')?.before(place);
  if (!place.isConnected) chips.append(place);
  // The name may have been chosen in another tab.
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key !== STORED) return;
    name = newValue ?? '';
    show();
  });
})();
