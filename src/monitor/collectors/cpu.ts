import { MAX_CORES } from '../../protocol/constants.ts';
import type { CpuSample } from '../../protocol/sample.ts';
import type { System } from '../system.ts';

/** Ticks of one CPU since boot. */
export interface CpuTicks {
  idle: number;
  total: number;
}

export interface CpuTimes {
  total: CpuTicks;
  /** Of all CPUs together, in processes: without interrupts and what a hypervisor took. */
  processTicks: number;
  /** By core number; offline cores are missing. */
  cores: Map<number, CpuTicks>;
}

/** Parses `/proc/stat`. Guest time is part of user time already (proc(5)), so fields 9 and 10 are left out. */
export function parseCpuTimes(procStat: string): CpuTimes {
  const cores = new Map<number, CpuTicks>();
  let total: CpuTicks = { idle: 0, total: 0 };
  let processTicks = 0;
  for (const line of procStat.split('\n')) {
    if (!line.startsWith('cpu')) continue;
    const [name = '', ...fields] = line.trim().split(/\s+/);
    const ticks = fields.slice(0, 8).map(Number);
    const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0] = ticks;
    const counted = { idle: idle + iowait, total: ticks.reduce((sum, value) => sum + value, 0) };
    if (name === 'cpu') {
      total = counted;
      processTicks = user + nice + system;
    } else cores.set(Number(name.slice(3)), counted);
  }
  return { total, processTicks, cores };
}

/**
 * Busy share between two readings in percent, with `digits` after the point; null where no time passed or a counter
 * went back. Rounded once: 0.475 is neither 0.5 nor, from there, 1.
 */
export function busyPercent(before: CpuTicks | undefined, after: CpuTicks, digits: 0 | 1): number | null {
  if (!before) return null;
  const total = after.total - before.total;
  const idle = after.idle - before.idle;
  if (total <= 0 || idle < 0) return null;
  const scale = 10 ** digits;
  return Math.max(0, Math.min(100, Math.round((100 * scale * (total - idle)) / total) / scale));
}

/** Parses `/proc/loadavg` into the means over 1, 5 and 15 minutes. */
export function parseLoad(text: string): {
  load1: number | null;
  load5: number | null;
  load15: number | null;
} {
  const [load1, load5, load15] = text
    .split(' ')
    .slice(0, 3)
    .map((word) => (word === '' || Number.isNaN(Number(word)) ? null : Number(word)));
  return { load1: load1 ?? null, load5: load5 ?? null, load15: load15 ?? null };
}

export interface CpuCollector {
  collect(): CpuSample;
  /** CPU time of all processes since the node's start, of the last sample; null before the first. */
  processTicks(): number | null;
}

/** Reads /proc/stat and /proc/loadavg. Loads are null at the first reading; throws where a file cannot be read. */
export function createCpuCollector(system: System): CpuCollector {
  const readStat = system.textReader('/proc/stat');
  const readLoad = system.textReader('/proc/loadavg');
  let before: CpuTimes | null = null;
  return {
    collect() {
      const after = parseCpuTimes(readStat());
      const last = before;
      before = after;
      return {
        totalPercent: busyPercent(last?.total, after.total, 1),
        corePercents: Array.from(after.cores, ([core, ticks]) =>
          busyPercent(last?.cores.get(core), ticks, 0),
        ).slice(0, MAX_CORES),
        ...parseLoad(readLoad()),
      };
    },
    processTicks: () => before?.processTicks ?? null,
  };
}
