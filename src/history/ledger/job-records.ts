import { addGpuTime, type GpuTime, type HeldGpu, type JobRecord, type ShareRecord } from './records.ts';
import {
  type ModelShare,
  type NodeShare,
  newHold,
  newShare,
  newTrackedJob,
  startOf,
  type TrackedJob,
} from './tracked-job.ts';

/** Jobs as a store keeps them, and back. */

/** As a store keeps it: times in whole milliseconds. */
export function toRecord(job: TrackedJob): JobRecord {
  const shares = job.shares.flatMap(shareRecords);
  const { time } = job;
  return {
    id: job.id,
    key: job.key,
    kind: job.kind,
    jobId: job.jobId,
    name: job.name,
    user: job.user,
    command: job.command,
    startMs: whole(startOf(job)),
    firstMs: Math.min(...shares.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...shares.map(({ lastMs }) => lastMs)),
    endMs: whole(job.endMs),
    end: job.end,
    ...wholeTime(time),
    peakPercent: job.peakPercent,
    byteMs: job.byteMs,
    bytesToldMs: Math.round(job.bytesToldMs),
    peakBytes: whole(job.peakBytes),
    peakResidentBytes: whole(job.peakResidentBytes),
    shares,
  };
}

const whole = (value: number | null) => (value === null ? null : Math.round(value));

/** To whole milliseconds; energy stays as it is. */
export const wholeTime = (time: GpuTime): GpuTime => ({
  heldMs: Math.round(time.heldMs),
  activeMs: Math.round(time.activeMs),
  idleMs: Math.round(time.idleMs),
  untouchedMs: Math.round(time.untouchedMs),
  unknownMs: Math.round(time.unknownMs),
  toldMs: Math.round(time.toldMs),
  percentMs: time.percentMs,
  energyJoules: time.energyJoules,
  cpuMs: whole(time.cpuMs),
});

function countedMsOf({ holds, countedMono, countedMs }: NodeShare, gpu: HeldGpu): number | null {
  const hold = holds.get(gpu.index);
  return hold?.gpu === gpu ? Math.round(countedMs + hold.countedMono - countedMono) : null;
}

function shareRecords(share: NodeShare): ShareRecord[] {
  const { node, isOpen, nodeStartMs, firstMs, countedMs } = share;
  const nothing: ModelShare = {
    model: '',
    gpus: [],
    firstMs,
    lastMs: countedMs,
    heldMs: 0,
    cpuMs: 0,
    lastDay: null,
  };
  const models = share.models.size === 0 ? [nothing] : [...share.models.values()];
  return models.map((of) => ({
    node,
    model: of.model,
    gpus: of.gpus.map((gpu) => ({ ...gpu, countedMs: countedMsOf(share, gpu) })),
    isOpen,
    nodeStartMs,
    firstMs: Math.round(of.firstMs),
    lastMs: Math.round(Math.max(of.firstMs, of.lastMs)),
    heldMs: Math.round(of.heldMs),
    cpuMs: Math.round(of.cpuMs),
    lastDay: of.lastDay,
  }));
}

/**
 * A job as it was written before the head was started. `monoOf`: monotonic time of an epoch time of before. Spells begin
 * anew: nobody knows what a GPU did meanwhile.
 */
export function fromRecord(record: JobRecord, monoOf: (epochMs: number) => number): TrackedJob {
  const job = newTrackedJob({
    ...record,
    firstMono: monoOf(record.firstMs),
    isUnrecorded: false,
  });
  job.name = record.name;
  job.command = record.command;
  addGpuTime(job.time, record);
  const { peakPercent, byteMs, bytesToldMs, peakBytes, peakResidentBytes } = record;
  Object.assign(job, { peakPercent, byteMs, bytesToldMs, peakBytes, peakResidentBytes });
  for (const row of record.shares) restoreShare(job, row, record.startMs, monoOf);
  return job;
}

function restoreShare(
  job: TrackedJob,
  row: ShareRecord,
  startMs: number | null,
  monoOf: (epochMs: number) => number,
): void {
  let share = job.shares.find(({ node }) => node === row.node);
  if (share === undefined) {
    share = newShare(job, row.node, monoOf(row.firstMs), row.firstMs);
    share.isOpen = row.isOpen;
    share.nodeStartMs = row.nodeStartMs;
    share.startMs = startMs;
    share.end = row.isOpen ? null : 'seen';
    job.shares.push(share);
  }
  if (row.lastMs >= share.countedMs) {
    share.countedMs = row.lastMs;
    share.countedMono = share.seenMono = monoOf(row.lastMs);
  }
  const { model, firstMs, lastMs, heldMs, cpuMs, lastDay } = row;
  const gpus = row.gpus.map((gpu) => ({ ...gpu }));
  share.models.set(model, { model, gpus, firstMs, lastMs, heldMs, cpuMs, lastDay });
  if (!row.isOpen) return;
  for (const gpu of gpus) {
    if (gpu.isHeld) share.holds.set(gpu.index, newHold(gpu, model, monoOf(gpu.countedMs ?? row.lastMs)));
  }
}
