// What stands below a chart of former times: how exact it is, and where its figures are to be had.

/** @import { HistoryAnswer } from '../../src/report/history-answer.ts' */
/** @import { Subject } from '../charts/subjects.js' */
/** @import { Question } from './answer.js' */
/** @import { RangeLines } from './range-lines.js' */
import { make } from '../page/make.js';
import { formatValue } from '../shared/figures.js';
import { firstValueMs, historyAddress } from './answer.js';
import { minuteText } from './moments.js';
import { spanText } from './range.js';

/**
 * @param {Subject['unit']} unit
 * @param {number | null} resolution
 */
function keptText(unit, resolution) {
  if (resolution === null) return 'kept to three digits';
  return `kept to ${unit === 'cores' ? `${resolution}% of a core` : formatValue(unit, resolution)}`;
}

/**
 * How exact the chart is, and its range as CSV and JSON.
 * @param {Subject} subject
 * @param {RangeLines} lines
 * @param {Question} question
 */
export function makeFoot({ title, unit }, lines, question) {
  const kept = [...new Set(lines.map(({ resolution }) => keptText(unit, resolution)))].join(', ');
  const name = `${question.node}-${title.toLowerCase().replace(/[^a-z]+/g, '-')}`;
  /** @type {[string, string][]} */
  const files = [
    ['CSV', historyAddress(question, 'csv')],
    ['JSON', historyAddress(question)],
  ];
  const links = files.flatMap(([word, href]) => {
    const attributes = {
      href,
      download: `${name}.${word.toLowerCase()}`,
      'aria-label': `${title} as ${word}`,
    };
    return [' ', make('a', attributes, word)];
  });
  return make('p', { class: 'chart-foot' }, make('small', {}, kept), ...links);
}

/**
 * Which points an answer has, and where they begin.
 * @param {HistoryAnswer} answer
 */
export function toldOf(answer) {
  const { stepMs, tierMs, fromMs } = answer;
  const step = `One point per ${spanText(stepMs)}`;
  const points =
    stepMs <= tierMs ? `${step}.` : `${step}, the mean of what was kept per ${spanText(tierMs)}.`;
  const first = firstValueMs(answer);
  const isLate = first !== null && first - fromMs > 2 * stepMs;
  const band = answer.series.some(({ min, max }) => min.some((value, at) => value !== max[at]))
    ? ' Bands reach from the least to the most.'
    : '';
  return `${points}${band}${isLate ? ` History begins at ${minuteText(first)}.` : ''}`;
}
