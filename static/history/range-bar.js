// The buttons that choose what of the past the charts of a page show, and the keys that do the same.

/** @import { Range } from './range.js' */
/** @import { Ranges } from './ranges.js' */
import { make } from '../page/make.js';
import { pastMs } from '../page/past.js';
import { minuteText } from './moments.js';
import { boundsOf, CHOICES } from './range.js';

/** @typedef {ReturnType<typeof createRangeBar>} RangeBar */

/** One step of a key: half of what is seen stays. */
const STEP = 0.5;

/**
 * @param {string} text
 * @param {string} label
 * @param {() => void} onPress
 */
function makeButton(text, label, onPress) {
  const button = make('button', { type: 'button', 'aria-label': label, title: label }, text);
  button.addEventListener('click', onPress);
  return button;
}

/**
 * What keys do within charts, and buttons beside the choices.
 * @param {Ranges} ranges
 * @returns {Record<string, () => void>}
 */
const keysOf = (ranges) => ({
  ArrowLeft: () => ranges.move(-STEP),
  ArrowRight: () => ranges.move(STEP),
  '+': () => ranges.zoom(STEP),
  '=': () => ranges.zoom(STEP),
  '-': () => ranges.zoom(1 / STEP),
});

/** @param {Ranges} ranges */
function makeChoices(ranges) {
  return CHOICES.map(({ title, lengthMs }) => {
    const attributes = { type: 'button', class: 'chip', 'aria-pressed': 'false' };
    const button = make('button', attributes, title);
    button.addEventListener('click', () => ranges.choose(lengthMs));
    return { button, lengthMs };
  });
}

/** @param {Ranges} ranges */
export function createRangeBar(ranges) {
  const choices = makeChoices(ranges);
  const back = makeButton('Back', 'Back to the range before', ranges.back);
  const steps = [
    makeButton('◀', 'Earlier', () => ranges.move(-STEP)),
    makeButton('▶', 'Later', () => ranges.move(STEP)),
    makeButton('−', 'A longer range', () => ranges.zoom(1 / STEP)),
    makeButton('+', 'A shorter range', () => ranges.zoom(STEP)),
  ];
  const buttons = make(
    'div',
    { class: 'ranges-buttons', role: 'group', 'aria-label': 'Time that the charts show' },
    ...choices.map(({ button }) => button),
    ...steps,
    back,
  );
  const words = make('p', { class: 'ranges-words', role: 'status' }, ranges.problem ?? '');
  const element = make('div', { class: 'ranges' }, buttons, words);

  /** @param {Range | null} range */
  function show(range) {
    const pressed = range === null ? CHOICES[0]?.lengthMs : range.endMs === pastMs ? range.lengthMs : null;
    for (const { button, lengthMs } of choices)
      button.setAttribute('aria-pressed', String(lengthMs === pressed));
    back.hidden = !ranges.hasEarlier();
    const bounds = range === null ? null : boundsOf(range, ranges.nowMs());
    words.textContent = bounds === null ? '' : bounds.map(minuteText).join(' to ');
  }

  show(ranges.range());
  if (ranges.problem) words.textContent = ranges.problem;

  return {
    element,
    show,
    /** @param {string} text */
    tell(text) {
      words.textContent = text;
    },
    /**
     * Buttons that lead nowhere go.
     * @param {string} why
     */
    giveUp(why) {
      buttons.hidden = true;
      words.textContent = why;
    },
    /** Puts itself where the charts of the page begin, wherever that is now. */
    place() {
      if (element.isConnected) return;
      const first = document.querySelector('.charts[data-charts]');
      const heading = first?.closest('section')?.querySelector(':scope > h2');
      if (heading) heading.after(element);
      else first?.before(element);
    },
  };
}

/**
 * Arrows, plus and minus while the focus is within charts.
 * @param {Ranges} ranges
 * @param {KeyboardEvent} event
 */
export function pressKey(ranges, event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
  const keys = keysOf(ranges);
  const act = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
  if (!act) return;
  event.preventDefault();
  act();
}
