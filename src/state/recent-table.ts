import { ABSENT } from './short-floats.ts';

/**
 * Rows that come and go (GPUs, jobs), each with a few columns over the same points in time, in one array: an array of
 * its own for each column would cost more than the numbers in it.
 */
export interface RecentTable<Key> {
  /** Columns of a row. */
  width: number;
  /** Is added to the values of each column. */
  shifts: readonly number[];
  maxRows: number;
  keys: Key[];
  /** When each row last had a value, as epoch ms. */
  seenAtMs: number[];
  /** Row by row, column by column, `capacity` points each. */
  cells: Uint16Array;
}

/** Rows grow in such steps. */
const ROW_STEP = 4;

export function createRecentTable<Key>(shifts: readonly number[], maxRows: number): RecentTable<Key> {
  return { width: shifts.length, shifts, maxRows, keys: [], seenAtMs: [], cells: new Uint16Array(0) };
}

const roomFor = ({ maxRows }: RecentTable<unknown>, rows: number) =>
  Math.min(maxRows, Math.ceil(rows / ROW_STEP) * ROW_STEP);

/** Takes the array anew for so many rows and for points that lie in another order: `at` gives the old places. */
export function relayTable(
  table: RecentTable<unknown>,
  rows: number,
  capacity: { before: number; now: number },
  at: readonly number[] | null,
): void {
  const { width, keys, cells: old } = table;
  const cells = new Uint16Array(roomFor(table, rows) * width * capacity.now);
  for (let column = 0; column < Math.min(keys.length, rows) * width; column++) {
    const from = column * capacity.before;
    const to = column * capacity.now;
    if (at === null) cells.set(old.subarray(from, from + capacity.before), to);
    else
      for (let point = 0; point < at.length; point++) cells[to + point] = old[from + (at[point] ?? 0)] ?? 0;
  }
  table.cells = cells;
}

/** The row of this key, made where there is none; null where all rows have a value at `nowMs` already. */
export function rowFor<Key>(
  table: RecentTable<Key>,
  key: Key,
  nowMs: number,
  capacity: number,
): number | null {
  const { keys, seenAtMs, maxRows } = table;
  const known = keys.indexOf(key);
  if (known >= 0) return known;
  if (keys.length === maxRows && !forgetOldest(table, nowMs, capacity)) return null;
  if (roomFor(table, keys.length + 1) * table.width * capacity > table.cells.length)
    relayTable(table, keys.length + 1, { before: capacity, now: capacity }, null);
  keys.push(key);
  seenAtMs.push(Number.NEGATIVE_INFINITY);
  const size = table.width * capacity;
  table.cells.fill(ABSENT, (keys.length - 1) * size, keys.length * size);
  return keys.length - 1;
}

/** False where no row is older than `nowMs`. */
function forgetOldest(table: RecentTable<unknown>, nowMs: number, capacity: number): boolean {
  let oldest = 0;
  table.seenAtMs.forEach((seen, row) => {
    if (seen < (table.seenAtMs[oldest] ?? 0)) oldest = row;
  });
  if ((table.seenAtMs[oldest] ?? nowMs) >= nowMs) return false;
  dropRow(table, oldest, capacity);
  return true;
}

/** The last row takes its place. */
function dropRow(
  { keys, seenAtMs, cells, width }: RecentTable<unknown>,
  row: number,
  capacity: number,
): void {
  const size = width * capacity;
  const last = keys.length - 1;
  cells.copyWithin(row * size, last * size, (last + 1) * size);
  keys[row] = keys[last];
  seenAtMs[row] = seenAtMs[last] ?? 0;
  keys.pop();
  seenAtMs.pop();
}

/** Forgets rows without a value since `sinceMs`, and gives back the room of many. */
export function dropRowsBefore(table: RecentTable<unknown>, sinceMs: number, capacity: number): void {
  const { keys, seenAtMs, width } = table;
  for (let row = keys.length - 1; row >= 0; row--)
    if ((seenAtMs[row] ?? 0) < sinceMs) dropRow(table, row, capacity);
  if (table.cells.length > roomFor(table, keys.length + ROW_STEP) * width * capacity)
    relayTable(table, keys.length, { before: capacity, now: capacity }, null);
}

/** Nothing has a value at this place from now on. */
export function clearPoint(
  { keys, cells, width }: RecentTable<unknown>,
  place: number,
  capacity: number,
): void {
  for (let column = 0; column < keys.length * width; column++) cells[column * capacity + place] = ABSENT;
}
