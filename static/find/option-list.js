// The list of completions below the search box.

/** @import { CompletionOption } from '../../src/query/completion.ts' */
import { make } from '../page/make.js';

/** @typedef {ReturnType<typeof createOptionList>} OptionList */

/**
 * @param {CompletionOption} option
 * @param {number} at
 */
function makeOption({ text, help }, at) {
  const attributes = { id: `query-option-${at}`, role: 'option', 'aria-selected': 'false' };
  return make('li', attributes, make('b', {}, text), ' ', make('small', {}, help));
}

/**
 * @param {HTMLElement} list
 * @param {HTMLInputElement} input
 */
function placeBelow({ style }, input) {
  const left = Math.round(input.getBoundingClientRect().left);
  style.left = `${input.offsetLeft}px`;
  style.top = `${input.offsetTop + input.offsetHeight + 2}px`;
  style.minWidth = `${input.offsetWidth}px`;
  style.maxWidth = `min(34rem, calc(100vw - ${left}px - 1rem))`;
}

/** @param {HTMLInputElement} input */
function describeInput(input) {
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-controls', 'query-options');
  input.setAttribute('aria-expanded', 'false');
}

/**
 * @param {HTMLInputElement} input
 * @param {HTMLFormElement} form
 */
export function createOptionList(input, form) {
  const list = make('ul', {
    id: 'query-options',
    class: 'find-options',
    role: 'listbox',
    'aria-label': 'Completions',
    hidden: '',
  });
  const status = make('span', { class: 'find-status', 'aria-live': 'polite' });
  let active = -1;
  form.append(list, status);
  describeInput(input);

  /** @param {number} at -1 for none */
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

  return {
    isOpen: () => !list.hidden,
    active: () => active,
    /** @param {number} at */
    textAt: (at) => list.children[at]?.querySelector('b')?.textContent,
    /** @param {CompletionOption[]} options */
    open(options) {
      active = -1;
      list.replaceChildren(...options.map(makeOption));
      placeBelow(list, input);
      list.hidden = false;
      input.setAttribute('aria-expanded', 'true');
      input.removeAttribute('aria-activedescendant');
      status.textContent = options.length === 1 ? '1 completion' : `${options.length} completions`;
    },
    close() {
      list.hidden = true;
      active = -1;
      input.setAttribute('aria-expanded', 'false');
      input.removeAttribute('aria-activedescendant');
      status.textContent = '';
    },
    /**
     * To the next or previous option. There is one place more: none of them, what was typed.
     * @param {1 | -1} by
     */
    step(by) {
      const places = list.children.length + 1;
      activate(((active + 1 + by + places) % places) - 1);
    },
    /** @param {(at: number) => void} listener */
    onChoice(listener) {
      // Before the field loses the focus.
      list.addEventListener('pointerdown', (event) => event.preventDefault());
      list.addEventListener('click', ({ target }) => {
        const option = target instanceof Element ? target.closest('[role="option"]') : null;
        if (option) listener([...list.children].indexOf(option));
      });
    },
  };
}
