import {
  type ByteReader,
  createReader,
  createWriter,
  DamagedBytes,
  readByte,
  readBytes,
  readVarint,
  readWord,
  writeByte,
  writeBytes,
  writeVarint,
  writeWord,
  written,
} from './bytes.ts';
import { NULL, readColumn, writeColumn } from './columns.ts';
import { crc32 } from './crc32.ts';
import { GPU_WIDTH, JOB_WIDTH, MACHINE_WIDTH } from './kept-point.ts';

/**
 * One node's figures of one bucket: a header with a checksum and the length of every column, so that single ones can be
 * read, and the columns. Raw figures have one column each; those of longer steps have three: the mean, how far the
 * largest lies above it, and how far the smallest lies below.
 */

const FORMAT = 1;
const HEAD_BYTES = 5;
/** What is damaged may say anything. */
const MOST_PLACES = 100_000;
const MOST_ROWS = 4_096;

/** What a column is about. */
export interface ChunkRows {
  /** Which of the machine's figures there are. */
  machine: readonly number[];
  gpus: readonly number[];
  jobs: readonly string[];
}

export interface ChunkTable extends ChunkRows {
  sides: 1 | 3;
  /** Moments of the bucket that have a point, ascending. */
  places: Int32Array;
  /** For each figure `sides` columns, in the order of the rows; each has a value, or `NULL`, for each place. */
  columns: Int32Array[];
}

/** Every figure of the machine. */
export const ALL_MACHINE: readonly number[] = Array.from({ length: MACHINE_WIDTH }, (_, at) => at);

/** How many figures the rows have together. */
export const figureCount = ({ machine, gpus, jobs }: ChunkRows): number =>
  machine.length + gpus.length * GPU_WIDTH + jobs.length * JOB_WIDTH;

/** A table's bytes. */
export function encodeChunk(table: ChunkTable): Uint8Array {
  const { machine, gpus, jobs, sides, places, columns } = table;
  const head = createWriter(256);
  writeBytes(head, new Uint8Array(HEAD_BYTES));
  writeByte(head, sides);
  writeVarint(head, places.length);
  writeColumn(head, differencesOf(places));
  for (const list of [machine, gpus]) {
    writeVarint(head, list.length);
    for (const one of list) writeVarint(head, one);
  }
  writeVarint(head, jobs.length);
  for (const key of jobs) writeWord(head, key);
  const body = createWriter(4_096);
  let begun = 0;
  for (const column of columns) {
    writeColumn(body, column);
    writeVarint(head, body.length - begun);
    begun = body.length;
  }
  writeBytes(head, written(body));
  const bytes = written(head).slice();
  bytes[0] = FORMAT;
  new DataView(bytes.buffer).setUint32(1, crc32(bytes.subarray(HEAD_BYTES)), true);
  return bytes;
}

/** A chunk of which columns can be read one by one. */
export interface Chunk extends ChunkRows {
  sides: 1 | 3;
  places: Int32Array;
  /** Throws `DamagedBytes`. */
  column(at: number): Int32Array;
}

/** Throws `DamagedBytes` where a disk or somebody changed it, and for a format of a later version. */
export function openChunk(bytes: Uint8Array): Chunk {
  if (bytes[0] !== FORMAT) throw new DamagedBytes(`format ${bytes[0] ?? 'none'} of a chunk is not known`);
  const sum = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(1, true);
  if (crc32(bytes.subarray(HEAD_BYTES)) !== sum) throw new DamagedBytes('the checksum of a chunk is wrong');
  const reader = createReader(bytes);
  reader.at = HEAD_BYTES;
  const sides = readByte(reader) === 3 ? 3 : 1;
  const placeCount = readCount(reader, MOST_PLACES);
  const places = sumsOf(readColumn(reader, placeCount));
  const machine = readList(reader, readVarint);
  const gpus = readList(reader, readVarint);
  const jobs = readList(reader, readWord);
  const lengths = Array.from({ length: figureCount({ machine, gpus, jobs }) * sides }, () =>
    readVarint(reader),
  );
  const starts: number[] = [];
  let start = reader.at;
  for (const length of lengths) {
    starts.push(start);
    start += length;
  }
  const column = (at: number) =>
    readColumn({ bytes, at: starts[at] ?? Number.POSITIVE_INFINITY }, placeCount);
  return { sides, places, machine, gpus, jobs, column };
}

/** All of it. Throws `DamagedBytes`. */
export function decodeChunk(bytes: Uint8Array): ChunkTable {
  const { sides, places, machine, gpus, jobs, column } = openChunk(bytes);
  const length = figureCount({ machine, gpus, jobs }) * sides;
  return { sides, places, machine, gpus, jobs, columns: Array.from({ length }, (_, at) => column(at)) };
}

function readCount(reader: ByteReader, most: number): number {
  const count = readVarint(reader);
  if (count > most) throw new DamagedBytes(`${count} entries`);
  return count;
}

function readList<One>(reader: ByteReader, readOne: (reader: ByteReader) => One): One[] {
  return Array.from({ length: readCount(reader, MOST_ROWS) }, () => readOne(reader));
}

/** Places that follow each other have the same difference, which takes two bytes for all. */
const differencesOf = (places: Int32Array) => places.map((place, at) => place - (places[at - 1] ?? -1));

function sumsOf(differences: Int32Array): Int32Array {
  let place = -1;
  return differences.map((difference) => {
    place += difference === NULL ? 1 : difference;
    return place;
  });
}

/** Bytes of several chunks with names, one after the other. */
export function encodeNamed(chunks: Iterable<readonly [name: string, bytes: Uint8Array]>): Uint8Array {
  const writer = createWriter(65_536);
  for (const [name, bytes] of chunks) {
    writeWord(writer, name);
    writeVarint(writer, bytes.length);
    writeBytes(writer, bytes);
  }
  return written(writer).slice();
}

/** Throws `DamagedBytes`. */
export function* decodeNamed(bytes: Uint8Array): Iterable<[name: string, bytes: Uint8Array]> {
  const reader = createReader(bytes);
  while (reader.at < bytes.length) {
    const name = readWord(reader);
    yield [name, readBytes(reader, readVarint(reader))];
  }
}
