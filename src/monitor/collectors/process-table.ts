import type { System } from '../system.ts';
import { createKnownProcesses, type KnownProcess, type ProcessRow } from './process-scan/known-processes.ts';
import { createMissingTime } from './process-scan/missing-time.ts';
import { createPidList } from './process-scan/pid-list.ts';

const nobody: ReadonlySet<number> = new Set();

/** Readings in a row without any use of CPU, after which a process rests. */
const IDLE_READINGS = 2;

/** How long the resting go unread; each scan reads another share of them. */
interface Rest {
  longestMs: number;
  shares: number;
}

/**
 * Most processes of a node do nothing for hours, and most of a scan's cost is reading. While those that are read
 * account for the CPU time that the kernel counted, none that rests can be doing much.
 */
const LONG_REST: Rest = { longestMs: 15_000, shares: 8 };
const SHORT_REST: Rest = { longestMs: 4_500, shares: 4 };

export interface ProcessTable {
  /**
   * Finds out who is there, and reads those anew that may have changed; `always` are read in any case. `busyTicks`: CPU
   * time of all processes since the node's start; null where it is not known.
   */
  scan(busyTicks: number | null, always?: ReadonlySet<number>): ReadonlyMap<number, ProcessRow>;
  /** Reads only these anew; the rows of the last scan change in place. */
  refresh(pids: Iterable<number>): void;
  /** How many processes were listed and have not been read yet: a scan that takes too long goes on with the next. */
  unreadCount(): number;
  /** Of the last scan, what hindered it; null where nothing did. */
  trouble(): string | null;
  close(): void;
}

/** So long may one scan hold up all else that the monitor does; 10,000 processes take less. */
const SCAN_LIMIT_MS = 250;

/** All processes of the node with what they used since the last scan. */
export function createProcessTable(system: System, ticksPerSecond: number): ProcessTable {
  const known = createKnownProcesses(system, ticksPerSecond);
  const { entries } = known;
  const pidList = createPidList(system);
  const missingTime = createMissingTime(ticksPerSecond);
  let scanNumber = 0;
  let nowMs = 0;
  /** The pid at which the next scan begins, where the last one took too long. */
  let resumeAt = 0;
  let unread = 0;
  let isLate = false;
  let failed: { count: number; first: string } = { count: 0, first: '' };

  function begin(): void {
    nowMs = system.monotonicMs();
    known.begin(nowMs, scanNumber);
  }

  function isResting({ row, readAtMs, idleReadings }: KnownProcess, { longestMs, shares }: Rest): boolean {
    const isOthersTurn = (row.pid + scanNumber) % shares !== 0;
    return idleReadings >= IDLE_READINGS && isOthersTurn && nowMs - readAtMs < longestMs;
  }

  /** Whatever one process does to who reads it, the others are read. */
  function readAlone(pid: number): void {
    try {
      known.read(pid);
    } catch (error) {
      const entry = entries.get(pid);
      if (entry) known.forget(pid, entry);
      if (failed.count++ === 0)
        failed.first = `process ${pid}: ${error instanceof Error ? error.message : error}`;
    }
    isLate ||= system.monotonicMs() - nowMs > SCAN_LIMIT_MS;
  }

  /** It stands as it was read last, or waits to be read for the first time. */
  function leaveForNextScan(pid: number): void {
    if (resumeAt === 0) resumeAt = pid;
    const entry = entries.get(pid);
    if (entry) entry.seenInScan = scanNumber;
    else unread++;
  }

  /** Who was left out by the last scan comes first. */
  function pidsInTurn(): readonly number[] {
    const pids = pidList.now(nowMs, entries.keys());
    const start = resumeAt === 0 ? 0 : pids.findIndex((pid) => pid >= resumeAt);
    return start <= 0 ? pids : [...pids.slice(start), ...pids.slice(0, start)];
  }

  /** Reads those that do not rest, then those whose rest is over while time is missing. */
  function readAll(busyTicks: number | null, always: ReadonlySet<number>): void {
    const resting: [number, KnownProcess][] = [];
    const pids = pidsInTurn();
    resumeAt = unread = 0;
    isLate = false;
    failed = { count: 0, first: '' };
    for (const pid of pids) {
      const entry = entries.get(pid);
      if (entry && !always.has(pid) && isResting(entry, LONG_REST)) {
        entry.seenInScan = scanNumber;
        resting.push([pid, entry]);
      } else if (isLate && !always.has(pid)) leaveForNextScan(pid);
      else readAlone(pid);
    }
    const wasMissing = missingTime.isMissing();
    // Where it goes missing, everybody is asked at once; where it has been missing for long, not all over again.
    if (missingTime.look(busyTicks, known.usedTicks(), nowMs))
      for (const [pid, entry] of resting)
        if (!isLate && (!wasMissing || !isResting(entry, SHORT_REST))) readAlone(pid);
    // Those that were left out are to be found again, also where nobody comes or goes.
    if (unread > 0) pidList.forget();
  }

  return {
    scan(busyTicks, always = nobody) {
      scanNumber++;
      begin();
      readAll(busyTicks, always);
      known.endScan();
      return known.rows;
    },
    refresh(pids) {
      begin();
      for (const pid of new Set(pids)) readAlone(pid);
    },
    unreadCount: () => unread,
    trouble() {
      if (failed.count > 0)
        return `${failed.count} of ${entries.size + failed.count} processes could not be read (${failed.first})`;
      return unread > 0
        ? `${unread} of ${entries.size + unread} processes are not read yet: they follow with the next samples`
        : null;
    },
    close() {
      for (const [pid, entry] of [...entries]) known.forget(pid, entry);
    },
  };
}
