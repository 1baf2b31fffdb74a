import { MAX_GPU_PROCESSES } from '../../protocol/constants.ts';
import type { ProcessFacts } from '../../protocol/hello.ts';
import type { JobFacts, JobSample } from '../../protocol/jobs.ts';
import type { GpuProcessSample, TopProcessSample } from '../../protocol/sample.ts';
import type { KernelUnits } from '../auxiliary-vector.ts';
import type { GpuProcessReading } from '../gpus/provider.ts';
import type { JobNames } from '../jobs/job-names.ts';
import { createJobTracker } from '../jobs/job-tracker.ts';
import type { System } from '../system.ts';
import { describeCommand, MAX_COMMAND_LINE_BYTES } from './command-line.ts';
import type { ProcessRow } from './process-scan/known-processes.ts';
import { createProcessTable } from './process-table.ts';
import { sumTrees, type TreeSum } from './process-trees.ts';
import { createUserNames } from './users.ts';

export interface ProcessSample {
  gpuProcesses: GpuProcessSample[];
  topProcesses: TopProcessSample[];
  processCount: number | null;
  jobs: JobSample[];
  /** What a person should know of these figures; null for nothing. */
  note: string | null;
}

export interface ProcessCollector {
  /**
   * Unless `watched`, all processes are scanned every 5 s at most. `busyTicks`: CPU time of all processes since the
   * node's start; null where it is not known.
   */
  collect(onGpus: readonly GpuProcessReading[], watched: boolean, busyTicks: number | null): ProcessSample;
  /** What stays the same about a process; null when it is gone. */
  facts(pid: number): ProcessFacts | null;
  /** Ticks after boot of the process that has this pid now; null when there is none. */
  startOf(pid: number): number | null;
  /** Key of the job that the process belongs to. */
  jobOf(pid: number): string | null;
  /** Changes whenever the name of a user may have become known. */
  namesVersion(): number;
  jobFacts(key: string): JobFacts | null;
  /** Of the last scan. */
  pids(): Iterable<number>;
  close(): void;
}

const SHOWN_TOP_PROCESSES = 10;
/** A little less than 5 s, so that a sampler of 1 s scans with every fifth sample. */
const UNWATCHED_SCAN_MS = 4_800;
/** Who is there, and who is busiest, while somebody watches; what is shown is read anew with every sample. */
const WATCHED_SCAN_MS = 1_800;
/** Sums over all processes, by job and by tree, cost as much as a scan; at 1 Hz they follow every fourth second. */
const SUM_MS = 2_800;

/** How `/proc` is mounted changes as good as never. */
const HIDDEN_ASKED_EVERY_MS = 60_000;
const OWN_ONLY =
  'this login sees only its own processes, because /proc is mounted with hidepid; the gid= option of that mount lets a group see all';

/** Whether the `/proc` of this `mountinfo` hides other users' processes (proc(5)). */
export function hidesProcesses(mountinfo: string): boolean {
  const proc = mountinfo.split('\n').findLast((line) => / \/proc .* - proc /.test(line)) ?? '';
  return /[ ,]hidepid=(?:[1-9]|noaccess|invisible|ptraceable)/.test(proc);
}

