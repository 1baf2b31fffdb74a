// "Only mine" beside the other one-click searches: asks once for the user name, keeps it in this browser, and puts
// `user:=NAME` into the search or takes it out.
import { keep, recall } from '../page/kept.js';
import { make } from '../page/make.js';
import { quoteText } from '../shared/query-text.js';
import { createNameDialog } from './name-dialog.js';

const STORED = 'rollcall-user';
const USER = 'user:=';

/** @param {string} user */
const termOf = (user) => USER + quoteText(user);
/** @param {string} query */
const wordsOf = (query) => Array.from(query.matchAll(/(?:"(?:\\.|[^"\\])*"?|[^\s"])+/g), ([word]) => word);
const shownWords = () => wordsOf(new URLSearchParams(location.search).get('q') ?? '');
/** Without what somebody else's "only mine" put there. */
const otherWords = () => shownWords().filter((word) => !word.startsWith(USER));

/** @param {string} name */
const isShown = (name) => name !== '' && shownWords().includes(termOf(name));

/** @param {string[]} words */
function addressWith(words) {
  const address = new URL(location.href);
  address.hash = '';
  address.searchParams.delete('limit');
  if (words.length > 0) address.searchParams.set('q', words.join(' '));
  else address.searchParams.delete('q');
  return address.href;
}

/**
 * A link that puts the name into the search or takes it out; without a name a button that asks for it.
 * @param {string} name
 * @param {() => void} onAsk
 */
function makeChip(name, onAsk) {
  if (name === '') {
    const button = make('button', { type: 'button', class: 'chip' }, 'Only mine');
    button.addEventListener('click', onAsk);
    return button;
  }
  const words = otherWords();
  if (!isShown(name))
    return make('a', { class: 'chip', href: addressWith([...words, termOf(name)]) }, 'Only mine');
  const attributes = { class: 'chip chosen', href: addressWith(words), 'aria-current': 'true' };
  return make('a', attributes, make('span', { 'aria-hidden': 'true' }, '✓ '), 'Only mine');
}

/**
 * @param {string} name
 * @param {() => void} onAsk
 */
function makeNameButton(name, onAsk) {
  const label = `Change your user name, now ${name}`;
  const button = make('button', { type: 'button', class: 'find-name', 'aria-label': label }, name);
  button.addEventListener('click', onAsk);
  return button;
}

export function startOnlyMine() {
  const chips = document.querySelector('.quick');
  if (!chips?.querySelector('.chip')) return;
  let name = recall(STORED) ?? '';
  let isThenSearched = false;
  const place = make('span', { class: 'find-mine' });
  const dialog = createNameDialog(choose, () => {
    show();
    /** @type {HTMLElement | null} */
    const chip = place.querySelector('.chip');
    chip?.focus();
  });

  /** @param {boolean} thenSearch */
  function askName(thenSearch) {
    isThenSearched = thenSearch;
    dialog.ask(name);
  }

  function show() {
    const isChosen = isShown(name);
    const chip = makeChip(name, () => askName(true));
    const change = name === '' ? [] : [' ', makeNameButton(name, () => askName(isChosen))];
    place.replaceChildren(chip, ...change);
  }

  /** @param {string} chosen */
  function choose(chosen) {
    name = chosen;
    keep(STORED, chosen);
    if (isThenSearched) location.assign(addressWith([...otherWords(), termOf(name)]));
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
}
