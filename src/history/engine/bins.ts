import type { Chunk, ChunkRows, ChunkTable } from '../codec/chunk.ts';
import { NULL } from '../codec/columns.ts';
import { gpuQuantizers, jobQuantizers, machineQuantizers, type Quantizer } from '../codec/figures.ts';
import { GPU_WIDTH, JOB_WIDTH } from '../codec/kept-point.ts';

/** Figures of any step gathered into one step: for answers, and for the next coarser tier. */

type Group = 'machine' | 'gpu' | 'job';

/** A figure's place among its group's, and whose it is. */
export interface FigureKey {
  group: Group;
  /** An index of a GPU or a key of a job; null for the machine. */
  row: number | string | null;
  figure: number;
}

interface Line extends FigureKey {
  quantizer: Quantizer;
  /** Of each bin. */
  weights: Float64Array;
  /** Of weighted values: kept numbers where they grow as values do, else values in their unit. */
  sums: Float64Array;
  /** The extremes, as kept numbers. */
  least: Float64Array;
  most: Float64Array;
}

export interface Bins {
  fromMs: number;
  stepMs: number;
  count: number;
  lines: Map<string, Line>;
  /** Bins in which the node was heard. */
  isHeard: Uint8Array;
}

/** Empty ones, from one moment to another (epoch ms). */
export function createBins(fromMs: number, toMs: number, stepMs: number): Bins {
  const count = Math.max(0, Math.ceil((toMs - fromMs) / stepMs));
  return { fromMs, stepMs, count, lines: new Map(), isHeard: new Uint8Array(count) };
}

const quantizersOf: Record<Group, readonly Quantizer[]> = {
  machine: machineQuantizers,
  gpu: gpuQuantizers,
  job: jobQuantizers,
};

/** The figures of a chunk in the order of their columns. */
export function* figuresOf({ machine, gpus, jobs }: ChunkRows): Iterable<FigureKey> {
  for (const figure of machine) yield { group: 'machine', row: null, figure };
  for (const row of gpus)
    for (let figure = 0; figure < GPU_WIDTH; figure++) yield { group: 'gpu', row, figure };
  for (const row of jobs)
    for (let figure = 0; figure < JOB_WIDTH; figure++) yield { group: 'job', row, figure };
}

function lineOf(bins: Bins, { group, row, figure }: FigureKey): Line {
  const key = `${group} ${figure} ${row}`;
  const known = bins.lines.get(key);
  if (known) return known;
  const quantizer = quantizersOf[group][figure];
  if (quantizer === undefined) throw new Error(`there is no figure ${figure} of a ${group}`);
  const { count } = bins;
  const line: Line = {
    group,
    row,
    figure,
    quantizer,
    weights: new Float64Array(count),
    sums: new Float64Array(count),
    least: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
    most: new Float64Array(count).fill(Number.NEGATIVE_INFINITY),
  };
  bins.lines.set(key, line);
  return line;
}

/**
 * Adds what a chunk has of the bins' time. `bucketMs`: when the chunk begins; `stepMs`: between its points, which is what
 * each weighs. `isWanted` leaves columns unread. Throws `DamagedBytes`.
 */
export function addChunk(
  bins: Bins,
  chunk: Chunk,
  bucketMs: number,
  stepMs: number,
  isWanted: (key: FigureKey) => boolean = () => true,
): void {
  const { places, sides } = chunk;
  const binOf = Int32Array.from(places, (place) => {
    const at = Math.floor((bucketMs + place * stepMs - bins.fromMs) / bins.stepMs);
    return at >= 0 && at < bins.count ? at : -1;
  });
  if (!binOf.some((at) => at >= 0)) return;
  for (const at of binOf) if (at >= 0) bins.isHeard[at] = 1;
  let column = -sides;
  for (const key of figuresOf(chunk)) {
    column += sides;
    if (!isWanted(key)) continue;
    const means = chunk.column(column);
    const above = sides === 3 ? chunk.column(column + 1) : null;
    const below = sides === 3 ? chunk.column(column + 2) : null;
    addColumn(lineOf(bins, key), binOf, stepMs, means, above, below);
  }
}

