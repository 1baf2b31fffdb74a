import { isOfScheduler } from '../../protocol/job-kinds.ts';
import type { SeenJob } from './reported-jobs.ts';
import { isEnded, type NodeShare, newTrackedJob, noteEnd, type TrackedJob } from './tracked-job.ts';

/** The jobs that are followed: which of them a node's job is, and which are to be written. */
export interface JobRegister {
  /** The job of all nodes to which this one of a node belongs; made where there is none. */
  jobFor(seen: SeenJob, mono: number, mayRecord: () => boolean): TrackedJob;
  /** Takes in what a store has. */
  restore(job: TrackedJob, mono: number): void;
  /** A share of it ended, or is open again. */
  noteShare(share: NodeShare): void;
  /**
   * Jobs that began or ended since they were taken last, and those that were not taken for so long; then all of them are
   * taken now. `isSettled`: whether a job that began may be taken already.
   */
  take(options: TakeOptions): TrackedJob[];
  readonly size: number;
}

export interface TakeOptions {
  mono: number;
  most: number;
  everyMs: number;
  isSettled: (job: TrackedJob) => boolean;
}

/**
 * Who a job's user is learned later: until then it is root, who starts what it begins with, or nobody. Such a share joins
 * the job of the same key whosever it is; one with another user's name is another job, as in the table of jobs.
 */
export const isUserSure = (user: string | null) => user !== null && user !== 'root';

/** `writer`: names this run of the head, in the ids of jobs. */
export function createJobRegister(writer: string): JobRegister {
  const open = new Set<TrackedJob>();
  const byKey = new Map<string, TrackedJob[]>();
  /** Began or ended. */
  const fresh = new Set<TrackedJob>();
  /** That was taken first comes first. */
  const waiting = new Set<TrackedJob>();
  let made = 0;

  function add(job: TrackedJob): void {
    open.add(job);
    const same = byKey.get(job.key);
    if (same) same.push(job);
    else byKey.set(job.key, [job]);
  }

  function remove(job: TrackedJob): void {
    open.delete(job);
    const others = byKey.get(job.key)?.filter((one) => one !== job) ?? [];
    if (others.length > 0) byKey.set(job.key, others);
    else byKey.delete(job.key);
  }

  /** Of several the one that began last: an earlier one may be waiting for a node that is lost. */
  function find({ key, job }: SeenJob): TrackedJob | undefined {
    const same = isOfScheduler(job.kind) ? (byKey.get(key) ?? []) : [];
    const own = same.findLast(({ user }) => user === job.user);
    if (own !== undefined) return own;
    const possible = same.filter(({ user }) => !isUserSure(user) || !isUserSure(job.user));
    return possible.sort((a, b) => a.shares.length - b.shares.length).at(-1);
  }

  return {
    jobFor(seen, mono, mayRecord) {
      const known = find(seen);
      if (known !== undefined) return known;
      const { kind, id, user } = seen.job;
      made += 1;
      const job = newTrackedJob({
        id: `${writer}.${made}`,
        key: seen.key,
        kind,
        jobId: id,
        user,
        firstMono: mono,
        isUnrecorded: !mayRecord(),
      });
      add(job);
      fresh.add(job);
      return job;
    },
    restore(job, mono) {
      add(job);
      job.takenMono = mono;
      waiting.add(job);
    },
    noteShare({ job }) {
      noteEnd(job);
      if (isEnded(job) !== open.has(job)) return;
      if (isEnded(job)) remove(job);
      else add(job);
      waiting.delete(job);
      fresh.add(job);
    },
    take({ mono, most, everyMs, isSettled }) {
      const taken: TrackedJob[] = [];
      for (const job of fresh) {
        if (taken.length >= most) break;
        if (isEnded(job) || isSettled(job)) taken.push(job);
      }
      for (const job of waiting) {
        if (taken.length >= most || mono - (job.takenMono ?? mono) < everyMs) break;
        taken.push(job);
      }
      for (const job of taken) {
        fresh.delete(job);
        waiting.delete(job);
        job.takenMono = mono;
        if (open.has(job)) waiting.add(job);
      }
      return taken;
    },
    get size() {
      return open.size;
    },
  };
}
