import type { JobKind } from '../../protocol/job-kinds.ts';

/**
 * What the ledger knows, as a store keeps it: jobs, and what users took of nodes day by day.
 *
 * Time on GPUs is known or not. What is known is `held`; of it `active` is time at work, `idle` and `untouched` are
 * spells without any of ten minutes or more, and the rest is short pauses and what the driver does not tell. `unknown`
 * stands beside it: the job was there before and after, and its node was not heard.
 */

/** `lost`: its node, or the head, was away when it ended. */
export type JobEnd = 'seen' | 'lost';

/** Milliseconds on GPUs, one on two GPUs counting twice. */
export interface GpuTime {
  heldMs: number;
  /** At `BUSY_PERCENT` or more. */
  activeMs: number;
  idleMs: number;
  /** Given by a scheduler, before any process of the job came; no part of `idleMs`. */
  untouchedMs: number;
  unknownMs: number;
  /** Of `heldMs`, with a utilization that the driver told: without any, `activeMs` and `idleMs` say nothing. */
  toldMs: number;
  /** Utilization in percent times milliseconds: over `toldMs` it is the mean. */
  percentMs: number;
  /** Null where no power was ever told. */
  energyJoules: number | null;
  /** Of cores. Null where no CPU was ever told. */
  cpuMs: number | null;
}

export interface HeldGpu {
  /** As the node counts. */
  index: number;
  uuid: string | null;
  /** Now, or at the end. */
  isHeld: boolean;
  /** A process of the job was on it. */
  isTouched: boolean;
  /** While it is held: what came before is counted. */
  countedMs: number | null;
}

/** What a job has of one model of GPUs on one node. Times are by the head's clock, unless another one is named. */
export interface ShareRecord {
  node: string;
  /** '' without a GPU. */
  model: string;
  gpus: HeldGpu[];
  isOpen: boolean;
  /** When its oldest process began, by the node's clock. */
  nodeStartMs: number | null;
  firstMs: number;
  lastMs: number;
  heldMs: number;
  cpuMs: number;
  /** The last day in which it was counted in a row of usage; null before the first. */
  lastDay: number | null;
}

export interface JobRecord extends GpuTime {
  /** Names the record, among all that there ever are. */
  id: string;
  /** As in `ClusterJob`. A key that is used anew is another record's. */
  key: string;
  kind: JobKind;
  /** As people type it. */
  jobId: string;
  name: string | null;
  user: string | null;
  command: string | null;
  /** When it began, which may be before anybody looked. */
  startMs: number | null;
  /** What is counted begins and ends here. */
  firstMs: number;
  lastMs: number;
  /** Null while it runs, or nobody knows. */
  endMs: number | null;
  end: JobEnd | null;
  peakPercent: number | null;
  /** Of a GPU's memory, in use by whomever: bytes times milliseconds, over `bytesToldMs` the mean. */
  byteMs: number;
  bytesToldMs: number;
  peakBytes: number | null;
  /** Of all its processes together, when somebody looked. */
  peakResidentBytes: number | null;
  shares: ShareRecord[];
}

/**
 * What came to a user's time on one model of GPUs of one node within one day, to be added to what is kept of the same.
 * A GPU that jobs share is divided among them, so that all users' hours of a day are never more than the GPUs had. Time
 * of cores stands with the first model that a job had there.
 */
export interface UsageRow extends GpuTime {
  /** Days since 1970, UTC. */
  day: number;
  /** '' where nobody knows. */
  user: string;
  node: string;
  /** '' without a GPU. */
  model: string;
  /** Jobs that were there that day, each in one row of the day: of the user, of the node, of the model. */
  jobs: number;
  jobsOfNode: number;
  jobsOfModel: number;
  /** Of these, those that were there for the first time. */
  newJobs: number;
  newJobsOfNode: number;
  newJobsOfModel: number;
}

/** What changed since the last one, to be written in one transaction. */
export interface LedgerBatch {
  /** Which run of a head it is from, and the how manieth: whoever has written it once leaves it out. */
  writer: string;
  number: number;
  /** Replace those of the same `id`. */
  jobs: JobRecord[];
  usage: UsageRow[];
}

/** Nothing yet, and nothing told. */
export const noGpuTime = (): GpuTime => ({
  heldMs: 0,
  activeMs: 0,
  idleMs: 0,
  untouchedMs: 0,
  unknownMs: 0,
  toldMs: 0,
  percentMs: 0,
  energyJoules: null,
  cpuMs: null,
});

/** Adds a share of what was measured. What was not told stays null. */
export function addGpuTime(sum: GpuTime, more: Partial<GpuTime>, share = 1): void {
  sum.heldMs += (more.heldMs ?? 0) * share;
  sum.activeMs += (more.activeMs ?? 0) * share;
  sum.idleMs += (more.idleMs ?? 0) * share;
  sum.untouchedMs += (more.untouchedMs ?? 0) * share;
  sum.unknownMs += (more.unknownMs ?? 0) * share;
  sum.toldMs += (more.toldMs ?? 0) * share;
  sum.percentMs += (more.percentMs ?? 0) * share;
  sum.energyJoules = addTold(sum.energyJoules, more.energyJoules ?? null, share);
  sum.cpuMs = addTold(sum.cpuMs, more.cpuMs ?? null, share);
}

const addTold = (sum: number | null, more: number | null, share: number) =>
  more === null ? sum : (sum ?? 0) + more * share;
