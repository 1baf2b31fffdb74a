import type { System } from '../../system.ts';
import type { ProcessStat } from '../process-stat.ts';
import { createStatFiles } from './stat-files.ts';

/** One process that is there now. */
export interface ProcessRow {
  pid: number;
  /** The kernel's name when it was first seen. */
  name: string;
  stat: ProcessStat;
  /** Since the last scan, in percent of one core; null at first sight. */
  cpuPercent: number | null;
}

export interface KnownProcess {
  row: ProcessRow;
  /** Of its `/proc/PID/stat`; null where that is opened for each reading. */
  descriptor: number | null;
  seenInScan: number;
  readAtMs: number;
  /** Readings in a row in which it had used no more CPU. */
  idleReadings: number;
}

/** The processes that were read, each with what it used between its last two readings. */
export interface KnownProcesses {
  readonly entries: ReadonlyMap<number, KnownProcess>;
  readonly rows: ReadonlyMap<number, ProcessRow>;
  /** What is read from now on is of this moment, and seen in this scan. */
  begin(atMs: number, scan: number): void;
  /** Reads one anew or for the first time; one that is gone is forgotten. Throws what reading it throws. */
  read(pid: number): void;
  forget(pid: number, entry: KnownProcess): void;
  /** CPU time of those that were read, since the last scan ended. */
  usedTicks(): number;
  /** Whoever was not seen in it is forgotten. */
  endScan(): void;
}

/** Nobody at first. `ticksPerSecond`: the kernel's, for CPU in percent of one core. */
export function createKnownProcesses(system: System, ticksPerSecond: number): KnownProcesses {
  const entries = new Map<number, KnownProcess>();
  const rows = new Map<number, ProcessRow>();
  const files = createStatFiles(system);
  let nowMs = 0;
  let scanNumber = 0;
  let usedTicks = 0;

  function forget(pid: number, entry: KnownProcess): void {
    entries.delete(pid);
    rows.delete(pid);
    if (entry.descriptor !== null) files.close(entry.descriptor);
  }

  function update(entry: KnownProcess, stat: ProcessStat): void {
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

  function reopen(pid: number, entry: KnownProcess): ProcessStat | null {
    const { stat, descriptor } = files.open(pid);
    entry.descriptor = descriptor;
    return stat;
  }

  /** False where it is gone, or where its pid has become another's. */
  function readAgain(pid: number, entry: KnownProcess): boolean {
    const stat = entry.descriptor === null ? reopen(pid, entry) : files.reread(entry.descriptor);
    if (stat === null || stat.startTicks !== entry.row.stat.startTicks) return false;
    update(entry, stat);
    return true;
  }

  function readFirst(pid: number): void {
    const { stat, name, descriptor } = files.open(pid);
    if (stat === null) return;
    usedTicks += stat.cpuTicks;
    const row: ProcessRow = { pid, name, stat, cpuPercent: null };
    entries.set(pid, { row, descriptor, seenInScan: scanNumber, readAtMs: nowMs, idleReadings: 0 });
    rows.set(pid, row);
  }

  return {
    entries,
    rows,
    begin(atMs, scan) {
      nowMs = atMs;
      scanNumber = scan;
    },
    read(pid) {
      const entry = entries.get(pid);
      if (entry && readAgain(pid, entry)) {
        entry.seenInScan = scanNumber;
        return;
      }
      if (entry) forget(pid, entry);
      readFirst(pid);
    },
    forget,
    usedTicks: () => usedTicks,
    endScan() {
      usedTicks = 0;
      for (const [pid, entry] of entries) if (entry.seenInScan !== scanNumber) forget(pid, entry);
    },
  };
}
