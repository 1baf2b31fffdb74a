import type { DiskSample } from '../../protocol/sample.ts';
import type { System } from '../system.ts';
import { ratePerSecond } from './rates.ts';

/** Counters of one block device since boot. */
export interface DiskCounters {
  readBytes: number;
  writtenBytes: number;
  busyMs: number;
}

/** The kernel counts in sectors of 512 bytes, whatever the device's own size is. */
const SECTOR_BYTES = 512;

/** Parses `/proc/diskstats`; kernels from 4.18 on have more columns at the end, which are not needed. */
export function parseDiskCounters(text: string): Map<string, DiskCounters> {
  const found = new Map<string, DiskCounters>();
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const name = fields[2];
    if (!name || fields.length < 14) continue;
    found.set(name, {
      readBytes: Number(fields[5]) * SECTOR_BYTES,
      writtenBytes: Number(fields[9]) * SECTOR_BYTES,
      busyMs: Number(fields[12]),
    });
  }
  return found;
}

const NOT_A_DISK = /^(?:loop|ram|zram|fd|sr|dm-|md|nbd)\d*/;

/** Whole disks only: partitions, loops and mappings would count the same bytes twice. */
function isWholeDisk(system: System, name: string): boolean {
  return !NOT_A_DISK.test(name) && !system.exists(`/sys/class/block/${name}/partition`);
}

export function createDiskCollector(system: System): () => DiskSample[] {
  const read = system.textReader('/proc/diskstats');
  const whole = new Map<string, boolean>();
  let before = new Map<string, DiskCounters>();
  let beforeMs = 0;

  function countsAsDisk(name: string): boolean {
    const known = whole.get(name) ?? isWholeDisk(system, name);
    whole.set(name, known);
    return known;
  }

  return () => {
    const after = parseDiskCounters(read());
    const nowMs = system.monotonicMs();
    const elapsedMs = nowMs - beforeMs;
    const rows = Array.from(after)
      .filter(([name]) => countsAsDisk(name))
      .map(([name, counters]) => diskSample(name, before.get(name), counters, elapsedMs));
    before = after;
    beforeMs = nowMs;
    return rows;
  };
}

function diskSample(
  name: string,
  last: DiskCounters | undefined,
  now: DiskCounters,
  elapsedMs: number,
): DiskSample {
  const busyPerSecond = ratePerSecond(last?.busyMs, now.busyMs, elapsedMs);
  return {
    name,
    readBytesPerSecond: ratePerSecond(last?.readBytes, now.readBytes, elapsedMs),
    writeBytesPerSecond: ratePerSecond(last?.writtenBytes, now.writtenBytes, elapsedMs),
    busyPercent: busyPerSecond === null ? null : Math.min(100, Math.round(busyPerSecond / 10)),
  };
}
