import { isOfScheduler } from '../../protocol/job-kinds.ts';
import type { SeenJob } from './reported-jobs.ts';
import { isEnded, type NodeShare, newJob, noteEnd, type TrackedJob } from './tracked-job.ts';

/** The jobs that are followed, and which of them a node's job is. */
export interface JobRegister {
  /** The job of all nodes to which this one of a node belongs; made where there is none. */
  jobFor(seen: SeenJob, mono: number, mayRecord: () => boolean): TrackedJob;
  /** Takes in what a store had, or a job that is back. */
  open(job: TrackedJob): void;
  /** A share of it ended, or is open again. */
  noteShare(share: NodeShare): void;
  jobs(): Iterable<TrackedJob>;
  readonly size: number;
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
  let made = 0;

  function add(job: TrackedJob): void {
    if (open.has(job)) return;
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
      const job = newJob({
        id: `${writer}.${made}`,
        key: seen.key,
        kind,
        jobId: id,
        user,
        firstMono: mono,
        isUnrecorded: !mayRecord(),
      });
      add(job);
      return job;
    },
    open: add,
    noteShare({ job }) {
      noteEnd(job);
      if (isEnded(job)) remove(job);
      else add(job);
    },
    jobs: () => open,
    get size() {
      return open.size;
    },
  };
}
