import type { ProcessRow } from './process-scan/known-processes.ts';

/** Sum over a process and its descendants. */
export interface TreeSum {
  cpuPercent: number | null;
  residentBytes: number;
}

/**
 * Sums every process into its nearest ancestor (or itself) among `roots`, so that a GPU process
 * started by another one is counted once. O(processes): walked paths are remembered.
 */
export function sumTrees(
  rows: ReadonlyMap<number, ProcessRow>,
  roots: ReadonlySet<number>,
  pageBytes: number,
): Map<number, TreeSum> {
  const sums = new Map<number, TreeSum>();
  const owner = new Map<number, number | null>();
  for (const row of rows.values()) {
    const root = ownerOf(row.pid, rows, roots, owner);
    if (root === null) continue;
    const sum = sums.get(root) ?? { cpuPercent: null, residentBytes: 0 };
    if (row.cpuPercent !== null)
      sum.cpuPercent = Math.round(((sum.cpuPercent ?? 0) + row.cpuPercent) * 10) / 10;
    sum.residentBytes += row.stat.residentPages * pageBytes;
    sums.set(root, sum);
  }
  return sums;
}

function ownerOf(
  pid: number,
  rows: ReadonlyMap<number, ProcessRow>,
  roots: ReadonlySet<number>,
  owner: Map<number, number | null>,
): number | null {
  const path: number[] = [];
  let found: number | null = null;
  for (let at = pid; ; ) {
    const known = owner.get(at);
    if (known !== undefined) {
      found = known;
      break;
    }
    path.push(at);
    // A reused pid can make a circle between two reads: who comes by again finds nobody.
    owner.set(at, null);
    if (roots.has(at)) {
      found = at;
      break;
    }
    const parent = rows.get(at)?.stat.parentPid ?? 0;
    if (parent <= 0) break;
    at = parent;
  }
  for (const step of path) owner.set(step, found);
  return found;
}
