import { MAX_JOBS } from '../../protocol/constants.ts';
import { containerKinds, isOfScheduler } from '../../protocol/job-kinds.ts';
import type { JobFacts, JobSample } from '../../protocol/jobs.ts';
import type { ProcessRow } from '../collectors/process-scan/known-processes.ts';
import type { System } from '../system.ts';
import { type JobIdentity, keyOf } from './job-identity.ts';
import type { JobNames } from './job-names.ts';
import { addProcess, type Job, newJob, resetSums, sampleOf } from './job-sums.ts';
import { createJobReader, type Groups } from './read-job.ts';

interface Tracked {
  row: ProcessRow;
  uid: number | null;
  groups: Groups | null;
  job: Job | null;
  /** 0 before the first look. */
  lookAgainMs: number;
  waitMs: number;
}

export interface JobTrackerOptions {
  pageBytes: number;
  startTimeMs(startTicks: number): number | null;
  userName(uid: number): string;
  /** Null where no tool is to be asked. */
  names: JobNames | null;
  /** The monitor's own pid: with all that it started it is no job. */
  ownPid: number | null;
}

export interface JobTracker {
  /** After each scan of all processes. `first` are pids that must not wait for their turn. */
  update(rows: ReadonlyMap<number, ProcessRow>, first: Iterable<number>): void;
  /** Key of the job of a process of the last scan. */
  jobOf(pid: number): string | null;
  /** Jobs of schedulers and containers, and those of the given pids. */
  table(pids: Iterable<number>): JobSample[];
  facts(key: string): JobFacts | null;
}

/** New processes that are looked at in one scan: a storm of forks costs no more; the first scan takes all. */
const MAX_NEW_PER_SCAN = 128;
const MAX_NEW_AT_FIRST = 4096;
const MAX_AGAIN_PER_SCAN = 32;
/** slurmstepd, runc and systemd move a process into its group only after it was forked. */
const LOOK_AGAIN_MS = 2_000;
/** Processes are moved later too (cgclassify, pam_slurm_adopt), yet seldom: each look waits twice as long as the last. */
const LOOK_LATER_MS = 60_000;
const LOOK_LATEST_MS = 300_000;
/** A tool may start another one, which starts another one. */
const OWN_DEPTH = 8;

const isAlwaysShown = ({ kind }: JobIdentity) =>
  isOfScheduler(kind) || (containerKinds as readonly string[]).includes(kind);

const unseen = (row: ProcessRow): Tracked => ({
  row,
  uid: null,
  groups: null,
  job: null,
  lookAgainMs: 0,
  waitMs: LOOK_AGAIN_MS,
});

/**
 * Which job each process belongs to, and the sums over each job. A process is its row, which the table of
 * processes replaces when a pid is used anew; what was found of it is remembered with it.
 */
