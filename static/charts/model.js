// The points of one node. Draws nothing.

/** @import { RecentFigures, RecentGroup, RecentSeries, RecentUnit } from '../../src/report/series.ts' */
/** @import { Subject } from './subjects.js' */
/**
 * @typedef {object} Line
 * @property {string} key
 * @property {RecentGroup} group
 * @property {string} label
 * @property {RecentUnit | 'cores'} unit
 * @property {string} owner the GPU or job that it is of; else its own key
 * @property {number} place the same one in all charts, and so the same colour
 * @property {(number | null)[]} values one for each of the model's times
 * @property {(number | null)[] | null} low where points stand for more than one figure, the least of each
 * @property {(number | null)[] | null} high
 * @property {string | null} missing why there is none
 */
/** @typedef {ReturnType<typeof createModel>} Model */

/**
 * The first place in its group that no other owner has.
 * @param {Iterable<Line>} lines
 * @param {string} owner
 * @param {RecentGroup} group
 */
function placeOf(lines, owner, group) {
  const others = [...lines].filter((one) => one.group === group);
  const own = others.find((one) => one.owner === owner);
  if (own) return own.place;
  const taken = new Set(others.map(({ place }) => place));
  let place = 0;
  while (taken.has(place)) place += 1;
  return place;
}

/**
 * @param {Omit<RecentSeries, 'values'>} series
 * @param {Iterable<Line>} others
 * @param {number} count how many values it lacks
 * @returns {Line}
 */
export function newLine({ key, group, label, unit }, others, count) {
  const owner = group === 'gpus' || group === 'jobs' ? key.slice(0, key.lastIndexOf('.')) : key;
  return {
    key,
    group,
    label,
    // A job's CPU is no part of a whole.
    unit: group === 'jobs' && unit === 'percent' ? 'cores' : unit,
    owner,
    place: placeOf(others, owner, group),
    values: Array.from({ length: count }, () => null),
    low: null,
    high: null,
    missing: null,
  };
}

/** Aligned columns: every line has a value or null for each of `times`. */
export function createModel() {
  /** @type {number[]} */
  let times = [];
  /** @type {Map<string, Line>} */
  const lines = new Map();
  /** @type {RecentFigures['missing']} */
  let missing = {};

  /** @param {RecentSeries} series */
  function lineOf(series) {
    const line = lines.get(series.key) ?? newLine(series, lines.values(), times.length);
    lines.set(series.key, line);
    // The name of a job that has ended is forgotten by the node, but not here.
    if (!line.label.startsWith(series.label)) line.label = series.label;
    return line;
  }

  return {
    /** @param {RecentFigures} chunk */
    append(chunk) {
      const last = times.at(-1) ?? Number.NEGATIVE_INFINITY;
      const fresh = chunk.timesMs.flatMap((time, at) => (time > last ? [at] : []));
      for (const series of chunk.series) {
        const line = lineOf(series);
        line.missing = series.missing ?? null;
        line.values.push(...fresh.map((at) => series.values[at] ?? null));
      }
      times.push(...fresh.map((at) => chunk.timesMs[at] ?? 0));
      for (const { values } of lines.values()) while (values.length < times.length) values.push(null);
      missing = chunk.missing;
    },
    /**
     * Older points go, and with them jobs without a value.
     * @param {number} ms
     */
    dropBefore(ms) {
      const old = times.findIndex((time) => time >= ms);
      const count = old < 0 ? times.length : old;
      if (count === 0) return;
      times = times.slice(count);
      for (const [key, line] of lines) {
        line.values = line.values.slice(count);
        if (line.group === 'jobs' && line.values.every((value) => value === null)) lines.delete(key);
      }
    },
    lastMs: () => times.at(-1) ?? null,
    times: () => times,
    /** @param {Subject} subject */
    of: ({ has }) => [...lines.values()].filter(({ key }) => has(key)),
    /** @param {RecentGroup} group */
    whyNone: (group) => missing[group] ?? null,
  };
}

/**
 * Of lines without a value: each reason once, with whose it is where others have values or other reasons. Null of none.
 * @param {readonly Line[]} absent
 * @param {boolean} isAll
 * @param {string} unexplained what is said of those without a reason
 */
export function reasonsOf(absent, isAll, unexplained) {
  /** @type {Map<string, string[]>} */
  const byReason = new Map();
  for (const { label, missing } of absent) {
    const why = missing ?? unexplained;
    byReason.set(why, [...(byReason.get(why) ?? []), label]);
  }
  const reasons = [...byReason];
  if (isAll && reasons.length === 1) return reasons[0]?.[0] ?? null;
  return reasons.map(([why, labels]) => `${labels.join(', ')}: ${why}`).join('; ') || null;
}
