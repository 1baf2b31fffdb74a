import type { JobKind } from '../../protocol/job-kinds.ts';
import { type GpuTime, type HeldGpu, type JobEnd, noGpuTime, type UsageRow } from './records.ts';
import { createSpell, type Spell } from './spell.ts';

/** Jobs as the ledger follows them. Times called `…Mono` are monotonic, others epoch ms by the head's clock. */

/** A GPU while a job has it. */
export interface Hold {
  gpu: HeldGpu;
  model: string;
  /** What came before is counted. */
  countedMono: number;
  idle: Spell;
  untouched: Spell;
}

/** What a job has of one model on one node. */
export interface ModelShare {
  model: string;
  /** All that it ever had, the last ones where they are too many. */
  gpus: HeldGpu[];
  firstMs: number;
  lastMs: number;
  heldMs: number;
  cpuMs: number;
  /** The last day in which it was counted; null before the first. */
  lastDay: number | null;
}

/** Time of cores, until it is known with which model it stands. */
export interface UnplacedCpu {
  fromMs: number;
  toMs: number;
  ms: number;
}

/** A job on one node. */
export interface NodeShare {
  job: TrackedJob;
  node: string;
  /** By the node's clock, and by the head's two; null where it is not told. */
  nodeStartMs: number | null;
  startMs: number | null;
  firstMono: number;
  firstMs: number;
  /** What came before is counted. */
  countedMono: number;
  countedMs: number;
  /** The sample in which it was seen last. */
  seenMono: number;
  isOpen: boolean;
  end: JobEnd | null;
  holds: Map<number, Hold>;
  models: Map<string, ModelShare>;
  /** At the last look. */
  cpuPercent: number | null;
  residentBytes: number | null;
  unplacedCpu: UnplacedCpu | null;
  /** Not written yet; the user's name is put in then. */
  usage: UsageRow[];
}

export interface TrackedJob {
  id: string;
  key: string;
  kind: JobKind;
  jobId: string;
  name: string | null;
  user: string | null;
  command: string | null;
  time: GpuTime;
  peakPercent: number | null;
  byteMs: number;
  bytesToldMs: number;
  peakBytes: number | null;
  peakResidentBytes: number | null;
  shares: NodeShare[];
  endMs: number | null;
  end: JobEnd | null;
  firstMono: number;
  /** When its record was taken to be written; null before. */
  takenMono: number | null;
  /** No record is written of it: its node has too many. Its usage counts. */
  isUnrecorded: boolean;
}

/** A node's own words may change with every look: of one share no more is kept. */
const MAX_GPUS_OF_SHARE = 256;
const MAX_MODELS_OF_SHARE = 16;
export const OTHER_MODEL = 'other models';

/** A job of which nothing is counted yet, and without a share. */
export function newTrackedJob(
  facts: Pick<TrackedJob, 'id' | 'key' | 'kind' | 'jobId' | 'user' | 'firstMono' | 'isUnrecorded'>,
): TrackedJob {
  return {
    ...facts,
    name: null,
    command: null,
    time: noGpuTime(),
    peakPercent: null,
    byteMs: 0,
    bytesToldMs: 0,
    peakBytes: null,
    peakResidentBytes: null,
    shares: [],
    endMs: null,
    end: null,
    takenMono: null,
  };
}

/** A hold that counts from that moment (monotonic) on. */
export function newHold(gpu: HeldGpu, model: string, countedMono: number): Hold {
  return { gpu, model, countedMono, idle: createSpell(), untouched: createSpell() };
}

/** The share of a model, made where it is missing. */
export function modelShareOf(share: NodeShare, wanted: string, atMs: number): ModelShare {
  const isRoom = share.models.has(wanted) || share.models.size < MAX_MODELS_OF_SHARE;
  const model = isRoom ? wanted : OTHER_MODEL;
  const known = share.models.get(model);
  if (known !== undefined) return known;
  const made = { model, gpus: [], firstMs: atMs, lastMs: atMs, heldMs: 0, cpuMs: 0, lastDay: null };
  share.models.set(model, made);
  return made;
}

/** The GPU as the share has it on record, which it joins where it is new. */
export function heldGpuOf({ gpus }: ModelShare, index: number, uuid: string | null): HeldGpu {
  const known = gpus.find((gpu) => gpu.index === index && gpu.uuid === uuid);
  if (known !== undefined) return known;
  const made = { index, uuid, isHeld: false, isTouched: false, countedMs: null };
  gpus.push(made);
  if (gpus.length > MAX_GPUS_OF_SHARE) {
    const at = gpus.findIndex(({ isHeld }) => !isHeld);
    gpus.splice(Math.max(0, at), 1);
  }
  return made;
}

/** Whether it is on no node any more. */
export const isEnded = ({ shares }: TrackedJob) => shares.every(({ isOpen }) => !isOpen);

/** A job ended when its last share did, and is known to have ended where that one is. */
export function noteEnd(job: TrackedJob): void {
  if (!isEnded(job)) {
    job.endMs = null;
    job.end = null;
    return;
  }
  const last = job.shares.reduce((a, b) => (b.countedMs > a.countedMs ? b : a));
  job.endMs = Math.max(last.countedMs, startOf(job) ?? last.countedMs);
  job.end = last.end;
}

/** When its first share began; null where none is known to have. */
export function startOf({ shares }: TrackedJob): number | null {
  const starts = shares.flatMap(({ startMs }) => startMs ?? []);
  return starts.length === 0 ? null : Math.min(...starts);
}

/** A share that is open and counts from that moment on; the same by both clocks. */
export function newShare(job: TrackedJob, node: string, firstMono: number, firstMs: number): NodeShare {
  return {
    job,
    node,
    nodeStartMs: null,
    startMs: null,
    firstMono,
    firstMs,
    countedMono: firstMono,
    countedMs: firstMs,
    seenMono: firstMono,
    isOpen: true,
    end: null,
    holds: new Map(),
    models: new Map(),
    cpuPercent: null,
    residentBytes: null,
    unplacedCpu: null,
    usage: [],
  };
}
