import { containerKinds, isOfScheduler } from '../../protocol/job-kinds.ts';
import type { ReportedGpu } from '../../protocol/reported-sample.ts';
import type { NodeReport } from '../../report/node-report.ts';
import { type Counted, countCpu, countGap, countHold, isKnownUpTo } from './attribute.ts';
import { isUserSure, type JobRegister } from './job-register.ts';
import type { ClockMoment, LedgerNode } from './ledger-node.ts';
import { isWorthRecord, type SeenJob, seenJobs } from './reported-jobs.ts';
import {
  type Hold,
  heldGpuOf,
  modelShareOf,
  type NodeShare,
  newHold,
  newShare,
  type TrackedJob,
} from './tracked-job.ts';

/** A look at all that a node says: what was counted since the last one gets its owners, and jobs come and go. */

/** What stands for a GPU whose model no driver tells. */
const NAMELESS_MODEL = 'unknown model';
/** By how much starts must differ to be those of two jobs: clocks and ways of messages are no more exact. */
const START_SLACK_MS = 1_000;
/** A job that is seen again within this time was not gone; a session is told of only while it takes something. */
const BACK_WITHIN_MS = 600_000;
const SESSION_BACK_WITHIN_MS = 86_400_000;
const MOST_GONE = 64;

/** When a job's oldest process began, by the head's monotonic clock; null where it is not told. */
function startMonoOf({ job }: SeenJob, report: NodeReport, at: ClockMoment): number | null {
  const { sample, sampleAgeMs } = report;
  if (job.startTimeMs === null || !sample?.takenAtMs) return null;
  return at.monotonicMs - Math.max(0, sample.takenAtMs - job.startTimeMs + (sampleAgeMs ?? 0));
}

/**
 * Whether the job of this key is another than the one that had it: all its processes began after that one was seen last,
 * and at another time by the node's own clock. Either clock may have been set.
 */
function isAnother(share: NodeShare, seen: SeenJob, startMono: number | null): boolean {
  const { startTimeMs } = seen.job;
  if (startMono === null || startTimeMs === null || share.nodeStartMs === null) return false;
  const isOther = Math.abs(startTimeMs - share.nodeStartMs) > START_SLACK_MS;
  return isOther && startMono > share.seenMono + START_SLACK_MS;
}

export interface Look {
  node: LedgerNode;
  register: JobRegister;
  report: NodeReport;
  at: ClockMoment;
}

/** Does nothing where the node is not live: then nothing is known of its jobs. */
export function lookAt(look: Look): void {
  const { node, report, at } = look;
  const seen = seenJobs(report);
  if (node.sample === null || report.state !== 'live') return;
  forgetGone(node, at.monotonicMs);
  node.lookedMono = at.monotonicMs;
  node.isChanged = false;
  if (seen !== null) takeSeen(look, seen, node.sample);
  // Where its jobs could not be read, what was counted is nobody's: to those that are there later it is unknown.
  node.meters.reset();
  node.observedMs = 0;
}

function takeSeen(look: Look, seen: readonly SeenJob[], sample: ClockMoment): void {
  const { node, report, at } = look;
  const counted: Counted = {
    mono: node.before.monotonicMs,
    epochMs: node.before.epochMs,
    observedMs: node.observedMs,
    meters: node.meters,
  };
  const now = new Map(seen.map((one) => [one.key, one]));
  const starts = new Map(seen.map((one) => [one.key, startMonoOf(one, report, at)]));
  const holders = countHolders(node);
  for (const [key, share] of node.shares) {
    const still = now.get(key);
    const isStill = still !== undefined && !isAnother(share, still, starts.get(key) ?? null);
    countShare(share, isStill ? still : null, counted, holders);
    if (!isStill) endShare(look, key, share);
    else if (node.isGap) bridgeGap(share, node.before, sample, holders);
  }
  for (const [key, one] of now) {
    const startMono = starts.get(key) ?? null;
    const share = node.shares.get(key) ?? openShare(look, one, startMono, sample);
    if (share === null) continue;
    noteFacts(share, one, startMono, at);
    share.seenMono = sample.monotonicMs;
    takeHolds(node, share, one, sample);
  }
}

