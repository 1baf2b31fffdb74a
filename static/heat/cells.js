// A cell of the heat map as a number: its level (0 to 63, or ABSENT), how its GPU is used, and whether it is beside the
// point.
import { HEAT_LEVELS, HEAT_USES } from '../shared/heat-scale.js';

/** The level of a cell without a figure. */
export const ABSENT = HEAT_LEVELS.length;
const COLUMNS = ABSENT + 1;
const NOT_KNOWN = HEAT_USES.indexOf('?');
/** Added to a cell that is beside the point; as many cells there are otherwise. */
export const DIMMED = HEAT_USES.length * COLUMNS;

/** What nobody can tell is absent, and not known. */
const levelByCode = new Uint8Array(128).fill(ABSENT);
const useByCode = new Uint8Array(128).fill(NOT_KNOWN);
for (let level = 0; level < ABSENT; level += 1) levelByCode[HEAT_LEVELS.charCodeAt(level)] = level;
for (const [number, use] of HEAT_USES.entries()) useByCode[use.charCodeAt(0)] = number;

/**
 * The level of the cell at a place.
 * @param {string} levels
 * @param {number} at
 */
export const levelAt = (levels, at) => levelByCode[levels.charCodeAt(at)] ?? ABSENT;

/**
 * How the cell at a place is used, as its number in `HEAT_USES`.
 * @param {string} uses
 * @param {number} at
 */
export const useAt = (uses, at) => useByCode[uses.charCodeAt(at)] ?? NOT_KNOWN;

/**
 * @param {string} levels
 * @param {string} uses
 * @param {number} at
 */
export const cellAt = (levels, uses, at) => useAt(uses, at) * COLUMNS + levelAt(levels, at);

/**
 * What a cell that is not dimmed shows.
 * @param {number} cell
 */
export const readCell = (cell) => ({
  level: cell % COLUMNS,
  use: HEAT_USES[Math.floor(cell / COLUMNS)] ?? '?',
});
