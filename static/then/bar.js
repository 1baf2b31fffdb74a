// The bar of the time machine: a slider, a field for a moment, and steps.
import { minuteText } from '../history/moments.js';
import { make } from '../page/make.js';
import { ageOfStep, minuteOf, shifted, stepOfAge } from './moments.js';

const MINUTE_MS = 60_000;
/** Whoever goes on by keys has not arrived yet. */
const SETTLED_MS = 700;

const STEPS = [
  { text: '−1 h', label: 'An hour back', byMs: -60 * MINUTE_MS },
  { text: '−10 min', label: 'Ten minutes back', byMs: -10 * MINUTE_MS },
  { text: '−1 min', label: 'A minute back', byMs: -MINUTE_MS },
  { text: '+1 min', label: 'A minute forward', byMs: MINUTE_MS },
  { text: '+10 min', label: 'Ten minutes forward', byMs: 10 * MINUTE_MS },
  { text: '+1 h', label: 'An hour forward', byMs: 60 * MINUTE_MS },
];

/**
 * As a field for a moment has it, by the reader's clock.
 * @param {number} ms
 */
function fieldText(ms) {
  const date = new Date(ms);
  return new Date(ms - date.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);
}

/**
 * Where the slider goes from the oldest that is kept to now.
 * @param {number | null} atMs
 * @param {{ sinceMs: number, nowMs: number }} kept
 */
function makeSlider(atMs, { sinceMs, nowMs }) {
  const most = stepOfAge(nowMs - sinceMs);
  const slider = make('input', { type: 'range', min: String(-most), max: '0', step: '1', name: 'moment' });
  slider.value = String(-stepOfAge(nowMs - (atMs ?? nowMs)));
  return slider;
}

/** @param {HTMLInputElement} slider */
const ageOfSlider = (slider) => ageOfStep(-Number(slider.value));

/**
 * `atMs` is the moment of the page, null for now; `go` leads to another.
 * @param {{ atMs: number | null, kept: { sinceMs: number, nowMs: number }, go: (ms: number | null) => void,
 *   close: () => void }} machine
 */
export function makeBar({ atMs, kept, go, close }) {
  const { sinceMs, nowMs } = kept;
  const slider = makeSlider(atMs, kept);
  const shown = make('output', { class: 'then-moment' });
  const limits = { min: fieldText(sinceMs), max: fieldText(nowMs) };
  const field = make('input', { type: 'datetime-local', name: 'at', required: '', ...limits });
  field.value = fieldText(atMs ?? nowMs);

  /** @param {number | null} ms */
  const show = (ms) => {
    const text = ms === null ? 'now' : minuteText(ms);
    shown.textContent = text;
    slider.setAttribute('aria-valuetext', text);
  };
  /** @returns {number | null} */
  const momentOfSlider = () => shifted(nowMs, -ageOfSlider(slider), kept);
  let timer = 0;
  slider.addEventListener('input', () => show(momentOfSlider()));
  slider.addEventListener('change', () => {
    clearTimeout(timer);
    timer = setTimeout(() => go(momentOfSlider()), SETTLED_MS);
  });

  const steps = STEPS.map(({ text, label, byMs }) => {
    const button = make('button', { type: 'button', title: label }, text);
    button.addEventListener('click', () => go(shifted(atMs, byMs, kept)));
    // There is nothing after now.
    button.disabled = atMs === null && byMs > 0;
    return button;
  });
  const now = make('button', { type: 'button' }, 'Now');
  now.addEventListener('click', () => go(null));
  const closing = make('button', { type: 'button', 'aria-label': 'Close the bar of moments' }, '✕');
  closing.addEventListener('click', close);
  const form = make(
    'form',
    { class: 'then-bar', 'aria-label': 'Former moments' },
    make('label', { class: 'then-slider' }, make('span', { class: 'unseen' }, 'Moment'), slider),
    shown,
    make('label', {}, make('span', { class: 'unseen' }, 'Day and time'), field),
    make('button', {}, 'Go'),
    ...steps,
    now,
    closing,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const ms = new Date(field.value).getTime();
    if (!Number.isNaN(ms)) go(shifted(minuteOf(ms), 0, kept));
  });
  show(atMs);
  return { form, slider };
}
