import { guarded } from '../lib/guarded.ts';
import { once } from '../lib/once.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from '../report/rows.ts';
import type { RecentFigures } from '../report/series.ts';
import { gpuRowsOf } from './gpus.ts';
import { createJobTable, type JobShare, jobSharesOf } from './jobs.ts';
import { recentForStrangers, reportForStrangers } from './strangers.ts';
import { type NodeTally, tallyNode } from './tally.ts';
import { createUserTable, type UserShare, userSharesOf } from './users.ts';

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

export interface HeldNode {
  report: NodeReport;
  tally: NodeTally;
  /** When the report was made, by this process's monotonic clock. */
  atMs: number;
  /** The generation in which it was. */
  version: number;
  gpus(): readonly ClusterGpu[];
  jobShares(): readonly JobShare[];
  userShares(): readonly UserShare[];
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

export interface ClusterOptions {
  /** What strangers may not see is left out of all of it. */
  forStrangers?: boolean;
  monotonicMs?: () => number;
  epochMs?: () => number;
}

/**
 * Once a second, give or take: a sample that comes every second is shown as it comes, and not when a second is over
 * since somebody loaded a page; what is early by a tenth is in step with it after a few of them.
 */
const IN_SIGHT_MS = 900;
/** A report costs about 0.2 ms: all of a large cluster are made in turn, at a tenth of a core. */
const OUT_OF_SIGHT_MS_PER_NODE = 2;
const MOST_AT_ONCE = 100;
/** Words such as `held idle for 2 h` change with time alone. */
const LONGEST_KEPT_MS = 10_000;
/** After so long without a question nothing is kept for the next one. */
const FORGOTTEN_AFTER_MS = 60_000;

/** Reads the state when somebody asks. */
export function createCluster(inputs: ClusterInputs, options: ClusterOptions = {}): Cluster {
  const { forStrangers = false, monotonicMs = () => performance.now(), epochMs = Date.now } = options;
  const held = new Map<string, HeldNode>();
  const dirty = new Set<string>(inputs.names());
  const listeners = new Set<(names: ReadonlySet<string>) => void>();
  const versions = new WeakMap<object, number>();
  const mergeJobs = createJobTable();
  const mergeUsers = createUserTable();
  let order: string[] = [];
  let changes = 1;
  let membership = 1;
  let rows: { atMs: number; value: ClusterRows } | null = null;
  /** Somebody was given rows that are older than the reports. */
  let owesRows = false;
  let askedAtMs = monotonicMs();

  const unsubscribe = inputs.subscribe((names) => {
    for (const name of names) dirty.add(name);
    if (held.size > 0 && monotonicMs() - askedAtMs > FORGOTTEN_AFTER_MS) forget();
    for (const listener of listeners) guarded('a reader of the cluster', () => listener(names), undefined);
  });

  function forget(): void {
    for (const name of held.keys()) dirty.add(name);
    held.clear();
    order = [];
    rows = null;
    membership += 1;
  }

  const generation = () => changes + membership;

  function hold(report: NodeReport, nowMs: number): HeldNode {
    const atEpochMs = epochMs();
    return {
      report,
      tally: tallyNode(report),
      atMs: nowMs,
      version: generation() + 1,
      gpus: once(() => gpuRowsOf(report)),
      jobShares: once(() => jobSharesOf(report, atEpochMs)),
      userShares: once(() => userSharesOf(report)),
    };
  }

  /** Reads one node. */
  function take(name: string, nowMs: number): void {
    dirty.delete(name);
    const report = inputs.report(name);
    if (report) held.set(name, hold(forStrangers ? reportForStrangers(report) : report, nowMs));
    else held.delete(name);
  }

  /** The order of the list is another one only where a name is new or gone. */
  function takeOrder(): void {
    const names = inputs.names();
    if (names.length === order.length && names.every((name, at) => name === order[at])) return;
    order = names;
    membership += 1;
    const present = new Set(names);
    for (const name of held.keys()) if (!present.has(name)) held.delete(name);
  }

  const outOfSightMs = () => Math.max(IN_SIGHT_MS, order.length * OUT_OF_SIGHT_MS_PER_NODE);

  function refresh(nowMs: number, isInSight: (name: string) => boolean): string[] {
    askedAtMs = nowMs;
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
    if (taken.length > 0) changes += 1;
    takeOrder();
    return taken;
  }

  /** A stale node's story counts the seconds. */
  const isOverdue = ({ report, atMs }: HeldNode, nowMs: number) =>
    nowMs - atMs > (report.state === 'stale' ? IN_SIGHT_MS : LONGEST_KEPT_MS);

  function catchUp(only?: string): void {
    const nowMs = monotonicMs();
    askedAtMs = nowMs;
    const names = only === undefined ? inputs.names() : [only];
    let taken = 0;
    for (const name of names) {
      const known = held.get(name);
      if (known !== undefined && !dirty.has(name) && !isOverdue(known, nowMs)) continue;
      take(name, nowMs);
      taken += 1;
    }
    if (taken > 0) changes += 1;
    takeOrder();
  }

  const nodes = () => order.flatMap((name) => held.get(name) ?? []);

  function versioned<Row extends object>(made: readonly Row[], version: number): readonly Row[] {
    for (const row of made) if (!versions.has(row)) versions.set(row, version);
    return made;
  }

  /** Each kind only when somebody wants it. */
  function makeRows(): ClusterRows {
    const madeAt = generation();
    const all = nodes();
    const gpus = once(() => all.flatMap((node) => node.gpus()));
    const jobs = once(() => versioned(mergeJobs(all.flatMap((node) => node.jobShares())), madeAt));
    const users = once(() =>
      versioned(
        mergeUsers(
          all.flatMap((node) => node.userShares()),
          jobs(),
        ),
        madeAt,
      ),
    );
    return {
      generation: madeAt,
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

  function takeRows(nowMs: number): ClusterRows {
    if (rows?.value.generation !== generation()) rows = { atMs: nowMs, value: makeRows() };
    return rows.value;
  }

  return {
    get generation() {
      return generation();
    },
    get membership() {
      return membership;
    },
    get isBehind() {
      return dirty.size > 0 || owesRows;
    },
    names: inputs.names,
    catchUp,
    refresh,
    refreshAll(nowMs) {
      refresh(nowMs, () => true);
    },
    node: (name) => held.get(name),
    nodes,
    reports: () => nodes().map(({ report }) => report),
    rows(nowMs) {
      const isFresh = rows !== null && nowMs - rows.atMs < IN_SIGHT_MS;
      if (!isFresh || rows === null) return takeRows(nowMs);
      if (rows.value.generation !== generation()) owesRows = true;
      return rows.value;
    },
    currentRows: () => takeRows(monotonicMs()),
    versionOf(row) {
      if ('node' in row || 'name' in row) {
        const node = held.get(String('node' in row ? row.node : row.name));
        if (node?.report === row || node?.gpus().some((gpu) => gpu === row)) return node.version;
      }
      return versions.get(row) ?? null;
    },
    agedMs(name) {
      const node = held.get(name);
      return node === undefined ? 0 : Math.max(0, Math.round(monotonicMs() - node.atMs));
    },
    recent(name, sinceMs) {
      const recent = inputs.recent(name, sinceMs);
      return forStrangers && recent ? recentForStrangers(recent) : recent;
    },
    recentPoint(name) {
      const point = inputs.recentPoint(name);
      return forStrangers && point ? recentForStrangers(point) : point;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: unsubscribe,
  };
}
