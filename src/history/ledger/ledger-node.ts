import { MAX_BRIEF_JOBS } from '../../protocol/brief-jobs.ts';
import type { SampleBrief } from '../../protocol/sample-brief.ts';
import { createGpuMeters, type GpuMeters } from './gpu-meters.ts';
import type { NodeShare } from './tracked-job.ts';

/** One moment by both clocks: what lasts is told by the one that nobody sets. */
export interface ClockMoment {
  monotonicMs: number;
  epochMs: number;
}

/** What the ledger knows of one node. */
export interface LedgerNode {
  name: string;
  meters: GpuMeters;
  /** The last sample, and the one before, up to which all is counted. Null before the first. */
  sample: ClockMoment | null;
  before: ClockMoment;
  /** Between the two samples others are missing. */
  isGap: boolean;
  intervalMs: number;
  /** Since the last look, for which there are samples. */
  observedMs: number;
  lookedMono: number | null;
  /** Something changed since. */
  isChanged: boolean;
  jobKeys: readonly string[];
  held: readonly boolean[];
  /** Jobs that are there, by `ClusterJob.key`. */
  shares: Map<string, NodeShare>;
  /** Jobs that are gone, the latest last: one that comes back is the same. */
  gone: Map<string, NodeShare>;
  room: RecordRoom;
  users: { day: number; names: Set<string> };
}

/** A sample that comes after three intervals, or after 5 s at the least, left out others: as with a node's state. */
const MISSED_INTERVALS = 3;
const SHORTEST_GAP_MS = 5_000;
const LOOK_EVERY_MS = 60_000;
/** A report costs a hundred times what a sample's brief does. */
const LOOK_AT_MOST_EVERY_MS = 5_000;

/** A node that has said nothing yet. */
export function newNode(name: string): LedgerNode {
  return {
    name,
    meters: createGpuMeters(),
    sample: null,
    before: { monotonicMs: 0, epochMs: 0 },
    isGap: true,
    intervalMs: 0,
    observedMs: 0,
    lookedMono: null,
    isChanged: false,
    jobKeys: [],
    held: [],
    shares: new Map(),
    gone: new Map(),
    room: createRecordRoom(),
    users: { day: 0, names: new Set() },
  };
}

/** Takes in a sample's brief. */
export function takeBrief(node: LedgerNode, brief: SampleBrief, at: ClockMoment): void {
  const last = node.sample ?? at;
  node.meters.settle(node.before.monotonicMs, last.monotonicMs, !node.isGap);
  if (!node.isGap) node.observedMs += last.monotonicMs - node.before.monotonicMs;
  const intervalMs = Math.max(node.intervalMs, brief.intervalMs ?? 0);
  node.intervalMs = brief.intervalMs ?? node.intervalMs;
  const limitMs = Math.max(MISSED_INTERVALS * intervalMs, SHORTEST_GAP_MS);
  node.isGap = node.sample === null || at.monotonicMs - last.monotonicMs > limitMs;
  node.before = last;
  node.sample = at;
  node.meters.take(brief.gpus);
  if (node.isGap || isChanged(node, brief)) node.isChanged = true;
  node.jobKeys = brief.jobs?.key ?? [];
  node.held = brief.gpus?.isHeld ?? [];
}

function isChanged(node: LedgerNode, { jobs, gpus }: SampleBrief): boolean {
  if (!isSame(node.held, gpus?.isHeld ?? [])) return true;
  const keys = jobs?.key ?? [];
  // Of more jobs a brief tells the largest, and those change places all the time.
  const isCut = keys.length === MAX_BRIEF_JOBS && node.jobKeys.length === MAX_BRIEF_JOBS;
  return !isCut && !isSame(node.jobKeys, keys);
}

function isSame<Value>(a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Whether it is time to look at all that the node says. */
export function isLookDue({ lookedMono, isChanged: hasNews }: LedgerNode, nowMono: number): boolean {
  if (lookedMono === null) return true;
  const sinceMs = nowMono - lookedMono;
  return sinceMs >= LOOK_EVERY_MS || (hasNews && sinceMs >= LOOK_AT_MOST_EVERY_MS);
}

/** How many records a node may begin: a node that makes jobs up fills no disk. */
export interface RecordRoom {
  take(nowMono: number): boolean;
}

const MOST_RECORDS_AT_ONCE = 1_024;
const MS_PER_RECORD = 5_000;

function createRecordRoom(): RecordRoom {
  let left = MOST_RECORDS_AT_ONCE;
  let atMono: number | null = null;
  return {
    take(nowMono) {
      left = Math.min(MOST_RECORDS_AT_ONCE, left + (nowMono - (atMono ?? nowMono)) / MS_PER_RECORD);
      atMono = nowMono;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
