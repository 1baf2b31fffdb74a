// Figures of the ledger as people read them.

/** @import { JobRecord } from './answers.js' */
import { DASH } from '../shared/figures.js';

/**
 * `12.3 h`, whole from 1,000 on.
 * @param {number | null | undefined} hours
 */
export function hoursText(hours) {
  if (hours === null || hours === undefined) return DASH;
  if (hours > 0 && hours < 0.05) return '< 0.1 h';
  return `${hours >= 1_000 ? Math.round(hours) : Math.round(hours * 10) / 10} h`;
}

/** @param {number | null | undefined} kilowattHours */
export const energyText = (kilowattHours) =>
  kilowattHours === null || kilowattHours === undefined
    ? DASH
    : `${kilowattHours >= 100 ? Math.round(kilowattHours) : Math.round(kilowattHours * 10) / 10} kWh`;

/**
 * The id of a container as its own tools show it: the first 12 of 64 digits.
 * @param {string} id
 */
export const shortId = (id) => id.replace(/[0-9a-f]{32,}/g, (digits) => digits.slice(0, 12));

/** @type {Record<string, string>} */
const ENDS = { seen: 'seen to end', lost: 'while its node or the head was away' };

/**
 * How it ended, as far as that was seen.
 * @param {JobRecord} record
 */
export const endText = ({ end }) => (end === null ? 'not seen to end' : (ENDS[end] ?? end));
