/** The last quarter of an hour of a node: what `GET /api/v1/nodes/NODE/recent` answers. */

export const RECENT_MS = 15 * 60_000;
/** A point at most this often; a node that is sampled less often has a point for each sample. */
export const POINT_MS = 5_000;
/** Samples come a little early or late; without room for that, every other point would be a second late. */
const EARLY_MS = 500;

/** `lastPointMs`: null before the first point. Both by one clock, whichever. */
export function isPointDue(lastPointMs: number | null, nowMs: number): boolean {
  // A clock that was set back must not keep points away.
  return lastPointMs === null || nowMs < lastPointMs || nowMs - lastPointMs >= POINT_MS - EARLY_MS;
}

export type RecentGroup = 'cpu' | 'memory' | 'network' | 'disks' | 'gpus' | 'jobs';
export type RecentUnit = 'percent' | 'bytes' | 'bytesPerSecond' | 'celsius' | 'watts';

export interface RecentFigure {
  /** For GPUs and jobs what follows their own key. */
  key: string;
  group: RecentGroup;
  label: string;
  unit: RecentUnit;
}

export const machineFigures: readonly RecentFigure[] = [
  { key: 'cpu', group: 'cpu', label: 'CPU', unit: 'percent' },
  { key: 'memory', group: 'memory', label: 'Memory', unit: 'bytes' },
  { key: 'swap', group: 'memory', label: 'Swap', unit: 'bytes' },
  { key: 'network.receive', group: 'network', label: 'Received', unit: 'bytesPerSecond' },
  { key: 'network.transmit', group: 'network', label: 'Sent', unit: 'bytesPerSecond' },
  { key: 'disks.read', group: 'disks', label: 'Read', unit: 'bytesPerSecond' },
  { key: 'disks.write', group: 'disks', label: 'Written', unit: 'bytesPerSecond' },
  { key: 'disks.busy', group: 'disks', label: 'Busiest disk', unit: 'percent' },
];

export const gpuFigures: readonly RecentFigure[] = [
  { key: 'utilization', group: 'gpus', label: 'utilization', unit: 'percent' },
  { key: 'memory', group: 'gpus', label: 'memory', unit: 'bytes' },
  { key: 'temperature', group: 'gpus', label: 'temperature', unit: 'celsius' },
  { key: 'power', group: 'gpus', label: 'power', unit: 'watts' },
];

/** A job's CPU is percent of one core, and not bounded by 100. */
export const jobFigures: readonly RecentFigure[] = [
  { key: 'cpu', group: 'jobs', label: 'CPU', unit: 'percent' },
  { key: 'resident', group: 'jobs', label: 'memory', unit: 'bytes' },
  { key: 'gpuMemory', group: 'jobs', label: 'GPU memory', unit: 'bytes' },
];

export interface RecentSeries {
  /** `cpu`, `gpu.3.power`, `job.slurm:4711.cpu`: the same from answer to answer. */
  key: string;
  group: RecentGroup;
  /** Whose line it is. */
  label: string;
  unit: RecentUnit;
  gpuIndex?: number;
  jobKey?: string;
  /** One for each of `timesMs`; null where absent. */
  values: (number | null)[];
  /** Why there is no value at all. */
  missing?: string;
}

export interface RecentFigures {
  node: string;
  /** What the points lie between, by the head's clock. */
  fromMs: number;
  toMs: number;
  /** When each sample arrived. A point without any value ends a line: the node was away after it. */
  timesMs: number[];
  series: RecentSeries[];
  /** Why a group has no series. */
  missing: Partial<Record<RecentGroup, string>>;
}