function addColumn(
  { weights, sums, least, most, quantizer }: Line,
  binOf: Int32Array,
  weight: number,
  means: Int32Array,
  above: Int32Array | null,
  below: Int32Array | null,
): void {
  const { isLinear } = quantizer;
  for (let at = 0; at < means.length; at++) {
    const bin = binOf[at] ?? -1;
    const value = means[at] ?? NULL;
    if (bin < 0 || value === NULL) continue;
    weights[bin] = (weights[bin] ?? 0) + weight;
    sums[bin] = (sums[bin] ?? 0) + weight * (isLinear ? value : (quantizer.toValue(value) ?? 0));
    const high = value + (above?.[at] ?? 0);
    const low = value - (below?.[at] ?? 0);
    if (high > (most[bin] ?? 0)) most[bin] = high;
    if (low < (least[bin] ?? 0)) least[bin] = low;
  }
}

/** A figure's mean of one bin as a kept whole number; `NULL` where nothing is known. */
function meanAt({ weights, sums, least, most, quantizer }: Line, at: number): number {
  const weight = weights[at] ?? 0;
  if (weight === 0) return NULL;
  const mean = (sums[at] ?? 0) / weight;
  const kept = quantizer.isLinear ? Math.round(mean) : quantizer.fromValue(mean);
  // Rounding must not lead out of what was there.
  return Math.min(most[at] ?? kept, Math.max(least[at] ?? kept, kept));
}

/** A figure's means as kept numbers, one for each of the bins named; `NULL` where absent. */
export function meansOf(bins: Bins, key: FigureKey, places: Int32Array): Int32Array {
  const line = lineOf(bins, key);
  return places.map((at) => meanAt(line, at));
}

/** The figure in its unit, for answers: one for each bin, null where absent. */
export function valuesOf(line: Line): Record<'mean' | 'min' | 'max', (number | null)[]> {
  const told = (value: number) => line.quantizer.toValue(value);
  const mean: (number | null)[] = [];
  const min: (number | null)[] = [];
  const max: (number | null)[] = [];
  for (let at = 0; at < line.weights.length; at++) {
    const isThere = (line.weights[at] ?? 0) > 0;
    mean.push(isThere ? told(meanAt(line, at)) : null);
    min.push(isThere ? told(line.least[at] ?? NULL) : null);
    max.push(isThere ? told(line.most[at] ?? NULL) : null);
  }
  return { mean, min, max };
}

/** More jobs than this ran within a bucket: those with most points stay. */
const MOST_JOBS = 96;

/** A chunk of the next coarser tier; null where the node was never heard. */
export function tableOfBins(bins: Bins): ChunkTable | null {
  const places = Int32Array.from(bins.isHeard.keys()).filter((at) => bins.isHeard[at] === 1);
  if (places.length === 0) return null;
  const lines = [...bins.lines.values()];
  const rowsOf = (group: Group) => [
    ...new Set(lines.filter((line) => line.group === group).map(({ row }) => row)),
  ];
  const gpus = rowsOf('gpu')
    .map(Number)
    .sort((a, b) => a - b);
  const jobs = longest(lines, rowsOf('job').map(String));
  const rows: ChunkRows = {
    machine: lines
      .filter(({ group }) => group === 'machine')
      .map(({ figure }) => figure)
      .sort((a, b) => a - b),
    gpus,
    jobs,
  };
  const columns: Int32Array[] = [];
  for (const key of figuresOf(rows)) columns.push(...columnsOf(lineOf(bins, key), places));
  return { sides: 3, places, ...rows, columns };
}

function longest(lines: readonly Line[], jobs: string[]): string[] {
  if (jobs.length <= MOST_JOBS) return jobs;
  const weights = new Map<string, number>();
  for (const { group, row, weights: own } of lines)
    if (group === 'job')
      weights.set(String(row), (weights.get(String(row)) ?? 0) + own.reduce((a, b) => a + b, 0));
  return jobs.sort((a, b) => (weights.get(b) ?? 0) - (weights.get(a) ?? 0)).slice(0, MOST_JOBS);
}

function columnsOf(line: Line, places: Int32Array): Int32Array[] {
  const means = places.map((at) => meanAt(line, at));
  const side = (extreme: Float64Array, sign: 1 | -1) =>
    means.map((mean, at) => (mean === NULL ? NULL : sign * ((extreme[places[at] ?? 0] ?? 0) - mean)));
  return [means, side(line.most, 1), side(line.least, -1)];
}
