import { ABSENT, fromShortFloat, shiftOf } from '../lib/short-floats.ts';
import {
  gpuFigures,
  jobFigures,
  machineFigures,
  POINT_MS,
  RECENT_MS,
  type RecentFigure,
} from '../report/series.ts';
import {
  clearPoint,
  createRecentTable,
  dropRowsBefore,
  type RecentTable,
  relayTable,
  rowFor,
} from './recent-table.ts';

/** The points of the last quarter of an hour of one node. Plain data, because there are as many as nodes. */
export interface RecentRing {
  /** Places of points. */
  capacity: number;
  /** Place of the oldest point. */
  start: number;
  count: number;
  /** Epoch ms by place. */
  times: Float64Array;
  machine: RecentTable<null>;
  gpus: RecentTable<number>;
  jobs: RecentTable<string>;
  /** Between samples, as said last. */
  intervalMs: number;
}

/** Rows and for each its columns, one after the other, as short floats. */
interface PointRows<Key> {
  keys: readonly Key[];
  cells: readonly number[];
}

/** All that is known at one moment. */
export interface RecentPoint {
  machine: PointRows<null>;
  gpus: PointRows<number>;
  jobs: PointRows<string>;
}

export const MAX_RECENT_GPUS = 64;
/** Jobs of one quarter of an hour; at one moment fewer have a value. */
export const MAX_RECENT_JOBS = 24;
/** 92 hold a point every 10 s, 184 one every 5 s. */
const CAPACITIES = [16, 32, 64, 92, 128, 160, 184, 200];
export const MAX_POINTS = 200;
/** A node that has been silent for so many intervals was away. */
const GAP_INTERVALS = 3;
const NO_ROWS = { keys: [], cells: [] };
const NO_POINT: RecentPoint = { machine: NO_ROWS, gpus: NO_ROWS, jobs: NO_ROWS };

const shiftsOf = (figures: readonly RecentFigure[]) => figures.map(({ unit }) => shiftOf(unit));
const machineShifts = shiftsOf(machineFigures);
const gpuShifts = shiftsOf(gpuFigures);
const jobShifts = shiftsOf(jobFigures);

/** A node's last minutes without any point; arrays come with the first points. */
export function createRecentRing(): RecentRing {
  return {
    capacity: 0,
    start: 0,
    count: 0,
    times: new Float64Array(0),
    machine: createRecentTable(machineShifts, 1),
    gpus: createRecentTable(gpuShifts, MAX_RECENT_GPUS),
    jobs: createRecentTable(jobShifts, MAX_RECENT_JOBS),
    intervalMs: POINT_MS,
  };
}

const placeOf = ({ start, capacity }: RecentRing, at: number) => (start + at) % capacity;
const timeOf = (ring: RecentRing, at: number) => ring.times[placeOf(ring, at)] ?? 0;
const tablesOf = ({ machine, gpus, jobs }: RecentRing) => [machine, gpus, jobs] as const;

/** When the newest point was added; null where there is none. */
export function lastPointMs(ring: RecentRing): number | null {
  return ring.count === 0 ? null : timeOf(ring, ring.count - 1);
}

/** `atMs`: epoch ms. After an absence of the node, a point without values comes first. */
export function addPoint(ring: RecentRing, point: RecentPoint, intervalMs: number, atMs: number): void {
  forgetFrom(ring, atMs);
  const last = lastPointMs(ring);
  const spacingMs = Math.max(POINT_MS, intervalMs, ring.intervalMs);
  ring.intervalMs = intervalMs;
  if (last !== null && atMs - last > GAP_INTERVALS * spacingMs && atMs - last < RECENT_MS)
    append(ring, NO_POINT, last + spacingMs);
  append(ring, point, atMs);
}

/** The head's clock was set back: what it says now counts, and points come in order. */
function forgetFrom(ring: RecentRing, atMs: number): void {
  if ((lastPointMs(ring) ?? 0) < atMs) return;
  while (ring.count > 0 && timeOf(ring, ring.count - 1) >= atMs) ring.count--;
  for (const { seenAtMs } of tablesOf(ring))
    seenAtMs.forEach((seen, row) => {
      seenAtMs[row] = Math.min(seen, atMs - 1);
    });
}

function append(ring: RecentRing, point: RecentPoint, atMs: number): void {
  while (ring.count > 0 && (timeOf(ring, 0) < atMs - RECENT_MS || ring.count === MAX_POINTS)) {
    ring.start = placeOf(ring, 1);
    ring.count--;
  }
  fitCapacity(ring);
  const place = placeOf(ring, ring.count);
  ring.count++;
  ring.times[place] = atMs;
  for (const table of tablesOf(ring)) {
    clearPoint(table, place);
    dropRowsBefore(table, atMs - RECENT_MS, ring.capacity);
  }
  const where = { place, capacity: ring.capacity, atMs };
  writeRows(ring.machine, point.machine, where);
  writeRows(ring.gpus, point.gpus, where);
  writeRows(ring.jobs, point.jobs, where);
}

/** Room for one more point; of much more, some is given back. */
function fitCapacity(ring: RecentRing): void {
  const wanted = CAPACITIES.find((size) => size > ring.count) ?? MAX_POINTS;
  const isRoomy = ring.capacity >= 2 * wanted && ring.capacity > 32;
  if (ring.count < ring.capacity && !isRoomy) return;
  const places = Array.from({ length: ring.count }, (_, at) => placeOf(ring, at));
  for (const table of tablesOf(ring)) relayTable(table, table.keys.length, wanted, places);
  const times = new Float64Array(wanted);
  places.forEach((place, at) => {
    times[at] = ring.times[place] ?? 0;
  });
  Object.assign(ring, { capacity: wanted, start: 0, times });
}

function writeRows<Key>(
  table: RecentTable<Key>,
  { keys, cells }: PointRows<Key>,
  { place, capacity, atMs }: { place: number; capacity: number; atMs: number },
): void {
  const { width, seenAtMs } = table;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at];
    const first = at * width;
    if (key === undefined || !hasValue(cells, first, width)) continue;
    const row = rowFor(table, key, at, atMs, capacity);
    // Said twice, the first counts.
    if (row === null || seenAtMs[row] === atMs) continue;
    seenAtMs[row] = atMs;
    const to = place * table.stride + row * width;
    for (let column = 0; column < width; column++) table.cells[to + column] = cells[first + column] ?? ABSENT;
  }
}

function hasValue(cells: readonly number[], first: number, width: number): boolean {
  for (let at = first; at < first + width; at++) if ((cells[at] ?? ABSENT) !== ABSENT) return true;
  return false;
}

/** The points later than `sinceMs`, oldest first. */
export function placesSince(ring: RecentRing, sinceMs: number): number[] {
  const places: number[] = [];
  for (let at = ring.count - 1; at >= 0 && timeOf(ring, at) > sinceMs; at--) places.push(placeOf(ring, at));
  return places.reverse();
}

/** One column of one row at these places. */
export function columnAt(
  table: RecentTable<unknown>,
  row: number,
  column: number,
  places: readonly number[],
): (number | null)[] {
  const first = row * table.width + column;
  const shift = table.shifts[column] ?? 0;
  return places.map((place) => {
    const value = fromShortFloat(table.cells[place * table.stride + first] ?? 0);
    return value === null ? null : value - shift;
  });
}

/** How much memory its numbers take. */
export function ringBytes(ring: RecentRing): number {
  return tablesOf(ring).reduce((sum, { cells }) => sum + cells.byteLength, ring.times.byteLength);
}
