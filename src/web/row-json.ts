import type { Cluster } from '../cluster/cluster.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from '../report/rows.ts';

export type AnyRow = NodeReport | ClusterGpu | ClusterJob | ClusterUser;

/** The text of a row, where its ages stand in it, and these as they were when the row was made. */
interface KeptJson {
  bytes: Buffer;
  /** From where to where an age stands, in bytes. */
  places: readonly (readonly [start: number, end: number])[];
  agesMs: readonly number[];
}

/** Of which node the figures are; null for a row of several. */
function nodeOf(row: AnyRow): string | null {
  if ('node' in row) return row.node;
  return 'name' in row && 'transport' in row ? row.name : null;
}

/**
 * Where the number of a property stands. Quotes within texts are escaped, so that a name in quotes is a property's; none
 * behind `from` and before it, at any depth, has the same one.
 */
function placeOf(text: string, property: string, from: number): [start: number, end: number] | null {
  const name = `"${property}":`;
  const at = text.indexOf(name, from);
  if (at < 0) return null;
  const start = at + name.length;
  let end = start;
  while (end < text.length && text[end] !== ',' && text[end] !== '}') end += 1;
  return [start, end];
}

function keep(row: AnyRow): KeptJson {
  const text = JSON.stringify(row);
  const bytes = Buffer.from(text);
  const isPlain = bytes.length === text.length;
  const inBytes = (at: number) => (isPlain ? at : Buffer.byteLength(text.slice(0, at)));
  const places: [start: number, end: number][] = [];
  const agesMs: number[] = [];
  function note(ageMs: number | null | undefined, property: string, from = 0): void {
    const found = ageMs == null ? null : placeOf(text, property, from);
    if (ageMs == null || found === null) return;
    places.push([inBytes(found[0]), inBytes(found[1])]);
    agesMs.push(ageMs);
  }
  if ('sampleAgeMs' in row) note(row.sampleAgeMs, 'sampleAgeMs');
  else if ('ageMs' in row) note(row.ageMs, 'ageMs');
  if ('scheduler' in row) note(row.scheduler?.ageMs, 'ageMs', text.lastIndexOf('"scheduler":{'));
  return { bytes, places, agesMs };
}

/** So many bytes are copied together before they are sent; what is longer than a line's worth is sent as it is kept. */
const SLAB_BYTES = 256 * 1024;
const LONG_BYTES = 4 * 1024;

/** Rows as JSON with commas between them, behind one text and before another, in pieces that are made as they are read. */
export type RowWriter = (before: string, rows: readonly AnyRow[], after: string) => Iterable<Uint8Array>;

/**
 * Rows with their ages as of now: those of figures, of a scheduler's answer, and of a job. A row that did not change is
 * the same object, and its bytes are kept with it: an answer of tens of megabytes is copied together, not written anew.
 */
export function createRowWriter(cluster: Cluster, epochMs: () => number = Date.now): RowWriter {
  const kept = new WeakMap<AnyRow, KeptJson>();

  function keptOf(row: AnyRow): KeptJson {
    const known = kept.get(row) ?? keep(row);
    kept.set(row, known);
    return known;
  }

  return function* pieces(before, rows, after) {
    const nowMs = epochMs();
    const packer = createPacker();
    let node: string | null = null;
    let olderMs = 0;
    packer.text(before);
    for (let number = 0; number < rows.length; number += 1) {
      const row = rows[number];
      if (row === undefined) continue;
      const { bytes, places, agesMs } = keptOf(row);
      const startTimeMs = 'startTimeMs' in row ? row.startTimeMs : null;
      if (nodeOf(row) !== node) {
        node = nodeOf(row);
        olderMs = node === null ? 0 : cluster.agedMs(node);
      }
      if (number > 0) packer.text(',');
      let from = 0;
      for (let at = 0; at < places.length; at += 1) {
        const [start, end] = places[at] ?? [from, from];
        packer.part(bytes, from, start);
        const ageMs = startTimeMs === null ? (agesMs[at] ?? 0) + olderMs : Math.max(0, nowMs - startTimeMs);
        packer.text(String(ageMs));
        from = end;
      }
      packer.part(bytes, from, bytes.length);
      if (packer.full.length > 0) yield* packer.full.splice(0);
    }
    packer.text(after);
    packer.flush();
    yield* packer.full;
  };
}

/** Copies short parts together and leaves long ones as they are: a copy of everything would keep the garbage collector busy. */
function createPacker() {
  const full: Uint8Array[] = [];
  let slab = Buffer.allocUnsafe(SLAB_BYTES);
  let from = 0;
  let end = 0;

  function flush(): void {
    if (end > from) full.push(slab.subarray(from, end));
    from = end;
  }

  function makeRoom(bytes: number): void {
    if (end + bytes <= slab.length) return;
    flush();
    slab = Buffer.allocUnsafe(Math.max(SLAB_BYTES, bytes));
    from = end = 0;
  }

  return {
    /** Pieces that can be sent. */
    full,
    text(text: string): void {
      makeRoom(3 * text.length);
      end += slab.write(text, end);
    },
    part(bytes: Buffer, start: number, stop: number): void {
      if (stop - start >= LONG_BYTES) {
        flush();
        full.push(bytes.subarray(start, stop));
        return;
      }
      makeRoom(stop - start);
      end += bytes.copy(slab, end, start, stop);
    },
    flush,
  };
}

/** The pieces as the body of an answer, each made when the reader takes it. */
export function streamOf(pieces: Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      const next = iterator.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  });
}

/** The same ages for texts, and for what is written once. */
export function withAges<Row extends AnyRow>(
  cluster: Cluster,
  rows: readonly Row[],
  epochMs: () => number = Date.now,
): Row[] {
  const nowMs = epochMs();
  return rows.map((row) => ({ ...row, ...agesOf(row, cluster, nowMs) }));
}

/** The ages in a row as of now. A job of several nodes is as old as its start says. */
function agesOf(row: AnyRow, cluster: Cluster, nowMs: number): object {
  if ('startTimeMs' in row) {
    const { startTimeMs, ageMs } = row;
    return startTimeMs === null || ageMs === null ? {} : { ageMs: Math.max(0, nowMs - startTimeMs) };
  }
  if (!('sampleAgeMs' in row)) return {};
  const olderMs = cluster.agedMs('node' in row ? row.node : row.name);
  const older = (ageMs: number | null) => (ageMs === null ? null : ageMs + olderMs);
  const { sampleAgeMs } = row;
  const scheduler = 'scheduler' in row ? row.scheduler : null;
  return {
    sampleAgeMs: older(sampleAgeMs),
    ...(scheduler && { scheduler: { ...scheduler, ageMs: older(scheduler.ageMs) } }),
  };
}
