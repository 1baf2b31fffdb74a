import {
  type Chunk,
  type ChunkRows,
  type ChunkTable,
  decodeChunk,
  decodeNamed,
  encodeChunk,
} from '../codec/chunk.ts';
import { gpuQuantizers, machineQuantizers } from '../codec/figures.ts';
import { GPU_WIDTH } from '../codec/kept-point.ts';
import { FRAME_STEP_MS, RAW } from '../tiers.ts';
import { addChunk, createBins, type FigureKey, figuresOf, meansOf } from './bins.ts';

/** What all GPUs did, minute by minute: for heat maps and pages of a past minute, which want every node at once. */

/** Of the machine: CPU and memory. */
const MACHINE = [0, 1];
const isWanted = ({ group, figure }: FigureKey) =>
  group === 'gpu' || (group === 'machine' && MACHINE.includes(figure));

/** A table's chunk, without the way over bytes. */
export const asChunk = (table: ChunkTable): Chunk => ({
  ...table,
  column: (at) => table.columns[at] ?? new Int32Array(table.places.length),
});

/** A node's part of the frame of its bucket, as bytes. */
export function encodeFrameNode(table: ChunkTable, bucketMs: number): Uint8Array {
  const bins = createBins(bucketMs, bucketMs + RAW.bucketMs, FRAME_STEP_MS);
  addChunk(bins, asChunk(table), bucketMs, RAW.stepMs, isWanted);
  const places = Int32Array.from(bins.isHeard.keys()).filter((at) => bins.isHeard[at] === 1);
  const rows: ChunkRows = { machine: MACHINE, gpus: table.gpus, jobs: [] };
  const columns = Array.from(figuresOf(rows), (key) => meansOf(bins, key, places));
  return encodeChunk({ sides: 1, places, ...rows, columns });
}

/** A node at a past minute. Null where a figure is absent. */
export interface FrameNode {
  name: string;
  cpuPercent: number | null;
  memoryUsedBytes: number | null;
  gpus: {
    index: number;
    utilizationPercent: number | null;
    memoryUsedBytes: number | null;
    temperatureCelsius: number | null;
    powerWatts: number | null;
  }[];
}

/** The nodes that were heard at that minute of a frame. Throws `DamagedBytes`. */
export function* nodesAt(frame: Uint8Array, bucketMs: number, atMs: number): Iterable<FrameNode> {
  const minute = Math.floor((atMs - bucketMs) / FRAME_STEP_MS);
  for (const [name, bytes] of decodeNamed(frame)) {
    const node = nodeAt(name, decodeChunk(bytes), minute);
    if (node !== null) yield node;
  }
}

function nodeAt(
  name: string,
  { places, machine, gpus, columns }: ChunkTable,
  minute: number,
): FrameNode | null {
  const at = places.indexOf(minute);
  if (at < 0) return null;
  const machineValue = (figure: number) =>
    machineQuantizers[figure]?.toValue(columns[machine.indexOf(figure)]?.[at] ?? 0) ?? null;
  const gpuValue = (row: number, figure: number) =>
    gpuQuantizers[figure]?.toValue(columns[machine.length + row * GPU_WIDTH + figure]?.[at] ?? 0) ?? null;
  return {
    name,
    cpuPercent: machineValue(0),
    memoryUsedBytes: machineValue(1),
    gpus: gpus.map((index, row) => ({
      index,
      utilizationPercent: gpuValue(row, 0),
      memoryUsedBytes: gpuValue(row, 1),
      temperatureCelsius: gpuValue(row, 2),
      powerWatts: gpuValue(row, 3),
    })),
  };
}
