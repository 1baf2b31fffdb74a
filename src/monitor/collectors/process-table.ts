import type { System } from '../system.ts';
import { mostKeptDescriptors } from './kept-descriptors.ts';
import { type ProcessStat, parseProcessName, parseProcessStat } from './process-stat.ts';

/** One process that is there now. */
export interface ProcessRow {
  pid: number;
  /** The kernel's name when it was first seen. */
  name: string;
  stat: ProcessStat;
  /** Since the last scan, in percent of one core; null at first sight. */
  cpuPercent: number | null;
}

interface Entry {
  row: ProcessRow;
  /** Kept open, because opening costs more than reading; null once there are too many. */
  descriptor: number | null;
  seenInScan: number;
  readAtMs: number;
  /** Readings in a row in which it had used no more CPU. */
  idleReadings: number;
}

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

/** The kernel counts a processor's time by ticks, a process's exactly: so much of the time in use may be missing. */
const MISSING_SHARE = 0.01;
/** Of one core. */
const MISSING_CORES = 0.05;

/** Where nobody seems to come or go all pids are listed so often: lxcfs shows containers figures of its own. */
const LISTED_EVERY_MS = 9_500;

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

/**
 * All processes of the node with what they used since the last scan. A kept descriptor belongs to
 * one process for ever (the kernel answers ESRCH once it is gone), so a reused pid is told apart.
 */
