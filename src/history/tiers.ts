/** How finely former times are kept, and what lies together. Times are epoch ms; buckets begin at whole multiples, UTC. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export type TierName = 'raw' | 'minute' | 'quarter' | 'day';

export interface Tier {
  name: TierName;
  /** Between two points. */
  stepMs: number;
  /** What one chunk spans. */
  bucketMs: number;
}

export const RAW: Tier = { name: 'raw', stepMs: 10_000, bucketMs: 30 * MINUTE_MS };

/** From the finest to the coarsest: each is made of the one before it. */
export const tiers: readonly [Tier, Tier, Tier, Tier] = [
  RAW,
  { name: 'minute', stepMs: MINUTE_MS, bucketMs: 2 * HOUR_MS },
  { name: 'quarter', stepMs: 15 * MINUTE_MS, bucketMs: DAY_MS },
  { name: 'day', stepMs: DAY_MS, bucketMs: DAY_MS },
];

/** The state of all GPUs, a minute apart; a frame lies beside each bucket of raw figures. */
export const FRAME_STEP_MS = MINUTE_MS;

/** How long each is kept, in days; null for ever. */
export type KeptDays = Readonly<Record<TierName | 'frame', number | null>>;

export const usualKeptDays: KeptDays = { raw: 3, minute: 14, frame: 30, quarter: 180, day: null };

/** Where the bucket begins that a moment lies in. */
export const bucketOf = ({ bucketMs }: Tier, atMs: number): number => Math.floor(atMs / bucketMs) * bucketMs;

/** `2026-12-01`, UTC. */
export const dayName = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);
