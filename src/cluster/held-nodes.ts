import { once } from '../lib/once.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu } from '../report/rows.ts';
import { gpuRowsOf } from './gpus.ts';
import { type JobShare, jobSharesOf } from './jobs.ts';
import { type NodeTally, tallyNode } from './tally.ts';
import { type UserShare, userSharesOf } from './users.ts';

export interface HeldNode {
  report: NodeReport;
  /** When the report was made, by this process's monotonic clock. */
  atMs: number;
  /** The generation in which it was. */
  version: number;
  tally(): NodeTally;
  gpus(): readonly ClusterGpu[];
  jobShares(): readonly JobShare[];
  userShares(): readonly UserShare[];
}

/** The reports that were made, each kept until its node changes and somebody asks. */
export interface HeldNodes {
  /** Counts up whenever a report was made anew or a node came or went. */
  readonly generation: number;
  /** Counts up whenever nodes came, went or changed places. */
  readonly membership: number;
  /** Nodes changed since their reports were made. */
  readonly isBehind: boolean;
  get(name: string): HeldNode | undefined;
  /** In the order of the list. */
  all(): HeldNode[];
  /** These changed, came or went. True where all was forgotten, because nobody has asked for so long. */
  note(names: Iterable<string>): boolean;
  /** As `Cluster` has it. */
  catchUp(only: string | undefined): void;
  refresh(nowMs: number, isInSight: (name: string) => boolean): string[];
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
/** After so long without a question about all nodes nothing is kept for the next one. */
const FORGOTTEN_AFTER_MS = 60_000;

const isDueInSight = ({ atMs }: HeldNode, nowMs: number) => nowMs - atMs >= IN_SIGHT_MS;

/** A stale node's story counts the seconds. */
const isOverdue = ({ report, atMs }: HeldNode, nowMs: number) =>
  nowMs - atMs > (report.state === 'stale' ? IN_SIGHT_MS : LONGEST_KEPT_MS);

function hold(report: NodeReport, atMs: number, atEpochMs: number, version: number): HeldNode {
  return {
    report,
    atMs,
    version,
    tally: once(() => tallyNode(report)),
    gpus: once(() => gpuRowsOf(report)),
    jobShares: once(() => jobSharesOf(report, atEpochMs)),
    userShares: once(() => userSharesOf(report)),
  };
}

/** `namesOf`: the list's names in its order; `reportOf` makes a report, undefined for one that is not in the list. */
export function createHeldNodes(
  namesOf: () => string[],
  reportOf: (name: string) => NodeReport | undefined,
  monotonicMs: () => number,
  epochMs: () => number,
): HeldNodes {
  const held = new Map<string, HeldNode>();
  const dirty = new Set<string>(namesOf());
  let order: string[] = [];
  let changes = 1;
  let membership = 1;
  let askedAtMs = monotonicMs();

  const generation = () => changes + membership;

  function forget(): void {
    for (const name of held.keys()) dirty.add(name);
    held.clear();
    order = [];
    membership += 1;
  }

  /** False where it neither is nor was there. */
  function take(name: string, nowMs: number): boolean {
    dirty.delete(name);
    const report = reportOf(name);
    if (!report) return held.delete(name);
    held.set(name, hold(report, nowMs, epochMs(), generation() + 1));
    return true;
  }

  /** The order of the list is another one only where a name is new or gone. */
  function takeOrder(): void {
    const names = namesOf();
    if (names.length === order.length && names.every((name, at) => name === order[at])) return;
    order = names;
    membership += 1;
    const present = new Set(names);
    for (const name of held.keys()) if (!present.has(name)) held.delete(name);
    for (const name of dirty) if (!present.has(name)) dirty.delete(name);
  }

  /** Takes all of these in; what was known of them is another generation now. */
  function takeAll(names: readonly string[], nowMs: number): void {
    const areThere = names.map((name) => take(name, nowMs));
    if (areThere.includes(true)) changes += 1;
    takeOrder();
  }

  /** The changed nodes whose turn it is. */
  function dueNames(nowMs: number, isInSight: (name: string) => boolean): string[] {
    const outOfSightMs = Math.max(IN_SIGHT_MS, order.length * OUT_OF_SIGHT_MS_PER_NODE);
    let others = 0;
    return [...dirty].filter((name) => {
      const known = held.get(name);
      if (known === undefined) return true;
      if (isInSight(name)) return isDueInSight(known, nowMs);
      const isDue = nowMs - known.atMs >= outOfSightMs && others < MOST_AT_ONCE;
      if (isDue) others += 1;
      return isDue;
    });
  }

  return {
    get generation() {
      return generation();
    },
    get membership() {
      return membership;
    },
    get isBehind() {
      return dirty.size > 0;
    },
    get: (name) => held.get(name),
    all: () => order.flatMap((name) => held.get(name) ?? []),
    note(names) {
      for (const name of names) dirty.add(name);
      const isForgotten = held.size > 0 && monotonicMs() - askedAtMs > FORGOTTEN_AFTER_MS;
      if (isForgotten) forget();
      return isForgotten;
    },
    catchUp(only) {
      const nowMs = monotonicMs();
      // Who follows one node keeps nothing of the others.
      if (only === undefined) askedAtMs = nowMs;
      const names = only === undefined ? namesOf() : [only];
      const due = names.filter((name) => {
        const known = held.get(name);
        return known === undefined || dirty.has(name) || isOverdue(known, nowMs);
      });
      takeAll(due, nowMs);
    },
    refresh(nowMs, isInSight) {
      askedAtMs = nowMs;
      const due = dueNames(nowMs, isInSight);
      takeAll(due, nowMs);
      return due;
    },
  };
}
