// What helps at the search box: completion as somebody types, and addresses without empty words. Without this script
// the box is a plain form. The language is the head's: `/api/v1/complete` says what could stand at the caret.

/** @import { Completion } from '../../src/query/completion.ts' */
/** @import { OptionList } from './option-list.js' */
import { createOptionList } from './option-list.js';

/**
 * @typedef {object} SearchBox
 * @property {HTMLInputElement} input
 * @property {OptionList} list
 * @property {Pick<Completion, 'from' | 'to'> | null} answer what the options replace
 * @property {number} timer
 * @property {AbortController | null} asking
 */

const SETTLED_MS = 120;
const ANSWER_LIMIT_MS = 5_000;
const MOST_SHOWN = 10;

/** @param {SearchBox} box */
function forget(box) {
  clearTimeout(box.timer);
  box.asking?.abort();
  box.asking = null;
}

/** @param {SearchBox} box */
function close(box) {
  forget(box);
  box.list.close();
}

/**
 * @param {string} text
 * @param {number} caret
 * @param {AbortSignal} signal
 * @returns {Promise<Completion>}
 */
async function fetchCompletion(text, caret, signal) {
  const words = new URLSearchParams({ q: text, at: String(caret) });
  const response = await fetch(`/api/v1/complete?${words}`, { signal });
  if (!response.ok) throw new Error(`the head answers ${response.status}`);
  return response.json();
}

/**
 * An answer to what has been typed over meanwhile is dropped.
 * @param {SearchBox} box
 */
async function ask(box) {
  const { input, list } = box;
  box.asking?.abort();
  const mine = new AbortController();
  box.asking = mine;
  const limit = setTimeout(() => mine.abort(), ANSWER_LIMIT_MS);
  const text = input.value;
  try {
    const { from, to, options } = await fetchCompletion(
      text,
      input.selectionStart ?? text.length,
      mine.signal,
    );
    if (box.asking !== mine || input.value !== text || document.activeElement !== input) return;
    box.answer = { from, to };
    // What stands there already needs no completion.
    const news = options.filter((option) => option.text !== text.slice(from, to)).slice(0, MOST_SHOWN);
    if (news.length > 0) list.open(news);
    else close(box);
  } catch {
    // Whoever types does without.
    if (box.asking === mine) close(box);
  } finally {
    clearTimeout(limit);
  }
}

/** @param {SearchBox} box */
function askSoon(box) {
  forget(box);
  box.timer = setTimeout(() => ask(box), SETTLED_MS);
}

/**
 * @param {SearchBox} box
 * @param {number} at
 */
function accept(box, at) {
  const { input, list, answer } = box;
  const text = list.textAt(at);
  if (answer === null || text === undefined) return;
  // Behind a field comes its value; behind a value the next word.
  const isWhole = !text.endsWith(':');
  const gap = isWhole && !/^[\s,]/.test(input.value.slice(answer.to)) ? ' ' : '';
  close(box);
  input.setRangeText(text + gap, answer.from, answer.to, 'end');
  if (!isWhole) ask(box);
}

/**
 * @param {SearchBox} box
 * @param {KeyboardEvent} event
 */
function onKey(box, event) {
  const { key, altKey, ctrlKey, metaKey, isComposing } = event;
  const { list } = box;
  if (isComposing || ctrlKey || metaKey) return;
  if (key === 'ArrowDown' && !list.isOpen()) ask(box);
  else if (!list.isOpen()) return;
  else if (key === 'Escape' || (key === 'ArrowUp' && altKey)) close(box);
  else if (key === 'ArrowDown') list.step(1);
  else if (key === 'ArrowUp') list.step(-1);
  else if ((key === 'Enter' || (key === 'Tab' && !event.shiftKey)) && list.active() >= 0)
    accept(box, list.active());
  else return;
  event.preventDefault();
  // Keys that are used here mean nothing to the page.
  event.stopPropagation();
}

/** @param {HTMLFormElement} form */
function tidyForm(form) {
  form.addEventListener('formdata', ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === '') formData.delete(name);
  });
  // The selects stand beside the form and belong to it by their `form` attribute.
  for (const element of form.elements) {
    if (element instanceof HTMLSelectElement) element.addEventListener('change', () => form.requestSubmit());
  }
}

export function startSearchBox() {
  const input = document.getElementById('query');
  const form = input?.closest('form');
  if (!(input instanceof HTMLInputElement) || !form) return;
  tidyForm(form);
  /** @type {SearchBox} */
  const box = { input, list: createOptionList(input, form), answer: null, timer: 0, asking: null };
  input.addEventListener('input', (event) => {
    if (!(event instanceof InputEvent && event.isComposing)) askSoon(box);
  });
  input.addEventListener('compositionend', () => askSoon(box));
  input.addEventListener('blur', () => close(box));
  input.addEventListener('keydown', (event) => onKey(box, event));
  box.list.onChoice((at) => accept(box, at));
  form.addEventListener('submit', () => close(box));
}
