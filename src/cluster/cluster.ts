import { guarded } from '../lib/guarded.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { RecentFigures } from '../report/series.ts';
import { createHeldNodes, type HeldNode } from './held-nodes.ts';
import { type ClusterRows, createRowTables } from './row-tables.ts';
import { recentForStrangers, reportForStrangers } from './strangers.ts';

/** What the table is made of; the state gives it. */
export interface ClusterInputs {
  /** The names of the list, in its order. */
  names(): string[];
  report(name: string): NodeReport | undefined;
  /** A node's last quarter of an hour; of it what came later than `sinceMs` (epoch ms; null for all). */
  recent(name: string, sinceMs: number | null): RecentFigures | undefined;
  /** Its last sample in the same shape: one point, or none before the first. */
  recentPoint(name: string): RecentFigures | undefined;
  /** Calls back with the names of nodes that changed, came or went; returns the way to stop. */
  subscribe(listener: (names: ReadonlySet<string>) => void): () => void;
}

/**
 * The one table out. Every node's report is made once for all who read it, when it changed and somebody asks; GPUs, jobs
 * and users are kept up by those changes. What did not change stays the same object.
 */
export interface Cluster {
  /** Counts up whenever a report was made anew or a node came or went. */
  readonly generation: number;
  /** Counts up whenever nodes came, went or changed places. */
  readonly membership: number;
  /** Nodes changed since their reports were made, or reports since the rows that somebody was given. */
  readonly isBehind: boolean;
  /** The names of the list, in its order, for which no report is made. */
  names(): string[];
  /** Makes all that changed anew: what is read then is as of now. With a name, that node alone. */
  catchUp(name?: string): void;
  /**
   * Makes reports anew at a page's pace: of the nodes in sight at most once a second, of others less often where they
   * are many. The names of those that were.
   */
  refresh(nowMs: number, isInSight: (name: string) => boolean): string[];
  /** At that pace, all of them. */
  refreshAll(nowMs: number): void;
  node(name: string): HeldNode | undefined;
  /** In the order of the list. */
  nodes(): readonly HeldNode[];
  reports(): readonly NodeReport[];
  /** Of at most a second ago. */
  rows(nowMs: number): ClusterRows;
  /** Of the reports as they are. */
  currentRows(): ClusterRows;
  /** When the row changed last, as a generation; null for an object that is no row of this table. */
  versionOf(row: object): number | null;
  /** How many milliseconds older a node's figures are than its report says. */
  agedMs(name: string): number;
  recent: ClusterInputs['recent'];
  recentPoint: ClusterInputs['recentPoint'];
  /** Hears which nodes changed, came or went, once they are noted here; returns the way to stop. */
  subscribe: ClusterInputs['subscribe'];
  close(): void;
}

export interface ClusterOptions {
  /** What strangers may not see is left out of all of it. */
  forStrangers?: boolean;
  monotonicMs?: () => number;
  epochMs?: () => number;
}

/** Pages are given rows that are no older. */
const ROWS_MS = 900;

/** Reads the state when somebody asks. */
export function createCluster(inputs: ClusterInputs, options: ClusterOptions = {}): Cluster {
  const { forStrangers = false, monotonicMs = () => performance.now(), epochMs = Date.now } = options;
  const listeners = new Set<(names: ReadonlySet<string>) => void>();
  const held = createHeldNodes(inputs.names, reportOf, monotonicMs, epochMs);
  const { makeRows, versionOf } = createRowTables(held);
  let rows: { atMs: number; value: ClusterRows } | null = null;
  /** Somebody was given rows that are older than the reports. */
  let owesRows = false;

  const unsubscribe = inputs.subscribe((names) => {
    held.note(names);
    for (const listener of listeners) guarded('a reader of the cluster', () => listener(names), undefined);
  });

  function reportOf(name: string): NodeReport | undefined {
    const report = inputs.report(name);
    return report && forStrangers ? reportForStrangers(report) : report;
  }

  function shown(recent: RecentFigures | undefined): RecentFigures | undefined {
    return recent && forStrangers ? recentForStrangers(recent) : recent;
  }

  function rowsOfNow(nowMs: number): ClusterRows {
    if (rows?.value.generation !== held.generation) rows = { atMs: nowMs, value: makeRows() };
    return rows.value;
  }

  function refresh(nowMs: number, isInSight: (name: string) => boolean): string[] {
    owesRows = false;
    return held.refresh(nowMs, isInSight);
  }

  return {
    get generation() {
      return held.generation;
    },
    get membership() {
      return held.membership;
    },
    get isBehind() {
      return held.isBehind || owesRows;
    },
    names: inputs.names,
    catchUp: (only) => held.catchUp(only),
    refresh,
    refreshAll(nowMs) {
      refresh(nowMs, () => true);
    },
    node: held.get,
    nodes: held.all,
    reports: () => held.all().map(({ report }) => report),
    rows(nowMs) {
      if (rows === null || nowMs - rows.atMs >= ROWS_MS) return rowsOfNow(nowMs);
      if (rows.value.generation !== held.generation) owesRows = true;
      return rows.value;
    },
    currentRows: () => rowsOfNow(monotonicMs()),
    versionOf,
    agedMs(name) {
      const node = held.get(name);
      return node === undefined ? 0 : Math.max(0, Math.round(monotonicMs() - node.atMs));
    },
    recent: (name, sinceMs) => shown(inputs.recent(name, sinceMs)),
    recentPoint: (name) => shown(inputs.recentPoint(name)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: unsubscribe,
  };
}
