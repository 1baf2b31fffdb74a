import type { Cluster } from '../cluster/cluster.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from '../report/rows.ts';

export type AnyRow = NodeReport | ClusterGpu | ClusterJob | ClusterUser;

/** The text of a row between its ages, and these as they were when the row was made. */
interface KeptJson {
  pieces: readonly string[];
  agesMs: readonly number[];
}

/** Stands for an age until it is told. No age is negative, and no node can know the number. */
const MARK = -Math.floor(1e12 + Math.random() * 8e12);

/** Of which node the figures are; null for a row of several. */
function nodeOf(row: AnyRow): string | null {
  if ('node' in row) return row.node;
  return 'name' in row && 'transport' in row ? row.name : null;
}

/**
 * Rows with their ages as of now: those of figures, of a scheduler's answer, and of a job. A row that did not change is
 * the same object, and its text is kept with it.
 */
export function createRowJson(cluster: Cluster, epochMs: () => number = Date.now): (row: AnyRow) => string {
  const kept = new WeakMap<AnyRow, KeptJson>();

  function write(row: AnyRow): KeptJson {
    const agesMs: number[] = [];
    const marked: Record<string, unknown> = { ...row };
    for (const name of ['sampleAgeMs', 'ageMs']) {
      const ageMs = marked[name];
      if (typeof ageMs !== 'number') continue;
      marked[name] = MARK;
      agesMs.push(ageMs);
    }
    if ('scheduler' in row && typeof row.scheduler?.ageMs === 'number') {
      marked.scheduler = { ...row.scheduler, ageMs: MARK };
      agesMs.push(row.scheduler.ageMs);
    }
    const pieces = JSON.stringify(marked).split(`:${MARK}`);
    return pieces.length === agesMs.length + 1
      ? { pieces, agesMs }
      : { pieces: [JSON.stringify(row)], agesMs: [] };
  }

  return (row) => {
    const known = kept.get(row) ?? write(row);
    kept.set(row, known);
    const { pieces, agesMs } = known;
    const node = nodeOf(row);
    const olderMs = node === null ? 0 : cluster.agedMs(node);
    const startTimeMs = 'startTimeMs' in row ? row.startTimeMs : null;
    const nowMs = epochMs();
    return pieces.reduce((text, piece, at) => {
      const ageMs = startTimeMs === null ? (agesMs[at - 1] ?? 0) + olderMs : Math.max(0, nowMs - startTimeMs);
      return `${text}:${ageMs}${piece}`;
    });
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
