import { randomBytes } from 'node:crypto';
import type { SampleBrief } from '../../protocol/sample-brief.ts';
import type { NodeReport } from '../../report/node-report.ts';
import { placeCpu } from './attribute.ts';
import { fromRecord, toRecord, wholeTime } from './job-records.ts';
import { createJobRegister, isUserSure } from './job-register.ts';
import { type ClockMoment, isLookDue, type LedgerNode, newNode, takeBrief } from './ledger-node.ts';
import { closeShare, lookAt } from './look.ts';
import { addGpuTime, type JobRecord, type LedgerBatch, type UsageRow } from './records.ts';
import type { NodeShare, TrackedJob } from './tracked-job.ts';

/** Who used what: every job as one record, and what its user took, day by day. Pure: time comes in with each call. */
export interface Ledger {
  /**
   * Takes in every sample, whether anybody looks or not. True where it is time for a look: then the caller makes the
   * node's report, with that same sample in it, and hands it to `look` before the next sample comes.
   */
  note(node: string, brief: SampleBrief, at: ClockMoment): boolean;
  look(report: NodeReport, at: ClockMoment): void;
  /** The node is in no list any more: its jobs end when they were seen last. */
  forget(node: string): void;
  /**
   * What is to be written; null where nothing is. The same again until it is confirmed. Jobs come when they begin and
   * end, while they run every ten minutes, or, with `all`, where they were not taken within ten seconds: for somebody who
   * is about to read, and at the end. At most `most` jobs at a time.
   */
  takeChanges(at: ClockMoment, options?: { all?: boolean; most?: number }): LedgerBatch | null;
  /** The batch of this number is written. */
  confirm(number: number): void;
  /** Before the first sample: the jobs that were running when the store was written last. They go on where they are seen. */
  restore(records: readonly JobRecord[], at: ClockMoment): void;
  /** How many jobs are followed. */
  readonly jobCount: number;
}

const WRITE_EVERY_MS = 600_000;
/** Each takes some 20 µs. */
const MOST_AT_ONCE = 100;
/** Until then a job whose user may be learned yet is not written. */
const USER_KNOWN_AFTER_MS = 60_000;
/** Who reads sees what is no older; and needs no more certain a user. */
const READ_AFTER_MS = 10_000;
/** A node that says nothing for so long has lost its jobs; a store that was not written for so long tells of other times. */
const LOST_AFTER_MS = 7 * 86_400_000;
/** Of one node in one day: a node that makes users up fills no disk. */
const MOST_USERS_OF_NODE = 256;

/** `head`: its id. `run`: another one with each start, so that batches and ids of jobs are not those of an earlier one. */
export function createLedger(head: string, run = randomBytes(6).toString('hex')): Ledger {
  const writer = `${head}.${run}`;
  const nodes = new Map<string, LedgerNode>();
  const register = createJobRegister(writer);
  let inFlight: LedgerBatch | null = null;
  let written = 0;

  function nodeOf(name: string): LedgerNode {
    const known = nodes.get(name);
    if (known !== undefined) return known;
    const node = newNode(name);
    nodes.set(name, node);
    return node;
  }

  function loseShare(share: NodeShare): void {
    closeShare(share, 'lost');
    register.noteShare(share);
  }

  function loseJobs({ shares }: LedgerNode): void {
    for (const share of shares.values()) loseShare(share);
    shares.clear();
  }

  function loseSilentNodes(nowMono: number): void {
    for (const node of nodes.values()) {
      if (node.shares.size === 0) continue;
      const heardMono = node.sample?.monotonicMs ?? Number.NEGATIVE_INFINITY;
      const isSilent = (countedMono: number) => nowMono - Math.max(heardMono, countedMono) > LOST_AFTER_MS;
      if ([...node.shares.values()].every(({ countedMono }) => isSilent(countedMono))) loseJobs(node);
    }
  }

  function dueJobs(mono: number, all: boolean, most: number): TrackedJob[] {
    const settledMs = all ? READ_AFTER_MS : USER_KNOWN_AFTER_MS;
    return register.take({
      mono,
      most,
      everyMs: all ? READ_AFTER_MS : WRITE_EVERY_MS,
      isSettled: ({ user, firstMono }) => isUserSure(user) || mono - firstMono >= settledMs,
    });
  }

  /** A user beyond the first ones of a node and day is counted as nobody. */
  function userOf(name: string, day: number, user: string): string {
    const users = nodes.get(name)?.users;
    if (users === undefined) return user;
    if (users.day !== day) {
      users.day = day;
      users.names.clear();
    }
    if (users.names.size >= MOST_USERS_OF_NODE && !users.names.has(user)) return '';
    users.names.add(user);
    return user;
  }

  function takeUsage(jobs: readonly TrackedJob[], nowMono: number): UsageRow[] {
    const rows = new Map<string, UsageRow>();
    for (const job of jobs) {
      for (const share of job.shares) {
        placeCpu(share, nowMono);
        for (const row of share.usage)
          mergeRow(rows, { ...row, user: userOf(row.node, row.day, job.user ?? '') });
        share.usage = [];
      }
    }
    return Array.from(rows.values(), (row) => ({ ...row, ...wholeTime(row) }));
  }

  return {
    note(name, brief, at) {
      const node = nodeOf(name);
      takeBrief(node, brief, at);
      return isLookDue(node, at.monotonicMs);
    },
    look(report, at) {
      const node = nodes.get(report.name);
      if (node !== undefined) lookAt({ node, register, report, at });
    },
    forget(name) {
      const node = nodes.get(name);
      if (node !== undefined) loseJobs(node);
      nodes.delete(name);
    },
    takeChanges({ monotonicMs }, { all = false, most = MOST_AT_ONCE } = {}) {
      if (inFlight !== null) return inFlight;
      loseSilentNodes(monotonicMs);
      const due = dueJobs(monotonicMs, all, most);
      if (due.length === 0) return null;
      const usage = takeUsage(due, monotonicMs);
      const jobs = due.filter(({ isUnrecorded }) => !isUnrecorded).map(toRecord);
      written += 1;
      inFlight = { writer, number: written, jobs, usage };
      return inFlight;
    },
    confirm(number) {
      if (inFlight?.number === number) inFlight = null;
    },
    restore(records, at) {
      const monoOf = (epochMs: number) => at.monotonicMs - Math.max(0, at.epochMs - epochMs);
      for (const record of records) {
        const job = fromRecord(record, monoOf);
        register.restore(job, at.monotonicMs);
        const isOld = at.epochMs - record.lastMs > LOST_AFTER_MS;
        for (const share of job.shares) {
          const { shares } = nodeOf(share.node);
          if (share.isOpen && !isOld && !shares.has(job.key)) shares.set(job.key, share);
          else if (share.isOpen) loseShare(share);
        }
      }
    },
    get jobCount() {
      return register.size;
    },
  };
}

function mergeRow(rows: Map<string, UsageRow>, row: UsageRow): void {
  const key = JSON.stringify([row.day, row.user, row.node, row.model]);
  const known = rows.get(key);
  if (known === undefined) {
    rows.set(key, row);
    return;
  }
  addGpuTime(known, row);
  known.jobs += row.jobs;
  known.jobsOfNode += row.jobsOfNode;
  known.jobsOfModel += row.jobsOfModel;
  known.newJobs += row.newJobs;
  known.newJobsOfNode += row.newJobsOfNode;
  known.newJobsOfModel += row.newJobsOfModel;
}
