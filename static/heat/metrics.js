// What a cell can show, and the words for it.

/** @import { HeatUse } from '../shared/heat-scale.js' */
/** @import { HeatLayout } from '../../src/web/wire.ts' */
import {
  COLDEST_CELSIUS,
  celsiusOfShare,
  GPU_HEAT_METRICS,
  HEAT_USES,
  HOTTEST_CELSIUS,
  NODE_HEAT_METRICS,
  shareOfLevel,
} from '../shared/heat-scale.js';
import { ABSENT } from './cells.js';

/** @typedef {HeatLayout['of']} Subject what a cell is */
/**
 * @typedef {object} Metric
 * @property {string} title
 * @property {[low: string, high: string]} ends of its scale
 * @property {(level: number) => string} text
 */

/** @type {[string, string]} */
const PERCENT = ['0 %', '100 %'];
/** @param {number} level */
const percent = (level) => `about ${Math.round(shareOfLevel(level) * 100)} %`;

/** @param {number} level */
function celsiusText(level) {
  if (level === 0) return `${COLDEST_CELSIUS} °C or less`;
  if (level === ABSENT - 1) return `${HOTTEST_CELSIUS} °C or more`;
  return `about ${Math.round(celsiusOfShare(shareOfLevel(level)))} °C`;
}

/** @type {Record<typeof GPU_HEAT_METRICS[number] | typeof NODE_HEAT_METRICS[number], Metric>} */
const METRICS = {
  utilization: { title: 'utilization', ends: PERCENT, text: (level) => `${percent(level)} used` },
  memory: { title: 'memory', ends: PERCENT, text: (level) => `${percent(level)} of its memory used` },
  temperature: {
    title: 'temperature',
    ends: [`${COLDEST_CELSIUS} °C`, `${HOTTEST_CELSIUS} °C`],
    text: celsiusText,
  },
  power: {
    title: 'power',
    ends: ['0 %', '100 % of the limit'],
    text: (level) => `${percent(level)} of its power limit`,
  },
  cpu: { title: 'CPU', ends: PERCENT, text: (level) => `${percent(level)} of its cores used` },
  ram: { title: 'RAM', ends: PERCENT, text: (level) => `${percent(level)} of its memory used` },
};

/** @typedef {keyof typeof METRICS} MetricName */

/** @type {Record<Subject, readonly [MetricName, ...MetricName[]]>} */
export const METRIC_NAMES = { gpus: GPU_HEAT_METRICS, nodes: NODE_HEAT_METRICS };

/** @param {MetricName} name */
export const metricOf = (name) => METRICS[name];

/**
 * The metric of that name; the first one where there is none for such cells.
 * @param {Subject} of
 * @param {string | null} name
 */
export const knownMetric = (of, name) =>
  METRIC_NAMES[of].find((known) => known === name) ?? METRIC_NAMES[of][0];

/**
 * Of these a free GPU's figure says nothing.
 * @param {MetricName} name
 */
export const isUseMetric = (name) => name === 'utilization' || name === 'memory';

/** @type {Record<Subject, Partial<Record<HeatUse, string>>>} */
const USE_WORDS = {
  gpus: { b: 'busy', f: 'free', i: 'held idle', x: 'out of service', '?': 'not known' },
  nodes: { b: 'live', x: 'out of reach', '?': 'connecting' },
};

/**
 * In the order of `HEAT_USES`.
 * @param {Subject} of
 */
export const useWords = (of) => HEAT_USES.map((use) => USE_WORDS[of][use] ?? '');

/**
 * The shapes that the legend explains.
 * @type {Record<Subject, { use: HeatUse, level: number, words: string }[]>}
 */
export const SHAPES = {
  gpus: [
    { use: 'b', level: 44, words: 'busy' },
    { use: 'f', level: 0, words: 'free' },
    { use: 'i', level: 8, words: 'held idle' },
    { use: 'x', level: ABSENT, words: 'out of service' },
    { use: 'b', level: ABSENT, words: 'no figure' },
    { use: '?', level: 44, words: 'use not known' },
  ],
  nodes: [
    { use: 'b', level: 44, words: 'live' },
    { use: 'x', level: ABSENT, words: 'out of reach' },
    { use: 'b', level: ABSENT, words: 'no figure' },
  ],
};
