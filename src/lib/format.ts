import { coreText, DASH, formatBytes } from '../../static/shared/figures.js';

/** Figures as people read them. What browsers need too stands in `static/shared/figures.js`. Absent is a dash, never zero. */

export { DASH, formatAge, formatBytes, formatCores, formatRate } from '../../static/shared/figures.js';

/** `23.0 of 24.0 GiB`, `581 MiB of 24.0 GiB`. */
export function formatBytesOf(used: number | null, total: number | null): string {
  if (used === null || total === null) return DASH;
  const [part, whole] = [formatBytes(used), formatBytes(total)];
  const unit = whole.slice(whole.indexOf(' '));
  return `${part.endsWith(unit) ? part.slice(0, -unit.length) : part} of ${whole}`;
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

/** `3.1 of 32`: of the cores that there are (null where nobody tells), and never more than those. */
export function formatCoresOf(percent: number | null, coreCount: number | null): string {
  if (percent === null) return DASH;
  if (!coreCount) return coreText(percent / 100);
  return `${coreText(Math.min(percent / 100, coreCount))} of ${coreCount}`;
}

/** `2026-01-01 10:00:00 UTC`, with its zone: nobody can tell whose clock it is otherwise. */
export function formatMoment(epochMs: number | null): string {
  const iso = isoMoment(epochMs);
  return iso === null ? DASH : `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}

/**
 * For `<time datetime>`, by which a page tells the time of its reader's zone, and for tables; null for what is absent, and
 * for what no date can hold: one row that tells such a moment must not take the others with it.
 */
export function isoMoment(epochMs: number | null): string | null {
  const date = new Date(epochMs ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
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
