// Lines of an answer of former times, as charts draw them.

/** @import { HistoryAnswer, HistorySeries } from '../../src/report/history-answer.ts' */
/** @import { RecentGroup } from '../../src/report/series.ts' */
/** @import { Line } from '../charts/model.js' */
/** @import { Subject } from '../charts/subjects.js' */
import { newLine } from '../charts/model.js';

/** @param {HistorySeries} series */
const isFlat = ({ mean, min, max }) => mean.every((value, at) => min[at] === value && max[at] === value);

/**
 * Each has a place of its own, and so a colour; where points are single figures, nothing lies between least and most.
 * @param {HistoryAnswer} answer
 */
export function linesOf({ series }) {
  /** @type {(Line & { resolution: number | null })[]} */
  const lines = [];
  for (const each of series) {
    const spread = isFlat(each) ? { low: null, high: null } : { low: each.min, high: each.max };
    lines.push({
      ...newLine(each, lines, 0),
      values: each.mean,
      ...spread,
      missing: each.missing ?? null,
      resolution: each.resolution,
    });
  }
  return lines;
}

/** @typedef {ReturnType<typeof linesOf>} RangeLines */

/**
 * Subjects that some line belongs to, in their order.
 * @param {readonly Subject[]} subjects
 * @param {RangeLines} lines
 */
export const subjectsOf = (subjects, lines) =>
  subjects.filter(({ has }) => lines.some(({ key }) => has(key)));

/**
 * What happened that concerns a chart: of one of its GPUs, or of the whole node.
 * @param {HistoryAnswer} answer
 * @param {{ group: RecentGroup, lines: readonly { owner: string }[] }} chart
 */
export const eventsOf = ({ events }, { group, lines }) =>
  events.filter(
    ({ gpuIndex }) =>
      gpuIndex === null || (group === 'gpus' && lines.some(({ owner }) => owner === `gpu.${gpuIndex}`)),
  );