/** `names` asks tools for the names of jobs; without it they have those that are known without asking. */
export function createProcessCollector(
  system: System,
  units: KernelUnits,
  names: JobNames | null = null,
): ProcessCollector {
  const table = createProcessTable(system, units.ticksPerSecond);
  const users = createUserNames(system);
  const bootTimeMs = readBootTimeMs(system);
  let rows: ReadonlyMap<number, ProcessRow> = new Map();
  let scannedAtMs = Number.NEGATIVE_INFINITY;
  let topPids: number[] = [];
  let summedAtMs = Number.NEGATIVE_INFINITY;
  let summedFor = '';
  /** CPU is known from the second look at a process on. */
  let sumsAtOnce = 2;
  let treeSums: ReadonlyMap<number, TreeSum> = new Map();
  let jobTrouble: string | null = null;
  let hidden = { askedAtMs: Number.NEGATIVE_INFINITY, isSo: false };

  const startTimeMs = (startTicks: number) =>
    bootTimeMs === null ? null : bootTimeMs + Math.round((startTicks * 1000) / units.ticksPerSecond);
  const jobs = createJobTracker(system, {
    pageBytes: units.pageBytes,
    startTimeMs,
    userName: users.nameOf,
    names,
    ownPid: process.pid,
  });

  const residentBytes = (row: ProcessRow) => row.stat.residentPages * units.pageBytes;

  function figures(row: ProcessRow): TopProcessSample {
    return {
      pid: row.pid,
      state: row.stat.state,
      cpuPercent: row.cpuPercent,
      residentBytes: residentBytes(row),
    };
  }

  function gpuProcesses(onGpus: readonly GpuProcessReading[]): GpuProcessSample[] {
    return onGpus.slice(0, MAX_GPU_PROCESSES).map((reading) => {
      const row = rows.get(reading.pid);
      const sum = treeSums.get(reading.pid);
      const own = row
        ? figures(row)
        : { pid: reading.pid, state: null, cpuPercent: null, residentBytes: null };
      return {
        ...reading,
        ...own,
        treeCpuPercent: sum?.cpuPercent ?? null,
        treeResidentBytes: sum?.residentBytes ?? null,
      };
    });
  }

  function isScanDue(gpuPids: readonly number[], watched: boolean, nowMs: number): boolean {
    const who = gpuPids.join();
    if (who !== summedFor) sumsAtOnce = 2;
    summedFor = who;
    const everyMs = watched ? WATCHED_SCAN_MS : UNWATCHED_SCAN_MS;
    return nowMs - scannedAtMs >= everyMs || (watched && sumsAtOnce > 0);
  }

  function sumUp(gpuPids: readonly number[], nowMs: number): void {
    if (nowMs - summedAtMs < SUM_MS && sumsAtOnce === 0) return;
    summedAtMs = nowMs;
    sumsAtOnce = Math.max(0, sumsAtOnce - 1);
    jobTrouble = updateJobs(gpuPids);
    treeSums = gpuPids.length === 0 ? new Map() : sumTrees(rows, new Set(gpuPids), units.pageBytes);
  }

  /** The first process of all is always there: whoever does not see it sees no other user's. */
  function isBlind(): boolean {
    if (rows.has(1) || rows.size === 0) return false;
    const nowMs = system.monotonicMs();
    if (nowMs - hidden.askedAtMs >= HIDDEN_ASKED_EVERY_MS)
      hidden = { askedAtMs: nowMs, isSo: hidesProcesses(system.tryReadText('/proc/self/mountinfo') ?? '') };
    return hidden.isSo;
  }

  /** What cannot be made of processes' jobs takes nothing from the processes. */
  function updateJobs(gpuPids: readonly number[]): string | null {
    try {
      jobs.update(rows, gpuPids);
      return null;
    } catch (error) {
      return `jobs: ${error instanceof Error ? error.message : error}`;
    }
  }

  function describe(pid: number, name: string): { command: string; arguments: string | null } {
    try {
      return describeCommand(system.tryReadStart(`/proc/${pid}/cmdline`, MAX_COMMAND_LINE_BYTES), name);
    } catch {
      return { command: name, arguments: null };
    }
  }

  return {
    collect(onGpus, watched, busyTicks) {
      const nowMs = system.monotonicMs();
      const gpuPids = pidsOf(onGpus);
      if (isScanDue(gpuPids, watched, nowMs)) {
        rows = table.scan(busyTicks, new Set(gpuPids));
        scannedAtMs = nowMs;
        sumUp(gpuPids, nowMs);
        topPids = pidsOf(busiest(rows));
      } else if (watched) table.refresh([...gpuPids, ...topPids]);
      const blind = isBlind();
      const top = topPids.flatMap((pid) => rows.get(pid) ?? []).sort(byCpu);
      return {
        gpuProcesses: gpuProcesses(onGpus),
        topProcesses: top.map(figures),
        processCount: blind ? null : rows.size + table.unreadCount(),
        jobs: jobs.table([...gpuPids, ...pidsOf(top)]),
        note: joined([blind ? OWN_ONLY : null, table.trouble(), jobTrouble]),
      };
    },
    facts(pid) {
      const row = rows.get(pid);
      if (!row) return null;
      const uid = system.ownerOf(`/proc/${pid}`);
      return {
        pid,
        startTimeMs: startTimeMs(row.stat.startTicks),
        user: uid === null ? null : users.nameOf(uid),
        ...describe(pid, row.name),
        job: jobs.jobOf(pid),
      };
    },
    startOf: (pid) => rows.get(pid)?.stat.startTicks ?? null,
    jobOf: jobs.jobOf,
    namesVersion: users.version,
    jobFacts: jobs.facts,
    pids: () => rows.keys(),
    close: () => table.close(),
  };
}

const joined = (notes: readonly (string | null)[]) =>
  notes.filter((note) => note !== null).join('; ') || null;

const byCpu = (a: ProcessRow, b: ProcessRow) => (b.cpuPercent ?? 0) - (a.cpuPercent ?? 0);

const pidsOf = (rows: readonly { pid: number }[]) => rows.map(({ pid }) => pid);

/** The busiest by CPU; those that do nothing are left out. One pass with a short sorted list. */
function busiest(rows: ReadonlyMap<number, ProcessRow>): ProcessRow[] {
  const best: ProcessRow[] = [];
  for (const row of rows.values()) {
    const cpu = row.cpuPercent ?? 0;
    const worst = best[SHOWN_TOP_PROCESSES - 1];
    if (cpu <= 0 || (worst && cpu <= (worst.cpuPercent ?? 0))) continue;
    const at = best.findIndex((other) => (other.cpuPercent ?? 0) < cpu);
    best.splice(at < 0 ? best.length : at, 0, row);
    if (best.length > SHOWN_TOP_PROCESSES) best.pop();
  }
  return best;
}

/** Epoch milliseconds of the node's start, by the node's clock. */
export function readBootTimeMs(system: System): number | null {
  const found = /^btime (\d+)$/m.exec(system.tryReadText('/proc/stat') ?? '')?.[1];
  return found === undefined ? null : Number(found) * 1000;
}
