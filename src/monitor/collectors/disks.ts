import { MAX_DEVICES } from '../../protocol/constants.ts';
import type { DiskSample } from '../../protocol/sample.ts';
import type { System } from '../system.ts';
import { busiestRows, type NotedRows } from './busiest-rows.ts';
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

/** Where the kernel's folders cannot be seen, names are all there is. */
const LIES_OVER_OTHERS = /^(?:loop|ram|zram|fd|sr|dm-|md|nbd|bcache|drbd|zd)\d*/;

/**
 * Whole disks only, each byte once: not partitions, nor what lies over other disks (mappings, caches, volumes of
 * ZFS), nor what is made up by the kernel.
 */
function isWholeDisk(system: System, name: string): boolean {
  if (LIES_OVER_OTHERS.test(name)) return false;
  const block = `/sys/class/block/${name}`;
  if (!system.exists(block)) return true;
  if (system.exists(`${block}/partition`) || listOrEmpty(system, `${block}/slaves`).length > 0) return false;
  return system.exists(`${block}/device`);
}

function listOrEmpty(system: System, path: string): string[] {
  try {
    return system.list(path);
  } catch {
    return [];
  }
}

const isUsed = ({ readBytes, writtenBytes }: DiskCounters) => readBytes > 0 || writtenBytes > 0;

/**
 * A namespace that is reached over several controllers is listed itself (`nvme0n1`) and once for each way
 * (`nvme0c1n1`); kernels count in the ways, and from 6.3 on in both. One row stays: with the namespace's own figures
 * where it has any, else with the sum over its ways.
 */
export function joinNvmePaths(counters: ReadonlyMap<string, DiskCounters>): Map<string, DiskCounters> {
  const joined = new Map<string, DiskCounters>();
  const ways = new Map<string, DiskCounters>();
  for (const [name, found] of counters) {
    const head = name.replace(/^(nvme\d+)c\d+(n\d+)$/, '$1$2');
    if (head === name || !counters.has(head)) joined.set(name, found);
    else ways.set(head, addUp(ways.get(head), found));
  }
  for (const [head, sum] of ways) {
    const own = joined.get(head);
    if (own && !isUsed(own)) joined.set(head, sum);
  }
  return joined;
}

/** Ways that are busy at once make the disk no busier than the busiest of them. */
const addUp = (one: DiskCounters | undefined, other: DiskCounters): DiskCounters =>
  one === undefined
    ? other
    : {
        readBytes: one.readBytes + other.readBytes,
        writtenBytes: one.writtenBytes + other.writtenBytes,
        busyMs: Math.max(one.busyMs, other.busyMs),
      };

const loadOf = ({ readBytesPerSecond, writeBytesPerSecond }: DiskSample) =>
  (readBytesPerSecond ?? 0) + (writeBytesPerSecond ?? 0);

/**
 * Reads /proc/diskstats: whole disks, rates in bytes per second since the reading before, null at the first. Throws
 * where it cannot be read.
 */
export function createDiskCollector(system: System): () => NotedRows<DiskSample> {
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
    const after = joinNvmePaths(parseDiskCounters(read()));
    const nowMs = system.monotonicMs();
    const elapsedMs = nowMs - beforeMs;
    const rows = Array.from(after)
      .filter(([name]) => countsAsDisk(name))
      .map(([name, counters]) => diskSample(name, before.get(name), counters, elapsedMs));
    before = after;
    beforeMs = nowMs;
    // Names come and go with the devices of containers and volumes.
    for (const name of whole.keys()) if (!after.has(name)) whole.delete(name);
    return busiestRows(rows, MAX_DEVICES, 'disks', loadOf);
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