export function createJobTracker(system: System, options: JobTrackerOptions): JobTracker {
  const { names } = options;
  const tracked = new Map<number, Tracked>();
  const jobs = new Map<string, Job>();
  let rows: ReadonlyMap<number, ProcessRow> = new Map();
  let isFirst = true;
  let namesVersion = 0;
  const reader = createJobReader(system, {
    rowOf: (pid) => rows.get(pid) ?? null,
    ownerOf: (pid) => tracked.get(pid)?.uid ?? null,
    numberOf: (sluid) => names?.numberOf(sluid) ?? null,
    pidsCalled,
  });

  function* pidsCalled(name: string): Iterable<number> {
    for (const row of rows.values()) if (row.name === name) yield row.pid;
  }

  /** The monitor, the helper that reads NVML, and the tools that either started. */
  function isOwn(row: ProcessRow): boolean {
    let at: ProcessRow | undefined = row;
    for (let depth = 0; at !== undefined && depth < OWN_DEPTH; depth++) {
      if (at.pid === options.ownPid) return true;
      at = rows.get(at.stat.parentPid);
    }
    return false;
  }

  function look(entry: Tracked, nowMs: number): void {
    const { row } = entry;
    const uid = reader.readOwner(row.pid);
    const groups = reader.readGroups(row.pid);
    const isSame = groups === entry.groups && uid === entry.uid;
    entry.uid = uid;
    entry.groups = groups;
    entry.lookAgainMs = nowMs + entry.waitMs;
    entry.waitMs = Math.min(Math.max(2 * entry.waitMs, LOOK_LATER_MS), LOOK_LATEST_MS);
    // A session outlives the process that it began with, which a second look would not find any more.
    if (isSame && entry.job !== null && entry.job.identity.isSluid !== true) return;
    const identity = isOwn(row) ? null : reader.identify(row, uid, groups);
    entry.job = identity === null ? null : jobFor(identity);
  }

  function jobFor(identity: JobIdentity): Job {
    const key = keyOf(identity);
    const known = jobs.get(key);
    if (known !== undefined) {
      const owners = [identity.uid, known.identity.uid];
      if (owners.includes(null) || owners[0] === owners[1]) return known;
      // Anybody may call a process conmon and name another user's container: that is no part of it.
      return jobFor({ ...identity, id: `${identity.id}@${identity.uid}` });
    }
    const job = newJob(key, identity);
    jobs.set(key, job);
    return job;
  }

  function visit(row: ProcessRow, nowMs: number, budget: { fresh: number; again: number }): void {
    let entry = tracked.get(row.pid);
    if (entry === undefined || entry.row !== row) {
      entry = unseen(row);
      tracked.set(row.pid, entry);
    }
    if (entry.lookAgainMs === 0) {
      if (budget.fresh-- > 0) look(entry, nowMs);
    } else if (nowMs >= entry.lookAgainMs && budget.again-- > 0) look(entry, nowMs);
    if (entry.job !== null) addProcess(entry.job, row.stat, row.cpuPercent, entry.uid);
  }

  function beginScan(nowMs: number, first: Iterable<number>): void {
    for (const job of jobs.values()) resetSums(job);
    for (const pid of first) {
      const row = rows.get(pid);
      const entry = tracked.get(pid);
      if (row === undefined || (entry?.row === row && entry.lookAgainMs > 0)) continue;
      const fresh = unseen(row);
      tracked.set(pid, fresh);
      look(fresh, nowMs);
    }
    if (names === null || names.version === namesVersion) return;
    namesVersion = names.version;
    for (const entry of tracked.values()) if (entry.job?.identity.isSluid) entry.lookAgainMs = nowMs;
  }

  function endScan(): void {
    for (const pid of tracked.keys()) if (!rows.has(pid)) tracked.delete(pid);
    for (const [key, job] of jobs) if (job.processCount === 0) jobs.delete(key);
    names?.want(nameless(names), (pid) => {
      const job = tracked.get(pid)?.job;
      return job?.identity.isSluid ? job.identity.id : null;
    });
  }

  const nameless = (known: JobNames) =>
    [...jobs.values()]
      .filter(({ identity: { kind, id, name } }) => name === null && known.of(kind, id) === null)
      .map(({ identity: { kind, id, isSluid }, uid }) => ({ kind, id, uid, isSluid: isSluid === true }));

  /** Rows in the order in which they are cut where there are too many. */
  function shownJobs(pids: Iterable<number>): Job[] {
    const shown = new Set<Job>();
    for (const pid of pids) {
      const job = tracked.get(pid)?.job;
      if (job && job.processCount > 0) shown.add(job);
    }
    for (const job of jobs.values()) if (isOfScheduler(job.identity.kind)) shown.add(job);
    for (const job of jobs.values()) if (isAlwaysShown(job.identity)) shown.add(job);
    return [...shown].slice(0, MAX_JOBS);
  }

  return {
    update(scanned, first) {
      rows = scanned;
      const nowMs = system.monotonicMs();
      beginScan(nowMs, first);
      const budget = { fresh: isFirst ? MAX_NEW_AT_FIRST : MAX_NEW_PER_SCAN, again: MAX_AGAIN_PER_SCAN };
      isFirst = false;
      for (const row of rows.values()) visit(row, nowMs, budget);
      endScan();
    },
    jobOf: (pid) => tracked.get(pid)?.job?.key ?? null,
    table: (pids) => shownJobs(pids).map((job) => sampleOf(job, options.pageBytes)),
    facts(key) {
      const job = jobs.get(key);
      if (job === undefined) return null;
      const { kind, id, name } = job.identity;
      const said = names?.of(kind, id) ?? null;
      return {
        key,
        kind,
        ...(said?.arrayId === undefined ? { id } : { id: said.arrayId, number: id }),
        name: name ?? said?.name ?? null,
        user: said?.user ?? (job.uid === null ? null : options.userName(job.uid)),
        startTimeMs: Number.isFinite(job.startTicks) ? options.startTimeMs(job.startTicks) : null,
      };
    },
  };
}
