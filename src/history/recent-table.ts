/**
 * Rows that come and go (GPUs, jobs), each with a few columns over the same points in time, in one array: an array of
 * its own for each column would cost more than the numbers in it. All of one point lies together, because points are
 * written by the thousand a second and read by one person at a time.
 */
export interface RecentTable<Key> {
  /** Columns of a row. */
  width: number;
  /** What was added to the values of each column. */
  shifts: readonly number[];
  maxRows: number;
  keys: Key[];
  /** When each row last had a value, as epoch ms. */
  seenAtMs: number[];
  /** Cells of a point. */
  stride: number;
  /** Point by point, row by row; what belongs to no row is ABSENT, which is 0. */
  cells: Uint16Array;
}

/** Rows grow in such steps. */
const ROW_STEP = 4;

/** A table without rows. `shifts` has one number for each column; rows beyond `maxRows` push out the most silent. */
export function createRecentTable<Key>(shifts: readonly number[], maxRows: number): RecentTable<Key> {
  const width = shifts.length;
  return { width, shifts, maxRows, keys: [], seenAtMs: [], stride: 0, cells: new Uint16Array(0) };
}

const roomFor = ({ maxRows }: RecentTable<unknown>, rows: number) =>
  Math.min(maxRows, Math.ceil(rows / ROW_STEP) * ROW_STEP);

/** Takes the array anew, for so many rows and points. `places`: where the points lie now, in their new order. */
export function relayTable(
  table: RecentTable<unknown>,
  rows: number,
  capacity: number,
  places: Iterable<number>,
): void {
  const { width, keys, cells: old, stride: oldStride } = table;
  const stride = roomFor(table, rows) * width;
  const cells = new Uint16Array(stride * capacity);
  const used = Math.min(keys.length * width, stride);
  let to = 0;
  for (const place of places) {
    if (used > 0) cells.set(old.subarray(place * oldStride, place * oldStride + used), to);
    to += stride;
  }
  table.cells = cells;
  table.stride = stride;
}

/**
 * The row of this key, made where there is none; null where all rows have a value at `nowMs` already. `hint`: where
 * it may be.
 */
export function rowFor<Key>(
  table: RecentTable<Key>,
  key: Key,
  hint: number,
  nowMs: number,
  capacity: number,
): number | null {
  const { keys, seenAtMs, maxRows, width } = table;
  if (hint < keys.length && keys[hint] === key) return hint;
  const known = keys.indexOf(key);
  if (known >= 0) return known;
  if (keys.length === maxRows && !forgetOldest(table, nowMs)) return null;
  if ((keys.length + 1) * width > table.stride)
    relayTable(table, keys.length + 1, capacity, Array(capacity).keys());
  keys.push(key);
  seenAtMs.push(Number.NEGATIVE_INFINITY);
  return keys.length - 1;
}

/** False where no row is older than `nowMs`. */
function forgetOldest(table: RecentTable<unknown>, nowMs: number): boolean {
  let oldest = 0;
  table.seenAtMs.forEach((seen, row) => {
    if (seen < (table.seenAtMs[oldest] ?? 0)) oldest = row;
  });
  if ((table.seenAtMs[oldest] ?? nowMs) >= nowMs) return false;
  dropRow(table, oldest);
  return true;
}

/** The last row takes its place. */
function dropRow({ keys, seenAtMs, cells, width, stride }: RecentTable<unknown>, row: number): void {
  const last = keys.length - 1;
  for (let point = 0; point < cells.length; point += stride) {
    const from = point + last * width;
    cells.copyWithin(point + row * width, from, from + width);
    cells.fill(0, from, from + width);
  }
  keys[row] = keys[last];
  seenAtMs[row] = seenAtMs[last] ?? 0;
  keys.pop();
  seenAtMs.pop();
}

/** Forgets rows without a value since `sinceMs`, and gives back the room of many. */
export function dropRowsBefore(table: RecentTable<unknown>, sinceMs: number, capacity: number): void {
  const { keys, seenAtMs, width } = table;
  for (let row = keys.length - 1; row >= 0; row--) if ((seenAtMs[row] ?? 0) < sinceMs) dropRow(table, row);
  if (table.stride > roomFor(table, keys.length + ROW_STEP) * width)
    relayTable(table, keys.length, capacity, Array(capacity).keys());
}

/** Nothing has a value at this place from now on. */
export function clearPoint({ cells, stride }: RecentTable<unknown>, place: number): void {
  cells.fill(0, place * stride, (place + 1) * stride);
}
