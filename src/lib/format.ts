/** Figures as people read them. Absent is a dash, never zero. */

export const DASH = '–';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** Three digits at most where that loses nothing of use: `581 MiB`, `1.5 GiB`, `11 GiB`. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return DASH;
  let value = bytes;
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit] ?? 'B'}`;
}

export function formatRate(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? DASH : `${formatBytes(bytesPerSecond)}/s`;
}

/** 0 to 100, one digit after the point. */
export function formatPercent(percent: number | null): string {
  return percent === null ? DASH : `${percent.toFixed(1)}%`;
}

/** Percent of one core, unbounded: `0.4%`, `12%`, `1630%`. */
export function formatOpenPercent(percent: number | null): string {
  if (percent === null) return DASH;
  return `${percent.toFixed(percent < 9.95 ? 1 : 0)}%`;
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
