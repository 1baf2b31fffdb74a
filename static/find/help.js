// What keys and words of a search mean.

/** @import { FieldDescription } from '../../src/web/wire.ts' */
import { make } from '../page/make.js';

const KEYS = [
  ['/', 'to the search'],
  ['↓ ↑ or j k', 'to the next or previous node or row'],
  ['Enter', 'opens it'],
  ['g then n, g, j, u', 'to the nodes, GPUs, jobs, users'],
  ['t', 'the page as it was at a former moment, where the head keeps history'],
  ['[ and ]', 'a minute back or forward'],
  ['← → + −', 'in charts: back or forward in time, a shorter or longer range'],
  ['?', 'this help'],
  ['Esc', 'closes it'],
];
const MOST_CHOICES = 12;
const ANSWER_LIMIT_MS = 10_000;

/**
 * @param {Node | string} heading
 * @param {(Node | string)[]} cells
 */
const row = (heading, ...cells) =>
  make('tr', {}, make('th', { scope: 'row' }, heading), ...cells.map((cell) => make('td', {}, cell)));

/** @param {FieldDescription} field */
function fieldRow({ name, aliases, help, example, choices }) {
  const names = [name, ...aliases].map((each) => `${each}:`).join(' ');
  const known = choices && choices.length <= MOST_CHOICES ? ` (${choices.join(', ')})` : '';
  return row(make('code', {}, names), `${help}${known}`, make('code', {}, example));
}

function makeHelp() {
  const fields = make('tbody');
  const note = make('p', { role: 'status' });
  const keyRows = KEYS.map(([key = '', words = '']) => row(make('kbd', {}, key), words));
  const dialog = make(
    'dialog',
    { class: 'find-help', 'aria-labelledby': 'find-help-title' },
    make('h2', { id: 'find-help-title' }, 'Search and keys'),
    make('table', {}, make('caption', {}, 'Keys'), make('tbody', {}, ...keyRows)),
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
    make('form', { method: 'dialog' }, make('button', { value: 'close' }, 'Close')),
  );
  document.body.append(dialog);
  return { dialog, fields, note };
}

/** @param {ReturnType<typeof makeHelp>} help */
async function fillHelp({ fields, note }) {
  if (fields.children.length > 0) return;
  try {
    const response = await fetch('/api/v1/complete/fields', { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    if (!response.ok) throw new Error(`the head answers ${response.status}`);
    /** @type {{ fields: FieldDescription[] }} */
    const answer = await response.json();
    fields.replaceChildren(...answer.fields.map(fieldRow));
    note.textContent = '';
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    note.textContent = `The fields could not be loaded: ${reason}.`;
  }
}

/** @type {ReturnType<typeof makeHelp> | null} */
let help = null;

/** A dialog gives the focus back to where it was. */
export function showHelp() {
  help ??= makeHelp();
  if (!help.dialog.open) help.dialog.showModal();
  fillHelp(help);
}

/** @param {Element | null} form */
export function addHelpButton(form) {
  if (form === null) return;
  const button = make(
    'button',
    { type: 'button', class: 'find-help-button', 'aria-label': 'Help: search and keys' },
    '?',
  );
  button.addEventListener('click', showHelp);
  form.append(button);
}
