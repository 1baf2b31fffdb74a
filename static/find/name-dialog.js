// Asks for a user name, with the names that nodes know.

/** @import { Completion } from '../../src/query/completion.ts' */
import { make } from '../page/make.js';
import { isPlainText } from '../shared/query-text.js';

const SETTLED_MS = 150;

/**
 * As a completion is written, without its quotes.
 * @param {string} text
 */
const plainOf = (text) => (text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text);

/**
 * @param {string} typed
 * @param {HTMLElement} list
 * @param {AbortSignal} signal
 */
async function suggest(typed, list, signal) {
  const q = `user:${typed === '' || isPlainText(typed) ? typed : ''}`;
  try {
    const response = await fetch(`/api/v1/complete?${new URLSearchParams({ q })}`, { signal });
    if (!response.ok) return;
    /** @type {Completion} */
    const { options } = await response.json();
    list.replaceChildren(...options.map(({ text }) => make('option', { value: plainOf(text) })));
  } catch {
    // A name can be typed without suggestions.
  }
}

function makeDialog() {
  const list = make('datalist', { id: 'find-users' });
  const input = make('input', {
    name: 'user',
    required: '',
    maxlength: '100',
    autocomplete: 'username',
    list: list.id,
    spellcheck: 'false',
    autocapitalize: 'none',
  });
  const cancel = make('button', { type: 'button' }, 'Cancel');
  const form = make(
    'form',
    { method: 'dialog' },
    make('label', {}, 'Your user name on the nodes ', input),
    list,
    make('p', {}, cancel, ' ', make('button', {}, 'Keep')),
  );
  const title = make('h2', { id: 'find-mine-title' }, 'Whose jobs are yours?');
  const dialog = make('dialog', { class: 'find-who', 'aria-labelledby': title.id }, title, form);
  cancel.addEventListener('click', () => dialog.close());
  document.body.append(dialog);
  return { dialog, form, input, list };
}

/**
 * The dialog is made when it is first asked.
 * @param {(name: string) => void} onChoice
 * @param {() => void} onClose
 */
export function createNameDialog(onChoice, onClose) {
  /** @type {ReturnType<typeof makeDialog> | null} */
  let made = null;
  /** @type {AbortController | null} */
  let asking = null;
  let timer = 0;

  /** @param {ReturnType<typeof makeDialog>} parts */
  function suggestNow({ input, list }) {
    asking?.abort();
    asking = new AbortController();
    suggest(input.value, list, asking.signal);
  }

  function prepare() {
    const parts = makeDialog();
    const { dialog, form, input } = parts;
    input.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => suggestNow(parts), SETTLED_MS);
    });
    form.addEventListener('submit', (event) => {
      const chosen = input.value.trim();
      if (chosen === '') event.preventDefault();
      else onChoice(chosen);
    });
    dialog.addEventListener('close', onClose);
    return parts;
  }

  return {
    /** @param {string} name what is known already */
    ask(name) {
      made ??= prepare();
      made.input.value = name;
      made.dialog.showModal();
      made.input.select();
      suggestNow(made);
    },
  };
}
