// What a cell of the heat map is, as it travels: a character for its level, and one for how its GPU is used.

/** @typedef {'f' | 'b' | 'i' | 'x' | '?'} HeatUse free, busy, held idle, out of service, not known */

/** Level 0 to 63, one character each. */
export const HEAT_LEVELS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-';
export const HEAT_ABSENT = '.';
export const HEAT_USES = /** @type {const} */ (['f', 'b', 'i', 'x', '?']);

export const GPU_HEAT_METRICS = /** @type {const} */ (['utilization', 'memory', 'temperature', 'power']);
export const NODE_HEAT_METRICS = /** @type {const} */ (['cpu', 'ram']);

/** The scale of temperatures begins and ends here. */
export const COLDEST_CELSIUS = 20;
export const HOTTEST_CELSIUS = 95;

const HIGHEST_LEVEL = HEAT_LEVELS.length - 1;

/**
 * One character for a share of the scale, which is not bounded: a larger share never has a lower level.
 * @param {number | null} share
 */
export function heatLevel(share) {
  if (share === null || Number.isNaN(share)) return HEAT_ABSENT;
  return HEAT_LEVELS.charAt(Math.round(Math.min(1, Math.max(0, share)) * HIGHEST_LEVEL));
}

/**
 * What a level (0 to 63) is of its scale, 0 to 1.
 * @param {number} level
 */
export const shareOfLevel = (level) => level / HIGHEST_LEVEL;

/**
 * Where a temperature lies on its scale; not bounded, null where it is absent.
 * @param {number | null} celsius
 */
export function shareOfCelsius(celsius) {
  return celsius === null ? null : (celsius - COLDEST_CELSIUS) / (HOTTEST_CELSIUS - COLDEST_CELSIUS);
}

/**
 * The temperature at a share of the scale.
 * @param {number} share
 */
export const celsiusOfShare = (share) => COLDEST_CELSIUS + share * (HOTTEST_CELSIUS - COLDEST_CELSIUS);
