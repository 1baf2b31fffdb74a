// Moments of former days, by the reader's clock.
import { zoneAt } from '../page/times.js';

const minutes = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short' });
const seconds = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });

/**
 * `2026-11-30 03:12:00 CET`.
 * @param {number} ms
 */
export const momentText = (ms) => `${seconds.format(ms)} ${zoneAt(new Date(ms))}`;

/**
 * `2026-11-30 03:12 CET`.
 * @param {number} ms
 */
export const minuteText = (ms) => `${minutes.format(ms)} ${zoneAt(new Date(ms))}`;
