// Tables of the ledger: days or weeks, jobs that ended, one job.

/** @import { JobRecord, Period } from './answers.js' */
import { momentText } from '../history/moments.js';
import { make } from '../page/make.js';
import { DASH, formatBytes, formatValue } from '../shared/figures.js';
import { endText, energyText, hoursText, shortId } from './words.js';

/** @param {string[]} words */
const headRow = (words) =>
  make('thead', {}, make('tr', {}, ...words.map((word) => make('th', { scope: 'col' }, word))));

/**
 * @param {string} label
 * @param {string} text
 */
const cell = (label, text) => make('td', { class: 'number', 'data-label': label }, text);

/** @param {import('./answers.js').Hours} row */
const hourCells = (row) => [
  cell('Held', hoursText(row.gpuHoursHeld)),
  cell('Active', hoursText(row.gpuHoursActive)),
  cell('Held idle', hoursText(row.gpuHoursIdle)),
  cell('Not known', hoursText(row.gpuHoursUnknown)),
  cell('CPU', hoursText(row.cpuHours)),
  cell('Energy', energyText(row.energyKilowattHours)),
];
const HOUR_WORDS = ['Held', 'Active', 'Held idle', 'Not known', 'CPU', 'Energy'];

/**
 * Newest first; what nothing is known of is left out.
 * @param {readonly { key: string, row: Period | null }[]} periods
 * @param {string} word `Day` or `Week from`
 */
export function makePeriodTable(periods, word) {
  const rows = [...periods].reverse().flatMap(({ key, row }) => {
    if (row === null) return [];
    const jobs = row.jobs === null ? DASH : String(row.jobs);
    return make('tr', {}, make('th', { scope: 'row' }, key), ...hourCells(row), cell('Jobs', jobs));
  });
  const caption = make('caption', {}, 'Hours of GPUs and cores; days are those of UTC');
  const head = headRow([word, ...HOUR_WORDS, 'Jobs']);
  return make('table', { class: 'shares ledger-table' }, caption, head, make('tbody', {}, ...rows));
}

/**
 * Who held GPUs idle, most first.
 * @param {readonly Period[]} users
 */
export function makeIdleTable(users) {
  const rows = [...users]
    .sort((a, b) => (b.gpuHoursIdle ?? 0) - (a.gpuHoursIdle ?? 0))
    .map((row) => {
      const link = make('a', { href: `/users/${encodeURIComponent(row.key)}` }, row.key);
      const figures = [
        cell('Held idle', hoursText(row.gpuHoursIdle)),
        cell('Held', hoursText(row.gpuHoursHeld)),
        cell('Active', hoursText(row.gpuHoursActive)),
      ];
      return make('tr', {}, make('th', { scope: 'row' }, link), ...figures);
    });
  const caption = make('caption', {}, 'Spells of ten minutes or more without any work');
  const head = headRow(['User', 'Held idle', 'Held', 'Active']);
  return make('table', { class: 'shares ledger-table' }, caption, head, make('tbody', {}, ...rows));
}

/** @param {string} key */
const jobAddress = (key) => `/jobs/${encodeURIComponent(key)}`;

/** @param {number | null} ms */
const momentOf = (ms) => (ms === null ? DASH : momentText(ms));

/** @param {JobRecord} record */
function jobRow(record) {
  const link = make('a', { href: jobAddress(record.key) }, `${record.kind} ${shortId(record.id)}`);
  return make(
    'tr',
    {},
    make('th', { scope: 'row' }, link),
    make('td', { 'data-label': 'Name' }, record.name ?? DASH),
    make('td', { 'data-label': 'Ended' }, momentOf(record.endTimeMs)),
    make('td', { 'data-label': 'How' }, endText(record)),
    ...hourCells(record),
  );
}

/**
 * Jobs that ended, as the ledger has them: those that ended last first.
 * @param {readonly JobRecord[]} records
 */
export function makeJobTable(records) {
  const sorted = [...records].sort((a, b) => (b.endTimeMs ?? 0) - (a.endTimeMs ?? 0));
  const caption = make('caption', {}, 'Jobs that ended, with their hours of GPUs and cores');
  const head = headRow(['Job', 'Name', 'Ended', 'How', ...HOUR_WORDS]);
  return make(
    'table',
    { class: 'shares ledger-table' },
    caption,
    head,
    make('tbody', {}, ...sorted.map(jobRow)),
  );
}

/**
 * @param {string} word
 * @param {Node | string} text
 * @param {string} [kind]
 */
const fact = (word, text, kind) =>
  make('div', kind ? { class: kind } : {}, make('dt', {}, word), make('dd', {}, text));

/**
 * The record of one job.
 * @param {JobRecord} record
 */
export function makeRecord(record) {
  const { user } = record;
  const who = user === null ? 'not known' : make('a', { href: `/users/${encodeURIComponent(user)}` }, user);
  return make(
    'dl',
    { class: 'jobfacts' },
    fact('Name', record.name ?? DASH),
    fact('User', who),
    fact('Began', momentOf(record.startTimeMs)),
    fact('Ended', momentOf(record.endTimeMs)),
    fact('How', endText(record)),
    fact('GPUs held', hoursText(record.gpuHoursHeld)),
    fact('… active', hoursText(record.gpuHoursActive)),
    fact('… idle', hoursText(record.gpuHoursIdle)),
    fact('… not known', hoursText(record.gpuHoursUnknown)),
    fact(
      'GPU use, mean',
      record.gpuUtilizationPercent == null ? DASH : formatValue('percent', record.gpuUtilizationPercent),
    ),
    fact('GPU memory, peak', formatBytes(record.gpuMemoryPeakBytes ?? null)),
    fact('RAM, peak', formatBytes(record.residentPeakBytes ?? null)),
    fact('CPU', hoursText(record.cpuHours)),
    fact('Energy', energyText(record.energyKilowattHours)),
    fact('Nodes', (record.nodes ?? []).join(', ') || DASH, 'wide'),
    fact('GPUs', (record.gpus ?? []).join(', ') || DASH, 'wide'),
    fact('Command', make('code', {}, record.command ?? DASH), 'wide'),
  );
}
