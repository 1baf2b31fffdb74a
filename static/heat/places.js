// Where the cells of the heat map are: those of a node side by side, with a gap between nodes.

/**
 * @typedef {object} Places
 * @property {number[]} xs
 * @property {number[]} ys
 * @property {number} cell how large a cell is
 * @property {number} pitch from cell to cell
 * @property {number} height
 */

const LARGEST_PITCH = 22;
const SMALLEST_PITCH = 3;

/**
 * A node goes to the next line as a whole.
 * @param {number[]} counts of each node its number of cells
 * @param {number} width
 * @param {number} pitch
 * @returns {Places}
 */
function flow(counts, width, pitch) {
  const cell = pitch - (pitch >= 10 ? 2 : 1);
  const nodeGap = Math.max(2, Math.round(pitch / 3));
  const linePitch = pitch + (pitch >= 10 ? 3 : 1);
  const xs = [];
  const ys = [];
  let x = 0;
  let y = 0;
  const nextLine = () => {
    x = 0;
    y += linePitch;
  };
  for (const count of counts) {
    if (x > 0 && x + (count - 1) * pitch + cell > width) nextLine();
    for (let at = 0; at < count; at += 1) {
      if (x > 0 && x + cell > width) nextLine();
      xs.push(x);
      ys.push(y);
      x += pitch;
    }
    x += nodeGap;
  }
  return { xs, ys, cell, pitch, height: y + pitch };
}

/** Without any cell. */
export const noPlaces = flow([], 0, SMALLEST_PITCH);

/**
 * With cells as large as fit into the height.
 * @param {number[]} counts
 * @param {number} width
 * @param {number} mostHeight
 */
export function place(counts, width, mostHeight) {
  for (let pitch = LARGEST_PITCH; ; pitch -= 1) {
    const places = flow(counts, width, pitch);
    if (places.height <= mostHeight || pitch === SMALLEST_PITCH) return places;
  }
}

/**
 * The cell at a point of the map, with the gap behind it; -1 where there is none.
 * @param {Places} places
 * @param {number} pointX
 * @param {number} pointY
 */
export function cellUnder({ xs, ys, pitch }, pointX, pointY) {
  return xs.findIndex((x, at) => {
    const y = ys[at] ?? 0;
    return pointX >= x && pointX < x + pitch && pointY >= y && pointY < y + pitch;
  });
}

/**
 * The nearest cell of the line above or below; the same one where there is no such line.
 * @param {Places} places
 * @param {number} from
 * @param {1 | -1} step
 */
export function beside({ xs, ys }, from, step) {
  const lines = [...new Set(ys)];
  const wanted = lines[lines.indexOf(ys[from] ?? 0) + step];
  let best = from;
  let nearest = Number.POSITIVE_INFINITY;
  for (const [at, x] of xs.entries()) {
    const distance = Math.abs(x - (xs[from] ?? 0));
    if (ys[at] !== wanted || distance >= nearest) continue;
    best = at;
    nearest = distance;
  }
  return best;
}
