import type { Cluster } from '../cluster/cluster.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from '../report/rows.ts';

export type AnyRow = NodeReport | ClusterGpu | ClusterJob | ClusterUser;

/** The text of a row between its ages, and these as they were when the row was made. */
interface KeptJson {
  pieces: readonly string[];
  agesMs: readonly number[];
}

/** Of which node the figures are; null for a row of several. */
function nodeOf(row: AnyRow): string | null {
  if ('node' in row) return row.node;
  return 'name' in row && 'transport' in row ? row.name : null;
}

/**
 * Cuts the text behind the name of a property, at its number. Quotes within texts are escaped, so that a name in quotes is
 * a property's; none before it, at any depth, has the same one.
 */
function cutAt(text: string, property: string, from = 0): [before: string, after: string] | null {
  const name = `"${property}":`;
  const at = text.indexOf(name, from);
  if (at < 0) return null;
  const start = at + name.length;
  let end = start;
  while (end < text.length && text[end] !== ',' && text[end] !== '}') end += 1;
  return [text.slice(0, start), text.slice(end)];
}

function write(row: AnyRow): KeptJson {
  const pieces = [JSON.stringify(row)];
  const agesMs: number[] = [];
  function cut(ageMs: number | null | undefined, property: string, behind = ''): void {
    if (ageMs == null) return;
    const rest = pieces.at(-1) ?? '';
    const found = cutAt(rest, property, behind === '' ? 0 : rest.lastIndexOf(behind));
    if (found === null) return;
    pieces.splice(-1, 1, ...found);
    agesMs.push(ageMs);
  }
  if ('sampleAgeMs' in row) cut(row.sampleAgeMs, 'sampleAgeMs');
  else if ('ageMs' in row) cut(row.ageMs, 'ageMs');
  if ('scheduler' in row) cut(row.scheduler?.ageMs, 'ageMs', '"scheduler":{');
  return { pieces, agesMs };
}

/**
 * Rows with their ages as of now: those of figures, of a scheduler's answer, and of a job. A row that did not change is
 * the same object, and its text is kept with it.
 */
export function createRowJson(cluster: Cluster, epochMs: () => number = Date.now): (row: AnyRow) => string {
  const kept = new WeakMap<AnyRow, KeptJson>();

  return (row) => {
    let known = kept.get(row);
    if (known === undefined) {
      known = write(row);
      kept.set(row, known);
    }
    const { pieces, agesMs } = known;
    if (pieces.length === 1) return pieces[0] ?? '';
    const node = nodeOf(row);
    const startTimeMs = 'startTimeMs' in row ? row.startTimeMs : null;
    if (startTimeMs !== null) return pieces.join(String(Math.max(0, epochMs() - startTimeMs)));
    const olderMs = node === null ? 0 : cluster.agedMs(node);
    return pieces.reduce((text, piece, at) => `${text}${(agesMs[at - 1] ?? 0) + olderMs}${piece}`);
  };
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
