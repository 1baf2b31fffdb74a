import type { KnownFacts } from '../protocol/known-facts.ts';
import type { Sample } from '../protocol/sample.ts';
import type { SampleBrief } from '../protocol/sample-brief.ts';
import type { RecentFigures } from '../report/series.ts';

/** Of which node series are, and what is known of it besides: names, labels, and why a figure is missing. */
export interface SeriesSubject {
  name: string;
  facts: KnownFacts;
  /** The last one; null before the first. */
  sample: Sample | null;
  /** Of the same. */
  brief: SampleBrief | null;
}

/** What was known of one node over time. Each tier of history answers to this: the one in memory, and those on disk. */
export interface NodeSeries {
  /** Takes what is brief of one sample. `atMs`: epoch ms of its arrival; older ones first. `intervalMs`: until the next. */
  note(brief: SampleBrief, intervalMs: number, atMs: number): void;
  /** Epoch ms of the newest point; null before the first. */
  lastPointMs(): number | null;
  /** The points later than `sinceMs` (epoch ms; null for all that the tier keeps) and not later than `nowMs`. */
  figures(subject: SeriesSubject, sinceMs: number | null, nowMs: number): RecentFigures;
}
