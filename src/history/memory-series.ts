import { sampleFigures } from '../report/sample-figures.ts';
import type { RecentFigures } from '../report/series.ts';
import type { NodeSeries, SeriesSubject } from './node-series.ts';
import { noteFigures, recentFigures } from './recent.ts';
import { createRecentRing, lastPointMs } from './recent-ring.ts';

/** The last quarter of an hour, in memory. */
export function createMemorySeries(): NodeSeries {
  const ring = createRecentRing();
  return {
    note: (figures, facts, intervalMs, atMs) => noteFigures(ring, facts, figures, intervalMs, atMs),
    lastPointMs: () => lastPointMs(ring),
    figures: (subject, sinceMs, nowMs) => recentFigures({ ...subject, ring }, sinceMs, nowMs),
  };
}

/** The subject's sample alone, as one point; `atMs`: epoch ms of its arrival, null before the first. */
export function newestFigures(subject: SeriesSubject, atMs: number | null, nowMs: number): RecentFigures {
  const { sample, facts } = subject;
  const series = createMemorySeries();
  if (sample !== null && atMs !== null)
    series.note(sampleFigures(sample), facts, sample.intervalMs ?? 0, atMs);
  return series.figures(subject, null, nowMs);
}
