// What the ledger has of a user or a job, filled into the page: `data-ledger` is the address of days, `data-ledger-jobs`
// that of jobs that ended, `data-ledger-record` that of one job, `data-ledger-idle` that of users. Loaded by page/when-needed.js.

/** @import { JobRecord, Period } from './answers.js' */
import { make } from '../page/make.js';
import { askLedger, byWeek, everyDay } from './answers.js';
import { makeBars, makeKey } from './bars.js';
import { makeIdleTable, makeJobTable, makePeriodTable, makeRecord } from './tables.js';

const STYLE = new URL('../styles/ledger.css', import.meta.url).href;
const LOOK_MS = 1_000;
const DAYS_SHOWN = 30;
const DAY_MS = 86_400_000;

/** @type {WeakSet<Element>} */
const started = new WeakSet();

/**
 * A part of the page that is filled by an answer, or says why it is not.
 * @template Answer
 * @param {string} address
 * @param {string} title
 * @param {(answer: Answer) => Node[]} show
 */
function makePart(address, title, show) {
  const content = make(
    'div',
    { class: 'ledger-part' },
    make('p', { role: 'status' }, 'The ledger is asked …'),
  );
  askLedger(address).then(
    (/** @type {Answer} */ answer) => content.replaceChildren(...show(answer)),
    (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      const words = `The ledger could not be read: ${reason.replace(/\.$/, '')}.`;
      content.replaceChildren(make('p', { class: 'errormsg', role: 'status' }, words));
    },
  );
  return [make('h2', {}, title), content];
}

/**
 * The same address as a file of the other kind.
 * @param {string} address
 */
function makeFiles(address) {
  const csv = `${address}${address.includes('?') ? '&' : '?'}format=csv`;
  const links = [
    make('a', { href: csv, download: 'ledger.csv' }, 'CSV'),
    make('a', { href: address, download: 'ledger.json' }, 'JSON'),
  ];
  return make('p', { class: 'chart-foot ledger-files' }, ...links);
}

/**
 * @param {{ rows: Period[], fromMs?: number, toMs?: number }} answer
 * @param {string} address
 */
function showDays({ rows, fromMs, toMs }, address) {
  if (rows.length === 0) return [make('p', { class: 'none' }, 'The ledger has nothing of these days.')];
  const end = toMs ?? Date.now();
  const days = everyDay(rows, fromMs ?? end - DAYS_SHOWN * DAY_MS, end);
  const shown = make('div');
  const choices = [
    { title: 'By day', word: 'Day', periods: days },
    { title: 'By week', word: 'Week from', periods: byWeek(days) },
  ];
  const buttons = choices.map(({ title }) => make('button', { type: 'button', class: 'chip' }, title));
  /** @param {number} chosen */
  const choose = (chosen) => {
    const { title, word, periods } = choices[chosen] ?? { title: '', word: '', periods: [] };
    for (const [at, button] of buttons.entries()) button.setAttribute('aria-pressed', String(at === chosen));
    shown.replaceChildren(
      makeBars(periods, `Hours of GPUs ${title.toLowerCase()}`),
      makeKey(),
      makePeriodTable(periods, word),
    );
  };
  for (const [at, button] of buttons.entries()) button.addEventListener('click', () => choose(at));
  choose(0);
  return [make('p', { class: 'quick' }, ...buttons), shown, makeFiles(address)];
}

/**
 * @param {{ jobs: JobRecord[] }} answer
 * @param {string} address
 */
function showJobs({ jobs }, address) {
  if (jobs.length === 0) return [make('p', { class: 'none' }, 'No job ended in these days.')];
  return [makeJobTable(jobs), makeFiles(address)];
}

/**
 * Of the job that the address names, whatever else is answered: a number that was used anew has several records.
 * @param {{ jobs: JobRecord[] }} answer
 * @param {string} address
 */
function showRecords({ jobs }, address) {
  const asked = new URL(address, location.href).searchParams.get('job');
  const own = jobs.filter(({ key }) => key === asked);
  if (own.length === 0) return [make('p', { class: 'none' }, 'The ledger has no record of it.')];
  return own.map(makeRecord);
}

/**
 * @param {{ rows: Period[] }} answer
 * @param {string} address
 */
function showIdle({ rows }, address) {
  const idle = rows.filter(({ gpuHoursIdle }) => (gpuHoursIdle ?? 0) > 0);
  if (idle.length === 0) return [make('p', { class: 'none' }, 'Nobody held a GPU idle in these days.')];
  return [makeIdleTable(idle), makeFiles(address)];
}

/** @param {HTMLElement} element */
function fill(element) {
  const { ledger, ledgerJobs, ledgerRecord, ledgerIdle } = element.dataset;
  element.replaceChildren(
    ...(ledger
      ? makePart(ledger, 'The last 30 days', (/** @type {Parameters<typeof showDays>[0]} */ answer) =>
          showDays(answer, ledger),
        )
      : []),
    ...(ledgerJobs
      ? makePart(ledgerJobs, 'Jobs that ended', (/** @type {{ jobs: JobRecord[] }} */ answer) =>
          showJobs(answer, ledgerJobs),
        )
      : []),
    ...(ledgerRecord
      ? makePart(ledgerRecord, 'In the ledger', (/** @type {{ jobs: JobRecord[] }} */ answer) =>
          showRecords(answer, ledgerRecord),
        )
      : []),
    ...(ledgerIdle
      ? makePart(ledgerIdle, 'GPUs held idle, the last 7 days', (/** @type {{ rows: Period[] }} */ answer) =>
          showIdle(answer, ledgerIdle),
        )
      : []),
  );
}

/** The page may be made anew around us. */
function look() {
  for (const element of document.querySelectorAll(
    '[data-ledger], [data-ledger-jobs], [data-ledger-record], [data-ledger-idle]',
  )) {
    if (started.has(element) || !(element instanceof HTMLElement)) continue;
    started.add(element);
    fill(element);
  }
}

export function start() {
  document.head.append(make('link', { rel: 'stylesheet', href: STYLE }));
  look();
  setInterval(look, LOOK_MS);
}
