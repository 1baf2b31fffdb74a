import { csvOf } from '../lib/csv.ts';
import type { HistoryAnswer } from './history.ts';

/** One line for each moment; of each series its mean, least and most. */
export function historyCsv({ timesMs, series }: HistoryAnswer): string {
  const heads = series.flatMap(({ key, unit }) =>
    ['mean', 'min', 'max'].map((side) => `${key} ${side} (${unit})`),
  );
  const rows = timesMs.map((timeMs, at) => [
    new Date(timeMs).toISOString(),
    ...series.flatMap(({ mean, min, max }) => [mean[at] ?? null, min[at] ?? null, max[at] ?? null]),
  ]);
  return csvOf([['time', ...heads], ...rows]);
}