/** Where samples were missing, and the job was there before and after. */
function bridgeGap(
  share: NodeShare,
  before: ClockMoment,
  sample: ClockMoment,
  holders: ReadonlyMap<number, number>,
): void {
  if (before.monotonicMs === sample.monotonicMs) return;
  for (const [index, hold] of share.holds) countGap(share, hold, before, sample, holders.get(index) ?? 1);
  countTo(share, sample);
}

function countTo(share: NodeShare, { monotonicMs, epochMs }: ClockMoment): void {
  share.countedMono = Math.max(share.countedMono, monotonicMs);
  share.countedMs = Math.max(share.firstMs, epochMs);
}

function countHolders({ shares }: LedgerNode): ReadonlyMap<number, number> {
  const holders = new Map<number, number>();
  for (const { holds } of shares.values())
    for (const index of holds.keys()) holders.set(index, (holders.get(index) ?? 0) + 1);
  return holders;
}

/** `still`: null for a job that is gone, which was last there in the sample before this one. */
function countShare(
  share: NodeShare,
  still: SeenJob | null,
  counted: Counted,
  holders: ReadonlyMap<number, number>,
): void {
  const isKnown = isKnownUpTo(share, counted);
  const kept = still === null ? null : new Set(still.gpus.map(placeOf));
  const isTold = still?.touched !== null;
  for (const [index, hold] of share.holds) {
    const isKept = kept !== null && (kept.has(placeOf(hold.gpu)) || !isTold);
    countHold(share, hold, counted, holders.get(index) ?? 1, isKept);
    if (isKept) continue;
    hold.gpu.isHeld = false;
    share.holds.delete(index);
  }
  if (still === null && !isKnown) return;
  countCpu(share, still === null ? null : still.job.cpuPercent, counted);
  countTo(share, { monotonicMs: counted.mono, epochMs: counted.epochMs });
}

const placeOf = ({ index, uuid }: { index: number; uuid: string | null }) => `${index} ${uuid ?? ''}`;

function endShare({ node, register }: Look, key: string, share: NodeShare): void {
  closeShare(share, node.isGap ? 'lost' : 'seen');
  node.shares.delete(key);
  node.gone.delete(key);
  node.gone.set(key, share);
  register.noteShare(share);
}

/** What a share had is not held any more. */
export function closeShare(share: NodeShare, end: 'seen' | 'lost'): void {
  share.isOpen = false;
  share.end = end;
  share.residentBytes = null;
  for (const { gpu } of share.holds.values()) gpu.isHeld = false;
  share.holds.clear();
}

function openShare(
  look: Look,
  seen: SeenJob,
  startMono: number | null,
  sample: ClockMoment,
): NodeShare | null {
  const { node, register } = look;
  const back = takeBack(node, seen, startMono);
  if (back === null && !isWorthRecord(seen)) return null;
  const first = startOf(node, startMono, sample);
  const mayRecord = () => node.room.take(sample.monotonicMs);
  const job = back?.job ?? register.jobFor(seen, first.monotonicMs, mayRecord);
  let share = back ?? job.shares.find((one) => one.node === node.name);
  if (share === undefined) {
    share = newShare(job, node.name, first.monotonicMs, first.epochMs);
    job.shares.push(share);
  }
  share.isOpen = true;
  share.end = null;
  share.countedMono = first.monotonicMs;
  share.cpuPercent = seen.job.cpuPercent;
  node.shares.set(seen.key, share);
  register.noteShare(share);
  return share;
}

