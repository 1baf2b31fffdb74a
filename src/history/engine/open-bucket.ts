import {
  type ByteWriter,
  createReader,
  createWriter,
  readBytes,
  readVarint,
  readWord,
  writeBytes,
  writeVarint,
  writeWord,
  written,
} from '../codec/bytes.ts';
import { ALL_MACHINE, type ChunkTable } from '../codec/chunk.ts';
import { NULL } from '../codec/columns.ts';
import { gpuQuantizers, jobQuantizers, machineQuantizers, type Quantizer } from '../codec/figures.ts';
import {
  GPU_WIDTH,
  JOB_WIDTH,
  type KeptPoint,
  MACHINE_WIDTH,
  readPoint,
  writePoint,
} from '../codec/kept-point.ts';

/** A node's points of a bucket that still grows, as the bytes that the journal has too: a tenth of the numbers. */
export interface OpenNode {
  bytes: ByteWriter;
  last: KeptPoint | null;
}

/** All nodes of a bucket that still grows. */
export type OpenBucket = Map<string, OpenNode>;

/** Rows of one chunk: jobs come and go, and what a node says must not make it grow for ever. */
const MOST_JOBS = 48;
const MOST_GPUS = 64;

const emptyNode = (): OpenNode => ({ bytes: createWriter(1_024), last: null });

/**
 * Takes a point in, and appends it with the node's name to `journal`. A
 * place that is told already is left out: a node sampled every second has one point of ten, and where the clock was set
 * back what was told first stays.
 */
export function addNodePoint(
  bucket: OpenBucket,
  name: string,
  point: KeptPoint,
  journal: ByteWriter | null,
): void {
  const known = bucket.get(name);
  if (known?.last && point.place <= known.last.place) return;
  const node = known ?? emptyNode();
  if (known === undefined) bucket.set(name, node);
  const from = node.bytes.length;
  writePoint(node.bytes, node.last, point);
  node.last = point;
  if (journal === null) return;
  writeWord(journal, name);
  writeVarint(journal, node.bytes.length - from);
  writeBytes(journal, node.bytes.bytes.subarray(from, node.bytes.length));
}

/** Takes in what a journal has. Throws `DamagedBytes`; what came before stays. */
export function replay(bucket: OpenBucket, journal: Uint8Array): void {
  const reader = createReader(journal);
  while (reader.at < journal.length) {
    const name = readWord(reader);
    const entry = readBytes(reader, readVarint(reader));
    const node = bucket.get(name) ?? emptyNode();
    node.last = readPoint(createReader(entry), node.last);
    writeBytes(node.bytes, entry);
    bucket.set(name, node);
  }
}

/** All of them, in their order. */
export function pointsOf({ bytes }: OpenNode): KeptPoint[] {
  const whole = written(bytes);
  const reader = createReader(whole);
  const points: KeptPoint[] = [];
  while (reader.at < whole.length) points.push(readPoint(reader, points.at(-1) ?? null));
  return points;
}

/** Those with points, and of too many those that were there last. */
function rowsOf<Key>(
  points: readonly KeptPoint[],
  keysOf: (point: KeptPoint) => readonly Key[],
  most: number,
): Key[] {
  const keys = new Set<Key>();
  for (const point of points)
    for (const key of keysOf(point)) {
      keys.delete(key);
      keys.add(key);
    }
  return [...keys].slice(-most);
}

/** What a chunk is made of. */
export function tableOf(node: OpenNode): ChunkTable {
  const points = pointsOf(node);
  const gpus = rowsOf(points, (point) => point.gpus, MOST_GPUS).sort((a, b) => a - b);
  const jobs = rowsOf(points, (point) => point.jobs, MOST_JOBS);
  const width = MACHINE_WIDTH + gpus.length * GPU_WIDTH + jobs.length * JOB_WIDTH;
  const columns = Array.from({ length: width }, () => new Int32Array(points.length).fill(NULL));
  const fill = (
    quantizers: readonly Quantizer[],
    cells: Uint16Array,
    from: number,
    to: number,
    at: number,
  ) => {
    quantizers.forEach((quantizer, figure) => {
      const column = columns[to + figure];
      if (column) column[at] = quantizer.fromShort(cells[from + figure] ?? 0);
    });
  };
  const gpuRows = new Map(gpus.map((index, row) => [index, row]));
  const jobRows = new Map(jobs.map((key, row) => [key, row]));
  const jobsAt = MACHINE_WIDTH + gpus.length * GPU_WIDTH;
  points.forEach((point, at) => {
    const { cells } = point;
    fill(machineQuantizers, cells, 0, 0, at);
    point.gpus.forEach((index, place) => {
      const row = gpuRows.get(index);
      if (row !== undefined)
        fill(gpuQuantizers, cells, MACHINE_WIDTH + place * GPU_WIDTH, MACHINE_WIDTH + row * GPU_WIDTH, at);
    });
    const ownJobsAt = MACHINE_WIDTH + point.gpus.length * GPU_WIDTH;
    point.jobs.forEach((key, place) => {
      const row = jobRows.get(key);
      if (row !== undefined)
        fill(jobQuantizers, cells, ownJobsAt + place * JOB_WIDTH, jobsAt + row * JOB_WIDTH, at);
    });
  });
  return {
    sides: 1,
    places: Int32Array.from(points, ({ place }) => place),
    machine: ALL_MACHINE,
    gpus,
    jobs,
    columns,
  };
}
