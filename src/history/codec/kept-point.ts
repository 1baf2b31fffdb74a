import {
  type ByteReader,
  type ByteWriter,
  DamagedBytes,
  readByte,
  readBytes,
  readVarint,
  readWord,
  unzigzag,
  writeByte,
  writeBytes,
  writeVarint,
  writeWord,
  zigzag,
} from './bytes.ts';
import { gpuQuantizers, jobQuantizers, machineQuantizers } from './figures.ts';

/** A node's figures at one moment, on their way into history. */
export interface KeptPoint {
  /** Which of its bucket's moments. */
  place: number;
  /** Indexes of GPUs. */
  gpus: readonly number[];
  /** Keys of jobs. */
  jobs: readonly string[];
  /** Short floats: the machine's, then each GPU's, then each job's. */
  cells: Uint16Array;
}

export const MACHINE_WIDTH = machineQuantizers.length;
export const GPU_WIDTH = gpuQuantizers.length;
export const JOB_WIDTH = jobQuantizers.length;

/** How many cells a point with so many rows has. */
export const cellCount = (gpus: number, jobs: number) => MACHINE_WIDTH + gpus * GPU_WIDTH + jobs * JOB_WIDTH;

const HAS_NEW_ROWS = 1;
/** More than any node has; what is damaged may say anything. */
const MOST_ROWS = 4_096;

const isSame = <One>(a: readonly One[], b: readonly One[]) =>
  a === b || (a.length === b.length && a.every((one, at) => one === b[at]));

/** Appends what is different from the same node's point before; null for the first of a bucket. */
export function writePoint(writer: ByteWriter, before: KeptPoint | null, point: KeptPoint): void {
  const hasSameRows = before !== null && isSame(before.gpus, point.gpus) && isSame(before.jobs, point.jobs);
  writeByte(writer, hasSameRows ? 0 : HAS_NEW_ROWS);
  writeVarint(writer, point.place - (before?.place ?? 0));
  if (!hasSameRows) {
    writeVarint(writer, point.gpus.length);
    for (const index of point.gpus) writeVarint(writer, index);
    writeVarint(writer, point.jobs.length);
    for (const key of point.jobs) writeWord(writer, key);
  }
  const known = cellsBefore(before, point, hasSameRows);
  const { cells } = point;
  const changed = new Uint8Array(Math.ceil(cells.length / 8));
  for (let at = 0; at < cells.length; at++)
    if (cells[at] !== known[at]) changed[at >> 3] = (changed[at >> 3] ?? 0) | (1 << (at & 7));
  writeBytes(writer, changed);
  for (let at = 0; at < cells.length; at++)
    if (cells[at] !== known[at]) writeVarint(writer, zigzag((cells[at] ?? 0) - (known[at] ?? 0)));
}

/** Reads what `writePoint` wrote after the same point. Throws `DamagedBytes`. */
export function readPoint(reader: ByteReader, before: KeptPoint | null): KeptPoint {
  const hasSameRows = readByte(reader) !== HAS_NEW_ROWS;
  const place = readVarint(reader) + (before?.place ?? 0);
  if (hasSameRows && before === null) throw new DamagedBytes('a point is told by one that is missing');
  const rows =
    hasSameRows && before !== null
      ? { gpus: before.gpus, jobs: before.jobs }
      : { gpus: readList(reader, readVarint), jobs: readList(reader, readWord) };
  const cells = new Uint16Array(cellCount(rows.gpus.length, rows.jobs.length));
  const point = { place, ...rows, cells };
  const known = cellsBefore(before, point, hasSameRows);
  const changed = readBytes(reader, Math.ceil(cells.length / 8));
  for (let at = 0; at < cells.length; at++) {
    const isChanged = ((changed[at >> 3] ?? 0) >> (at & 7)) & 1;
    cells[at] = (known[at] ?? 0) + (isChanged ? unzigzag(readVarint(reader)) : 0);
  }
  return point;
}

function readList<One>(reader: ByteReader, readOne: (reader: ByteReader) => One): One[] {
  const length = readVarint(reader);
  if (length > MOST_ROWS) throw new DamagedBytes(`${length} rows`);
  return Array.from({ length }, () => readOne(reader));
}

/** The cells of the point before, where those of this one are; 0 for what is new. */
function cellsBefore(before: KeptPoint | null, point: KeptPoint, hasSameRows: boolean): Uint16Array {
  if (hasSameRows && before !== null) return before.cells;
  const cells = new Uint16Array(point.cells.length);
  if (before === null) return cells;
  cells.set(before.cells.subarray(0, MACHINE_WIDTH));
  const copyRows = <Key>(
    keys: readonly Key[],
    old: readonly Key[],
    width: number,
    to: number,
    from: number,
  ) => {
    const places = new Map(old.map((key, row) => [key, row]));
    keys.forEach((key, row) => {
      const place = places.get(key);
      if (place === undefined) return;
      const start = from + place * width;
      cells.set(before.cells.subarray(start, start + width), to + row * width);
    });
  };
  copyRows(point.gpus, before.gpus, GPU_WIDTH, MACHINE_WIDTH, MACHINE_WIDTH);
  const jobsAt = (gpus: readonly number[]) => MACHINE_WIDTH + gpus.length * GPU_WIDTH;
  copyRows(point.jobs, before.jobs, JOB_WIDTH, jobsAt(point.gpus), jobsAt(before.gpus));
  return cells;
}
