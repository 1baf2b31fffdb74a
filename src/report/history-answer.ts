import type { RecentFigure } from './series.ts';

/** What the head answers of former times: also the browser's types, which know nothing of reports. */

export interface HistorySeries extends RecentFigure {
  /** Whose line it is, as `RecentSeries.label`. */
  label: string;
  gpuIndex?: number;
  jobKey?: string;
  /** One for each of `timesMs`; null where absent. */
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  /** What the kept values are whole multiples of; null where they are kept to three digits. */
  resolution: number | null;
  /** Why there is no value at all. */
  missing?: string;
}

/** What `GET /api/v1/history` answers. */
export interface HistoryAnswer {
  node: string;
  fromMs: number;
  toMs: number;
  /** Each point is about the time from its own moment on, for so long. */
  stepMs: number;
  /** What lay between two points of the tier that was read. */
  tierMs: number;
  timesMs: number[];
  series: HistorySeries[];
  /** What happened then, oldest first. */
  events: PastEvent[];
}

/** Something that happened: a line in charts. */
export interface PastEvent {
  atMs: number;
  node: string;
  /** `state` of a node; what its kernel, drivers or GPUs said. */
  kind: 'state' | 'xid' | 'kernel' | 'mark';
  severity: 'info' | 'warning' | 'error' | 'critical';
  gpuIndex: number | null;
  /** For a person. */
  text: string;
}
