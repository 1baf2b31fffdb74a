// How old the figures of rows are, counting on between what the head says.

/** @import { Row } from './rows.js' */
import { formatAge } from '../shared/figures.js';
import { rows } from './rows.js';

/**
 * Finds where a row shows its age.
 * @param {Row} row
 */
export function findAges(row) {
  row.ages = [...row.root.querySelectorAll('[data-age]')].filter((element) => element instanceof HTMLElement);
}

/**
 * Ages on a fresh page are those of the moment when the head wrote it.
 * @param {Row} row
 * @param {number} writtenAt
 */
export function readAge(row, writtenAt) {
  findAges(row);
  const shown = row.ages[0]?.dataset.age;
  if (shown) Object.assign(row, { age: Number(shown), ageFrom: writtenAt });
}

/**
 * @param {Row} row
 * @param {number} now
 */
export function showAge(row, now) {
  if (row.age === null) return;
  const age = row.age + now - row.ageFrom;
  const text = formatAge(age);
  let limit = Number.POSITIVE_INFINITY;
  for (const element of row.ages) {
    if (element.textContent !== text) element.textContent = text;
    limit = Number(element.dataset.ageLimit) || limit;
  }
  row.root.classList.toggle('old', age > limit);
}

/**
 * That of the newest figures, in ms; null where no row tells one.
 * @param {number} now
 */
export function newestAge(now) {
  /** @type {number | null} */
  let newest = null;
  for (const { age, ageFrom } of rows.values())
    if (age !== null && (newest === null || age + now - ageFrom < newest)) newest = age + now - ageFrom;
  return newest;
}

/** @param {number} now */
export function showAges(now) {
  for (const row of rows.values()) if (row.isInSight) showAge(row, now);
}
