import type { RecentFigures } from '../report/series.ts';
import type { NodeSeries, SeriesSubject } from './node-series.ts';
import { pointOf, recentFigures } from './recent.ts';
import { addPoint, createRecentRing, lastPointMs } from './recent-ring.ts';

/** The last quarter of an hour, in memory. */
export function createMemorySeries(): NodeSeries {
  const ring = createRecentRing();
  return {
    note: (brief, intervalMs, atMs) => addPoint(ring, pointOf(brief), intervalMs, atMs),
    lastPointMs: () => lastPointMs(ring),
    figures: (subject, sinceMs, nowMs) => recentFigures({ ...subject, ring }, sinceMs, nowMs),
  };
}

/** The subject's sample alone, as one point; `atMs`: epoch ms of its arrival, null before the first. */
export function newestFigures(subject: SeriesSubject, atMs: number | null, nowMs: number): RecentFigures {
  const { brief } = subject;
  const series = createMemorySeries();
  if (brief !== null && atMs !== null) series.note(brief, brief.intervalMs ?? 0, atMs);
  return series.figures(subject, null, nowMs);
}
