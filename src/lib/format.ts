/** Figures as people read them. Absent is a dash, never zero. */

export const DASH = '–';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** From here on there is one digit after the point; what is smaller is whole. */
const FIRST_WITH_TENTHS = 3;

/**
 * The one rule of page, text and commands: `581 MiB` below 1 GiB, and from there on one digit after the point, so that
 * figures below each other are read at the same place: `1.5 GiB`, `256.0 GiB`, `2.0 TiB`. `static/charts-format.js`
 * does the same.
 */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return DASH;
  let value = bytes;
  let unit = 0;
  // What would be rounded up to 1024 is one of the next unit.
  while (value >= (unit < FIRST_WITH_TENTHS ? 1023.5 : 1023.95) && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit >= FIRST_WITH_TENTHS ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit] ?? 'B'}`;
}

/** `23.0 of 24.0 GiB`, `581 MiB of 24.0 GiB`. */
export function formatBytesOf(used: number | null, total: number | null): string {
  if (used === null || total === null) return DASH;
  const [part, whole] = [formatBytes(used), formatBytes(total)];
  const unit = whole.slice(whole.indexOf(' '));
  return `${part.endsWith(unit) ? part.slice(0, -unit.length) : part} of ${whole}`;
}

/** Bytes per second as `12.0 MiB/s`; a dash for null. */
export function formatRate(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? DASH : `${formatBytes(bytesPerSecond)}/s`;
}

/** 0 to 100, one digit after the point. */
export function formatPercent(percent: number | null): string {
  return percent === null ? DASH : `${percent.toFixed(1)}%`;
}

/** Never more than a whole: `0.4%`, `12%`, `100%`. */
export function formatOpenPercent(percent: number | null): string {
  if (percent === null) return DASH;
  return `${percent.toFixed(percent < 9.95 ? 1 : 0)}%`;
}

const coreText = (cores: number) => cores.toFixed(cores < 9.95 ? 1 : 0);

/**
 * What programs take of the CPU, given in percent of one core: `3.1 cores`. Whoever reads a percentage takes it for a
 * part of a whole, which this is not.
 */
export function formatCores(percent: number | null): string {
  return percent === null ? DASH : `${coreText(percent / 100)} cores`;
}

/** `3.1 of 32`: of the cores that there are (null where nobody tells), and never more than those. */
export function formatCoresOf(percent: number | null, coreCount: number | null): string {
  if (percent === null) return DASH;
  if (!coreCount) return coreText(percent / 100);
  return `${coreText(Math.min(percent / 100, coreCount))} of ${coreCount}`;
}

/** `2026-01-01 10:00:00 UTC`, with its zone: nobody can tell whose clock it is otherwise. */
export function formatMoment(epochMs: number | null): string {
  if (epochMs === null) return DASH;
  return `${new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** For `<time datetime>`, by which a page tells the time of its reader's zone; null for what is absent. */
export function isoMoment(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}

const pad = (value: number) => (value < 10 ? `0${value}` : String(value));

/** `48s`, `5m48s`, `3h56m02s`, `1d7h16m23s`. */
export function formatDuration(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return DASH;
  const total = Math.max(0, Math.floor(ms / 1000));
  const seconds = total % 60;
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600) % 24;
  const days = Math.floor(total / 86_400);
  if (days > 0) return `${days}d${hours}h${pad(minutes)}m${pad(seconds)}s`;
  if (hours > 0) return `${hours}h${pad(minutes)}m${pad(seconds)}s`;
  return minutes > 0 ? `${minutes}m${pad(seconds)}s` : `${seconds}s`;
}

/** `3 s ago`. Never less than a second, so that a node sampled every second does not flicker. */
export function formatAge(ms: number | null): string {
  if (ms === null) return DASH;
  const seconds = Math.max(1, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
