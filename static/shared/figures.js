// Figures as people read them: on the page, in texts, in charts. Absent is a dash, never zero.

export const DASH = '–';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** From here on there is one digit after the point; what is smaller is whole. */
const FIRST_WITH_TENTHS = 3;

/**
 * The one rule of page, text and commands: `581 MiB` below 1 GiB, and from there on one digit after the point, so that
 * figures below each other are read at the same place: `1.5 GiB`, `256.0 GiB`, `2.0 TiB`.
 * @param {number | null} bytes
 */
export function formatBytes(bytes) {
  if (bytes === null) return DASH;
  let value = bytes;
  let unit = 0;
  // What would be rounded up to 1024 is one of the next unit.
  while (value >= (unit < FIRST_WITH_TENTHS ? 1023.5 : 1023.95) && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(unit < FIRST_WITH_TENTHS ? 0 : 1)} ${UNITS[unit]}`;
}

/**
 * `5 KiB/s`.
 * @param {number | null} bytesPerSecond
 */
export function formatRate(bytesPerSecond) {
  return bytesPerSecond === null ? DASH : `${formatBytes(bytesPerSecond)}/s`;
}

/**
 * `3.1`, and whole from 10 on.
 * @param {number} cores
 */
export const coreText = (cores) => cores.toFixed(cores < 9.95 ? 1 : 0);

/**
 * What programs take of the CPU, given in percent of one core: `3.1 cores`. Whoever reads a percentage takes it for a
 * part of a whole, which this is not.
 * @param {number | null} percent
 */
export function formatCores(percent) {
  return percent === null ? DASH : `${coreText(percent / 100)} cores`;
}

/**
 * `3 s ago`. Never less than a second, so that a node sampled every second does not flicker.
 * @param {number | null} ms
 */
export function formatAge(ms) {
  if (ms === null) return DASH;
  const seconds = Math.max(1, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** @param {number} value */
const tidy = (value) => String(Math.round(value * 10) / 10);

/**
 * How a chart writes a value: beside an axis `40%` needs no tenths that are zero.
 * @type {Record<import('../../src/report/series.ts').RecentUnit | 'cores', (value: number) => string>}
 */
const formats = {
  percent: (value) => `${tidy(value)}%`,
  cores: formatCores,
  bytes: formatBytes,
  bytesPerSecond: formatRate,
  celsius: (value) => `${tidy(value)} °C`,
  watts: (value) => `${tidy(value)} W`,
};

/**
 * A value of the last 15 minutes with its unit; `cores` is given in percent of one.
 * @param {keyof typeof formats} unit
 * @param {number | null} value
 */
export const formatValue = (unit, value) => (value === null ? DASH : formats[unit](value));
