import type { GpuUse } from './gpu-use.ts';
import type { NodeState } from './node-report.ts';

/** What the head knows of former times: what is asked of it, and what it answers. */

export type { HistoryAnswer, HistorySeries, PastEvent } from './history-answer.ts';

/** What `GET /api/v1/history` asks. Times are epoch ms; the end does not belong to the range. */
export interface HistoryQuestion {
  node: string;
  /** Keys as in `RecentSeries`, and what all of them begin with: `gpu.0`, `job.slurm:4711`. Null for all. */
  series: readonly string[] | null;
  fromMs: number;
  toMs: number;
  /** The least that lies between two points; more where the tier has fewer, or points would be too many. */
  stepMs: number | null;
}

/** What a GPU did at a past minute. */
export interface PastGpu {
  index: number;
  uuid: string | null;
  name: string | null;
  use: GpuUse;
  utilizationPercent: number | null;
  memoryUsedBytes: number | null;
  memoryTotalBytes: number | null;
  temperatureCelsius: number | null;
  powerWatts: number | null;
}

/** A node at a past minute. */
export interface PastNode {
  name: string;
  tags: string[];
  state: NodeState;
  gpus: PastGpu[];
}

/** Whether history is written, for page and `status`. */
export interface HistoryStatus {
  /** `off`: by the settings. `failing`: it should be, and is not. */
  state: 'on' | 'off' | 'failing';
  /** What is wrong, with what helps against it; null where nothing is. */
  problem: string | null;
  /** Where it is: a folder, or the address of a database without its password. */
  place: string | null;
  /** For people: `@photostructure/sqlite, SQLite 3.53.0, Node.js v20.20.2`. */
  engine: string | null;
  sizeBytes: number | null;
  /** Of the oldest that is kept. */
  sinceMs: number | null;
}