export function createProcessTable(system: System, ticksPerSecond: number): ProcessTable {
  const entries = new Map<number, Entry>();
  const rows = new Map<number, ProcessRow>();
  const mostKept = mostKeptDescriptors(system);
  let kept = 0;
  let scanNumber = 0;
  let nowMs = 0;
  let listed = { population: '', atMs: Number.NEGATIVE_INFINITY };
  /** Of the processes that were read, since the last scan. */
  let usedTicks = 0;
  let last: { busyTicks: number | null; atMs: number; isMissing: boolean } = {
    busyTicks: null,
    atMs: 0,
    isMissing: true,
  };
  /** The pid at which the next scan begins, where the last one took too long. */
  let resumeAt = 0;
  let unread = 0;
  let isLate = false;
  let failed: { count: number; first: string } = { count: 0, first: '' };

  function forget(pid: number, entry: Entry): void {
    entries.delete(pid);
    rows.delete(pid);
    if (entry.descriptor === null) return;
    kept--;
    try {
      system.close(entry.descriptor);
    } catch {
      // It is closed.
    }
  }

  function readKept(descriptor: number): ProcessStat | null {
    try {
      const { buffer, length } = system.rereadOnce(descriptor);
      return parseProcessStat(buffer, length);
    } catch {
      return null;
    }
  }

  interface Opened {
    stat: ProcessStat | null;
    name: string;
    /** Kept open where there is room. */
    descriptor: number | null;
  }

  function openStat(pid: number): Opened {
    let descriptor: number;
    try {
      descriptor = system.open(`/proc/${pid}/stat`);
    } catch {
      return { stat: null, name: '', descriptor: null };
    }
    const opened = readOpened(descriptor);
    if (opened.stat !== null && kept < mostKept) {
      kept++;
      return { ...opened, descriptor };
    }
    system.close(descriptor);
    return { ...opened, descriptor: null };
  }

  function readOpened(descriptor: number): { stat: ProcessStat | null; name: string } {
    try {
      const { buffer, length } = system.rereadOnce(descriptor);
      return { stat: parseProcessStat(buffer, length), name: parseProcessName(buffer, length) };
    } catch {
      return { stat: null, name: '' };
    }
  }

  function update(entry: Entry, stat: ProcessStat): void {
    const elapsedMs = nowMs - entry.readAtMs;
    const ticks = stat.cpuTicks - entry.row.stat.cpuTicks;
    const seconds = ticks / ticksPerSecond;
    entry.row.cpuPercent =
      elapsedMs > 0 ? Math.max(0, Math.round((seconds * 1_000_000) / elapsedMs) / 10) : null;
    usedTicks += ticks;
    entry.row.stat = stat;
    entry.readAtMs = nowMs;
    entry.idleReadings = ticks === 0 ? entry.idleReadings + 1 : 0;
  }

  function isResting({ row, readAtMs, idleReadings }: Entry, { longestMs, shares }: Rest): boolean {
    const isOthersTurn = (row.pid + scanNumber) % shares !== 0;
    return idleReadings >= IDLE_READINGS && isOthersTurn && nowMs - readAtMs < longestMs;
  }

  function reopen(pid: number, entry: Entry): ProcessStat | null {
    const { stat, descriptor } = openStat(pid);
    entry.descriptor = descriptor;
    return stat;
  }

  function readKnown(pid: number, entry: Entry): boolean {
    const stat = entry.descriptor === null ? reopen(pid, entry) : readKept(entry.descriptor);
    if (stat === null || stat.startTicks !== entry.row.stat.startTicks) return false;
    update(entry, stat);
    return true;
  }

  function addNew(pid: number): void {
    const { stat, name, descriptor } = openStat(pid);
    if (stat === null) return;
    usedTicks += stat.cpuTicks;
    const row: ProcessRow = { pid, name, stat, cpuPercent: null };
    entries.set(pid, { row, descriptor, seenInScan: scanNumber, readAtMs: nowMs, idleReadings: 0 });
    rows.set(pid, row);
  }

  function visit(pid: number): void {
    const entry = entries.get(pid);
    if (entry && readKnown(pid, entry)) {
      entry.seenInScan = scanNumber;
      return;
    }
    if (entry) forget(pid, entry);
    addNew(pid);
  }

  /** Whatever one process does to who reads it, the others are read. */
  function alone(pid: number, action: (pid: number) => void): void {
    try {
      action(pid);
    } catch (error) {
      const entry = entries.get(pid);
      if (entry) forget(pid, entry);
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
    const pids = pidsNow();
    const start = resumeAt === 0 ? 0 : pids.findIndex((pid) => pid >= resumeAt);
    return start <= 0 ? pids : [...pids.slice(start), ...pids.slice(0, start)];
  }

  /** The kernel's last pid changes with every fork, its number of threads with every exit (proc(5), loadavg). */
  function pidsNow(): number[] {
    const population = /\/(\d+ \d+)\n$/.exec(system.tryReadText('/proc/loadavg') ?? '')?.[1] ?? '';
    if (population !== '' && population === listed.population && nowMs - listed.atMs < LISTED_EVERY_MS)
      return [...entries.keys()];
    listed = { population, atMs: nowMs };
    const names = system.list('/proc').filter((name) => name >= '1' && name < ':');
    return names.map(Number);
  }

  /** Whether some process used CPU since the last scan that was not read: one that rested, or one that came and went. */
  function isTimeMissing(busyTicks: number | null): boolean {
    if (busyTicks === null || last.busyTicks === null) return true;
    const busy = busyTicks - last.busyTicks;
    const elapsedTicks = ((nowMs - last.atMs) / 1000) * ticksPerSecond;
    return busy - usedTicks > Math.max(busy * MISSING_SHARE, elapsedTicks * MISSING_CORES);
  }

  /** Reads those that do not rest, then those whose rest is over while time is missing. */
  function visitAll(busyTicks: number | null, always: ReadonlySet<number>): void {
    const resting: [number, Entry][] = [];
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
      else alone(pid, visit);
    }
    const isMissing = isTimeMissing(busyTicks);
    // Where it goes missing, everybody is asked at once; where it has been missing for long, not all over again.
    if (isMissing)
      for (const [pid, entry] of resting)
        if (!isLate && (!last.isMissing || !isResting(entry, SHORT_REST))) alone(pid, visit);
    // Those that were left out are to be found again, also where nobody comes or goes.
    if (unread > 0) listed.population = '';
    last = { busyTicks, atMs: nowMs, isMissing };
    usedTicks = 0;
  }

  return {
    scan(busyTicks, always = nobody) {
      nowMs = system.monotonicMs();
      scanNumber++;
      visitAll(busyTicks, always);
      for (const [pid, entry] of entries) if (entry.seenInScan !== scanNumber) forget(pid, entry);
      return rows;
    },
    refresh(pids) {
      nowMs = system.monotonicMs();
      for (const pid of new Set(pids))
        alone(pid, () => {
          const entry = entries.get(pid);
          if (entry && !readKnown(pid, entry)) forget(pid, entry);
          if (!entries.has(pid)) addNew(pid);
        });
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
      for (const [pid, entry] of [...entries]) forget(pid, entry);
    },
  };
}
