import { once } from '../lib/once.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from '../report/rows.ts';
import type { HeldNodes } from './held-nodes.ts';
import { createJobTable } from './jobs.ts';
import { createUserTable } from './users.ts';

/** What each kind of row is made of. */
export interface ClusterRows {
  /** The cluster's, when they were made. */
  generation: number;
  nodes: readonly NodeReport[];
  gpus: readonly ClusterGpu[];
  jobs: readonly ClusterJob[];
  users: readonly ClusterUser[];
}

/** The rows of GPUs, jobs and users, made of what each node has of them. */
export function createRowTables(held: HeldNodes) {
  const versions = new WeakMap<object, number>();
  const mergeJobs = createJobTable();
  const mergeUsers = createUserTable();

  function versioned<Row extends object>(made: readonly Row[], version: number): readonly Row[] {
    for (const row of made) if (!versions.has(row)) versions.set(row, version);
    return made;
  }

  /** Each kind only when somebody wants it. */
  function makeRows(): ClusterRows {
    const { generation } = held;
    const all = held.all();
    const gpus = once(() => all.flatMap((node) => node.gpus()));
    const jobs = once(() => versioned(mergeJobs(all.flatMap((node) => node.jobShares())), generation));
    const users = once(() =>
      versioned(
        mergeUsers(
          all.flatMap((node) => node.userShares()),
          jobs(),
        ),
        generation,
      ),
    );
    return {
      generation,
      nodes: all.map(({ report }) => report),
      get gpus() {
        return gpus();
      },
      get jobs() {
        return jobs();
      },
      get users() {
        return users();
      },
    };
  }

  /** When the row changed last, as a generation; null for an object that is no row of this table. */
  function versionOf(row: object): number | null {
    const name = 'node' in row ? row.node : 'name' in row ? row.name : null;
    const node = typeof name === 'string' ? held.get(name) : undefined;
    if (node?.report === row || node?.gpus().some((gpu) => gpu === row)) return node.version;
    return versions.get(row) ?? null;
  }

  return { makeRows, versionOf };
}
