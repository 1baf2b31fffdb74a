import type { System } from '../system.ts';
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

/** Node.js raises its own limit of open files; this stays far below the usual 4,096. */
const MAX_KEPT_DESCRIPTORS = 1500;

/**
 * Most processes of a node do nothing for hours, and two thirds of a scan's cost is reading: one that did nothing in
 * so many readings is read with every fourth scan only, each scan another fourth of them, and after this long at most.
 */
const IDLE_READINGS = 2;
const IDLE_SHARES = 4;
const LONGEST_REST_MS = 4_500;

export interface ProcessTable {
  /** Finds out who is there, and reads those anew that may have changed; `always` are read in any case. */
  scan(always?: ReadonlySet<number>): ReadonlyMap<number, ProcessRow>;
  /** Reads only these anew; the rows of the last scan change in place. */
  refresh(pids: Iterable<number>): void;
  close(): void;
}

/**
 * All processes of the node with what they used since the last scan. A kept descriptor belongs to
 * one process for ever (the kernel answers ESRCH once it is gone), so a reused pid is told apart.
 */
export function createProcessTable(system: System, ticksPerSecond: number): ProcessTable {
  const entries = new Map<number, Entry>();
  const rows = new Map<number, ProcessRow>();
  let kept = 0;
  let scanNumber = 0;
  let nowMs = 0;

  function forget(pid: number, entry: Entry): void {
    if (entry.descriptor !== null) {
      system.close(entry.descriptor);
      kept--;
    }
    entries.delete(pid);
    rows.delete(pid);
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
    if (opened.stat !== null && kept < MAX_KEPT_DESCRIPTORS) {
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
    entry.row.stat = stat;
    entry.readAtMs = nowMs;
    entry.idleReadings = ticks === 0 ? entry.idleReadings + 1 : 0;
  }

  function isResting({ row, readAtMs, idleReadings }: Entry): boolean {
    const isOthersTurn = (row.pid + scanNumber) % IDLE_SHARES !== 0;
    return idleReadings >= IDLE_READINGS && isOthersTurn && nowMs - readAtMs < LONGEST_REST_MS;
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
    const row: ProcessRow = { pid, name, stat, cpuPercent: null };
    entries.set(pid, { row, descriptor, seenInScan: scanNumber, readAtMs: nowMs, idleReadings: 0 });
    rows.set(pid, row);
  }

  function visit(pid: number, always: ReadonlySet<number>): void {
    const entry = entries.get(pid);
    if (entry && ((isResting(entry) && !always.has(pid)) || readKnown(pid, entry))) {
      entry.seenInScan = scanNumber;
      return;
    }
    if (entry) forget(pid, entry);
    addNew(pid);
  }

  return {
    scan(always = nobody) {
      nowMs = system.monotonicMs();
      scanNumber++;
      for (const name of system.list('/proc')) {
        const first = name.charCodeAt(0);
        if (first >= 0x30 && first <= 0x39) visit(Number(name), always);
      }
      for (const [pid, entry] of entries) if (entry.seenInScan !== scanNumber) forget(pid, entry);
      return rows;
    },
    refresh(pids) {
      nowMs = system.monotonicMs();
      for (const pid of new Set(pids)) {
        const entry = entries.get(pid);
        if (entry && !readKnown(pid, entry)) forget(pid, entry);
        if (!entries.has(pid)) addNew(pid);
      }
    },
    close() {
      for (const [pid, entry] of [...entries]) forget(pid, entry);
    },
  };
}
