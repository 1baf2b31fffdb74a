import type { RowKind } from '../../lib/compiled-templates.ts';
import { once } from '../../lib/once.ts';
import { type NodeTally, tallyNode } from '../../render/tally.ts';
import type { NodeReport } from '../../report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from '../../report/rows.ts';
import type { WebDependencies } from '../dependencies.ts';

/**
 * The cluster as all viewers see it: every node's report is made once for all of them, and what is made out of all
 * reports (GPUs, jobs, users) once for each generation of them.
 */
export interface Cluster {
  /** Counts up whenever a report was made anew or a node came or went. */
  readonly generation: number;
  /** Counts up whenever nodes came, went or changed places. */
  readonly membership: number;
  /** Nodes changed since their reports were made, or reports since the rows that somebody was given. */
  readonly isBehind: boolean;
  note(names: Iterable<string>): void;
  /**
   * Makes reports anew: of the nodes in sight at most once a second, of others less often where they are many.
   * The names of those that were.
   */
  refresh(nowMs: number, isInSight: (name: string) => boolean): string[];
  /** All of them, but for those that are fresh. */
  refreshAll(nowMs: number): void;
  node(name: string): HeldNode | undefined;
  /** In the order of the list. */
  nodes(): readonly HeldNode[];
  reports(): readonly NodeReport[];
  /** Of at most a second ago. */
  rows(nowMs: number): ClusterRows;
}

export interface HeldNode {
  report: NodeReport;
  tally: NodeTally;
  /** When the report was made, by this process's monotonic clock. */
  atMs: number;
}

/** What each kind of row is made of. */
export interface ClusterRows {
  /** The cluster's, when they were made. */
  generation: number;
  nodes: readonly NodeReport[];
  gpus: readonly ClusterGpu[];
  jobs: readonly ClusterJob[];
  users: readonly ClusterUser[];
}

export type RowOf<Kind extends RowKind> = ClusterRows[Kind][number];

/**
 * Once a second, give or take: a sample that comes every second is shown as it comes, and not when a second is over
 * since somebody loaded a page; what is early by a tenth is in step with it after a few of them.
 */
const IN_SIGHT_MS = 900;
/** A report costs about 0.2 ms: all of a large cluster are made in turn, at a tenth of a core. */
const OUT_OF_SIGHT_MS_PER_NODE = 2;
const MOST_AT_ONCE = 100;

type ClusterDependencies = Pick<WebDependencies, 'names' | 'node' | 'gpusOf' | 'jobsOf' | 'usersOf'>;

export function createCluster(dependencies: ClusterDependencies): Cluster {
  const held = new Map<string, HeldNode>();
  const dirty = new Set<string>();
  let order: string[] = [];
  let generation = 1;
  let membership = 1;
  let rows: { atMs: number; value: ClusterRows } | null = null;
  /** Somebody was given rows that are older than the reports. */
  let owesRows = false;

  /** Reads one node; false where it has gone. */
  function take(name: string, nowMs: number): boolean {
    dirty.delete(name);
    const report = dependencies.node(name);
    if (report) held.set(name, { report, tally: tallyNode(report), atMs: nowMs });
    else held.delete(name);
    return report !== undefined;
  }

  /** The order of the list is asked for only where a name is new or gone. */
  function takeOrder(): void {
    const names = dependencies.names();
    if (names.length === order.length && names.every((name, at) => name === order[at])) return;
    order = names;
    membership += 1;
    const present = new Set(names);
    for (const name of held.keys()) if (!present.has(name)) held.delete(name);
  }

  const outOfSightMs = () => Math.max(IN_SIGHT_MS, order.length * OUT_OF_SIGHT_MS_PER_NODE);

  function refresh(nowMs: number, isInSight: (name: string) => boolean): string[] {
    const taken: string[] = [];
    let others = 0;
    owesRows = false;
    for (const name of dirty) {
      const known = held.get(name);
      const inSight = known === undefined || isInSight(name);
      const isDue = known === undefined || nowMs - known.atMs >= (inSight ? IN_SIGHT_MS : outOfSightMs());
      if (!isDue || (!inSight && others >= MOST_AT_ONCE)) continue;
      if (!inSight) others += 1;
      take(name, nowMs);
      taken.push(name);
    }
    if (taken.length > 0) generation += 1;
    takeOrder();
    return taken;
  }

  const reports = () => order.flatMap((name) => held.get(name)?.report ?? []);

  /** Each kind only when somebody wants it. */
  function makeRows(madeAtGeneration: number): ClusterRows {
    const nodes = reports();
    const gpus = once(() => dependencies.gpusOf(nodes));
    const jobs = once(() => dependencies.jobsOf(nodes));
    const users = once(() => dependencies.usersOf(nodes, jobs()));
    return {
      generation: madeAtGeneration,
      nodes,
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

  return {
    get generation() {
      return generation + membership;
    },
    get membership() {
      return membership;
    },
    get isBehind() {
      return dirty.size > 0 || owesRows;
    },
    note(names) {
      for (const name of names) dirty.add(name);
    },
    refresh,
    refreshAll(nowMs) {
      refresh(nowMs, () => true);
    },
    node: (name) => held.get(name),
    nodes: () => order.flatMap((name) => held.get(name) ?? []),
    reports,
    rows(nowMs) {
      const now = generation + membership;
      if (rows === null || (rows.value.generation !== now && nowMs - rows.atMs >= IN_SIGHT_MS))
        rows = { atMs: nowMs, value: makeRows(now) };
      if (rows.value.generation !== now) owesRows = true;
      return rows.value;
    },
  };
}
