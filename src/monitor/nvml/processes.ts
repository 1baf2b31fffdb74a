import { noGpuProcessFigures } from '../../protocol/absent.ts';
import type { GpuProcessReading } from '../gpus/provider.ts';
import type { Device } from './devices.ts';
import { type Handle, type Nvml, nvmlCodes } from './library.ts';

/**
 * nvmlProcessInfo_t has 24 bytes since driver 470; before, pid and memory alone. Some drivers of release 535 put 8
 * bytes more behind each row (protected memory) under the same name: how long rows are is seen by what was written.
 */
const layouts = [
  { ending: '_v3', lengths: [24, 32] },
  { ending: '_v2', lengths: [24, 32] },
  { ending: '', lengths: [16] },
] as const;
/** What rows are filled with before it is known how long they are; no last field of a row has this value. */
const UNWRITTEN = 0xa5;
/** Each list costs a call into the driver, and most GPUs only compute: others that were empty can wait. */
const SELDOM_MS = 5_000;
const kinds = [
  { name: 'nvmlDeviceGetComputeRunningProcesses', type: 'C', emptyForMs: 0 },
  { name: 'nvmlDeviceGetMPSComputeRunningProcesses', type: 'C', emptyForMs: SELDOM_MS },
  { name: 'nvmlDeviceGetGraphicsRunningProcesses', type: 'G', emptyForMs: SELDOM_MS },
];
const NOT_AVAILABLE = 0xffff_ffff_ffff_ffffn;
const FIRST_ROOM = 64;
const MOST_ROOM = 4096;

/** nvmlProcessUtilizationSample_t: pid, time stamp, SM, memory, encoder, decoder. */
const UTILIZATION_BYTES = 32;
const MOST_ROW_BYTES = UTILIZATION_BYTES;

/** Processes of one device, with what they used since the last call. */
export interface DeviceProcessReader {
  read(device: Device, nowMs: number): GpuProcessReading[];
}

/** One for each device; where the driver does not answer there are no rows. */
export function createDeviceProcessReader(nvml: Nvml): DeviceProcessReader {
  /** The library's clock, microseconds: older samples have been read. */
  let seenUntil = 0n;
  let room = FIRST_ROOM;
  let rows = Buffer.alloc(room * MOST_ROW_BYTES);
  /** When lists that were empty are asked for again. */
  const dueMs = new Map<string, number>();
  const count = new Uint32Array(1);
  const countBuffer = Buffer.from(count.buffer);
  /** Bytes of a row by the ending of the function's name, once a list was not empty. */
  const rowBytes = new Map<string, number>();

  /**
   * Calls with room for more and more rows until it suffices, and hands back how many came; null where the driver
   * refuses. The rows are good until the next call.
   */
  function withRoom(call: () => number): number | null {
    for (;;) {
      count[0] = room;
      const code = call();
      const [told = 0] = count;
      if (code === nvmlCodes.success) return Math.min(told, room);
      if (code !== nvmlCodes.insufficientSize || room >= MOST_ROOM) return null;
      room = Math.min(MOST_ROOM, Math.max(2 * room, told));
      rows = Buffer.alloc(room * MOST_ROW_BYTES);
    }
  }

  const rowsOf = (length: number, bytes: number) =>
    Array.from({ length }, (_, at) => rows.subarray(at * bytes, (at + 1) * bytes));

  function listProcesses(handle: Handle, name: string): Buffer[] {
    for (const { ending, lengths } of layouts) {
      const bytes = lengths.length === 1 ? lengths[0] : rowBytes.get(ending);
      let isMissing = false;
      const length = withRoom(() => {
        if (bytes === undefined) rows.fill(UNWRITTEN);
        const code = nvml.call(`${name}${ending}`, ['handle', 'buffer', 'buffer'], handle, countBuffer, rows);
        isMissing = code === nvmlCodes.functionNotFound;
        return code;
      });
      if (isMissing) continue;
      if (length === null || length === 0) return [];
      const found = bytes ?? writtenRowBytes(length, lengths);
      rowBytes.set(ending, found);
      return rowsOf(length, found);
    }
    return [];
  }

  /** The length that fits how far was written; the first where none does. */
  function writtenRowBytes(length: number, lengths: readonly [number, ...number[]]): number {
    let written = rows.length;
    while (written > 0 && rows[written - 1] === UNWRITTEN) written--;
    return lengths.find((bytes) => bytes * length === written) ?? lengths[0];
  }

  function listKind(handle: Handle, { name, emptyForMs }: (typeof kinds)[number], nowMs: number): Buffer[] {
    if (nowMs < (dueMs.get(name) ?? 0)) return [];
    const found = listProcesses(handle, name);
    dueMs.set(name, found.length > 0 ? 0 : nowMs + emptyForMs);
    return found;
  }

  function readUtilization(handle: Handle): Map<number, Partial<GpuProcessReading>> {
    const length = withRoom(() =>
      nvml.call(
        'nvmlDeviceGetProcessUtilization',
        ['handle', 'buffer', 'buffer', 'count'],
        handle,
        rows,
        countBuffer,
        seenUntil,
      ),
    );
    const byPid = new Map<number, Partial<GpuProcessReading>>();
    const samples = rowsOf(length ?? 0, UTILIZATION_BYTES).map((row) => ({
      row,
      atUs: row.readBigUInt64LE(8),
    }));
    samples.sort((a, b) => (a.atUs < b.atUs ? -1 : 1));
    for (const { row, atUs } of samples) {
      byPid.set(row.readUInt32LE(0), utilizationOf(row));
      if (atUs > seenUntil) seenUntil = atUs;
    }
    return byPid;
  }

  return {
    read(device, nowMs) {
      const { handle, index } = device;
      if (handle === null) return [];
      const found = new Map<number, GpuProcessReading>();
      for (const kind of kinds)
        for (const row of listKind(handle, kind, nowMs)) {
          const reading = readingOf(row, index, kind.type);
          found.set(reading.pid, merge(found.get(reading.pid), reading));
        }
      // The library has no utilization of a MIG instance's processes.
      if (found.size === 0 || device.parent !== null) return [...found.values()];
      const utilization = readUtilization(handle);
      return Array.from(found.values(), (reading) => ({ ...reading, ...utilization.get(reading.pid) }));
    },
  };
}

function readingOf(row: Buffer, gpuIndex: number, type: string): GpuProcessReading {
  const memory = row.readBigUInt64LE(8);
  return {
    ...noGpuProcessFigures,
    pid: row.readUInt32LE(0),
    gpuIndex,
    type,
    gpuMemoryBytes: memory === NOT_AVAILABLE ? null : Number(memory),
  };
}

/** A process that computes and draws is in two lists with the same memory. */
function merge(known: GpuProcessReading | undefined, reading: GpuProcessReading): GpuProcessReading {
  if (known === undefined) return reading;
  return {
    ...known,
    type: known.type === reading.type ? known.type : 'C+G',
    gpuMemoryBytes: known.gpuMemoryBytes ?? reading.gpuMemoryBytes,
  };
}

/** Some drivers tell nonsense beyond 100 for a process that has just begun. */
function utilizationOf(row: Buffer): Partial<GpuProcessReading> {
  const percent = (start: number) => {
    const value = row.readUInt32LE(start);
    return value > 100 ? null : value;
  };
  return {
    gpuUtilizationPercent: percent(16),
    gpuMemoryUtilizationPercent: percent(20),
    gpuEncoderPercent: percent(24),
    gpuDecoderPercent: percent(28),
  };
}
