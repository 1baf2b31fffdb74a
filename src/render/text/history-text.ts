import { DASH, formatBytes, formatMoment, formatRate } from '../../lib/format.ts';
import { visibleText } from '../../lib/visible-text.ts';
import type { HistoryAnswer, HistorySeries, PastEvent } from '../../report/history.ts';
import type { RecentUnit } from '../../report/series.ts';
import { alignColumns, headings, type TextCell } from './align-columns.ts';
import { plainStyle, type TextStyle, type Tone } from './text-style.ts';

/** Former times of a node, for a terminal. */

const BLOCKS = '▁▂▃▄▅▆▇█';
const USUAL_WIDTH = 48;
const MOST_EVENTS = 20;

/** A block for each part of the range; a blank where nothing is known. `top`: what fills a block. */
export function sparkline(values: readonly (number | null)[], width: number, top: number): string {
  let line = '';
  const columns = Math.min(width, values.length);
  for (let at = 0; at < columns; at++) {
    const from = Math.floor((at * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((at + 1) * values.length) / columns));
    const known = values.slice(from, to).filter((value) => value !== null);
    if (known.length === 0) line += ' ';
    else {
      const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
      const step = top <= 0 ? 0 : Math.floor((mean / top) * BLOCKS.length);
      line += BLOCKS[Math.max(0, Math.min(BLOCKS.length - 1, step))];
    }
  }
  return line;
}

const tell: Record<RecentUnit, (value: number) => string> = {
  percent: (value) => `${Math.round(value * 10) / 10}%`,
  bytes: formatBytes,
  bytesPerSecond: formatRate,
  celsius: (value) => `${Math.round(value)} °C`,
  watts: (value) => `${Math.round(value)} W`,
};

const extreme = (
  values: readonly (number | null)[],
  pick: (...values: number[]) => number,
): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => pick(a, b));
};

function row({ key, unit, mean, min, max }: HistorySeries, width: number): TextCell[] {
  const [least, most] = [extreme(min, Math.min), extreme(max, Math.max)];
  const last = mean.findLast((value) => value !== null) ?? null;
  const told = (value: number | null) => (value === null ? DASH : tell[unit](value));
  const top = unit === 'percent' ? Math.max(100, most ?? 0) : (most ?? 0);
  return [key, sparkline(mean, width, top), told(least), told(most), told(last)];
}

const eventTones: Record<PastEvent['severity'], Tone | null> = {
  info: null,
  warning: 'warning',
  error: 'bad',
  critical: 'bad',
};

function eventLines(events: readonly PastEvent[], style: TextStyle): string[] {
  if (events.length === 0) return [];
  const shown = events.slice(-MOST_EVENTS);
  const rows = shown.map(({ atMs, gpuIndex, text, severity }): TextCell[] => [
    formatMoment(atMs),
    gpuIndex === null ? DASH : `GPU ${gpuIndex}`,
    { text, tone: eventTones[severity] },
  ]);
  const left = events.length - shown.length;
  return ['', ...alignColumns(rows, '', style), ...(left > 0 ? [`and ${left} before`] : [])];
}

/** A line for each series, and what happened. */
export function renderHistoryText(answer: HistoryAnswer, style: TextStyle = plainStyle): string {
  const { node, fromMs, toMs, tierMs, series, events } = answer;
  const known = series.filter(({ mean }) => mean.some((value) => value !== null));
  const range = `${visibleText(node)}, ${formatMoment(fromMs)} to ${formatMoment(toMs)}, every ${tierText(tierMs)}`;
  if (known.length === 0) return `${range}\nNothing is known of that time.\n`;
  const width = style.width === null ? USUAL_WIDTH : Math.max(10, Math.min(USUAL_WIDTH, style.width - 60));
  const rows = [
    headings(['SERIES', 'MEAN', 'LEAST', 'MOST', 'LAST']),
    ...known.map((one) => row(one, width)),
  ];
  return `${[range, ...alignColumns(rows, '', style), ...eventLines(events, style)].join('\n')}\n`;
}

const tierText = (tierMs: number) => {
  if (tierMs >= 86_400_000) return 'day';
  return tierMs >= 60_000 ? `${tierMs / 60_000} min` : `${tierMs / 1_000} s`;
};