/** From when on a job that is seen for the first time counts: between the last two samples, where its start lies. */
function startOf({ before, isGap }: LedgerNode, startMono: number | null, sample: ClockMoment): ClockMoment {
  if (isGap) return sample;
  const mono = Math.min(Math.max(startMono ?? before.monotonicMs, before.monotonicMs), sample.monotonicMs);
  return { monotonicMs: mono, epochMs: sample.epochMs - (sample.monotonicMs - mono) };
}

function forgetGone({ gone }: LedgerNode, nowMono: number): void {
  for (const [key, { seenMono, job }] of gone) {
    const isNamed = isOfScheduler(job.kind) || (containerKinds as readonly string[]).includes(job.kind);
    const withinMs = isNamed ? BACK_WITHIN_MS : SESSION_BACK_WITHIN_MS;
    if (nowMono - seenMono > withinMs || gone.size > MOST_GONE) gone.delete(key);
  }
}

function takeBack({ gone }: LedgerNode, seen: SeenJob, startMono: number | null): NodeShare | null {
  const share = gone.get(seen.key);
  if (share === undefined || isAnother(share, seen, startMono)) return null;
  gone.delete(seen.key);
  return share;
}

/** Names, users and starts are learned later. */
function noteFacts(
  share: NodeShare,
  { job: said, command }: SeenJob,
  startMono: number | null,
  at: ClockMoment,
): void {
  const { job } = share;
  // One node alone renames no job of others.
  const isOwn = job.shares[0] === share;
  const isOnlyOne = job.shares.length === 1;
  if (said.user !== null && (isOnlyOne || !isUserSure(job.user))) renameUser(job, said.user);
  if (isOwn) job.jobId = said.id;
  if (isOwn || job.name === null) job.name = said.name ?? job.name;
  if (isOwn || job.command === null) job.command = command ?? job.command;
  share.nodeStartMs = said.startTimeMs ?? share.nodeStartMs;
  if (startMono !== null)
    share.startMs = startEpochOf(share.startMs, at.epochMs - (at.monotonicMs - startMono));
  share.residentBytes = said.residentBytes;
  const resident = job.shares.reduce((sum, { residentBytes }) => sum + (residentBytes ?? 0), 0);
  if (said.residentBytes !== null && resident > (job.peakResidentBytes ?? -1))
    job.peakResidentBytes = resident;
}

/** What was written of it stays with the one before, but the job is counted for the new one too. */
function renameUser(job: TrackedJob, user: string): void {
  if (job.user === user) return;
  job.user = user;
  if (job.takenMono === null) return;
  for (const { models } of job.shares) for (const of of models.values()) of.lastDay = null;
}

/** The head's clock may have been set; what messages take on their way changes nothing. */
function startEpochOf(known: number | null, told: number): number {
  return known !== null && Math.abs(known - told) < 60_000 ? Math.min(known, told) : told;
}

/**
 * Takes the GPUs that it has now, and counts from the sample before on: it got them since. A card that was not there then
 * has nothing that could be counted.
 */
function takeHolds(
  { meters }: LedgerNode,
  share: NodeShare,
  { gpus, touched }: SeenJob,
  sample: ClockMoment,
): void {
  const since = { monotonicMs: share.countedMono, epochMs: share.countedMs };
  for (const gpu of gpus) {
    const from = meters.get(gpu.index)?.isNew === false ? since : sample;
    const hold = share.holds.get(gpu.index) ?? takeHold(share, gpu, from);
    hold.countedMono = Math.max(hold.countedMono, from.monotonicMs);
    if (touched === null || touched.has(gpu.index)) hold.gpu.isTouched = true;
  }
}

function takeHold(share: NodeShare, gpu: ReportedGpu, from: ClockMoment): Hold {
  const of = modelShareOf(share, modelOf(gpu), from.epochMs);
  const held = heldGpuOf(of, gpu.index, gpu.uuid);
  const hold = newHold(held, of.model, from.monotonicMs);
  held.isHeld = true;
  share.holds.set(gpu.index, hold);
  return hold;
}

const modelOf = ({ name }: ReportedGpu) => name ?? NAMELESS_MODEL;
