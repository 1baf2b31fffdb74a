import type { Failure } from '../../report/causes.ts';
import type { PastEvent } from '../../report/history.ts';
import type { NodeReport, NodeState } from '../../report/node-report.ts';
import { snapshotKey, snapshotOf } from './snapshot.ts';

/** What the watcher is told of each node, once a second. */
export interface NodeNow {
  name: string;
  state: NodeState;
  failure: Pick<Failure, 'cause' | 'message'> | null;
}

export interface KeptSnapshot {
  node: string;
  atMs: number;
  /** A `NodeReport`. */
  json: string;
}

/** Notes when nodes come, go and change. */
export interface PastWatcher {
  /** Once a second, of all nodes. Those of which nothing will come by itself that day: a report of them is wanted. */
  noteStates(nodes: Iterable<NodeNow>, atMs: number): string[];
  /** A report that was made for whatever reason. */
  look(report: NodeReport, atMs: number): void;
  /** The node is in no list any more. */
  forget(node: string): void;
  take(): Seen;
  /** It could not be written: the same again with the next. */
  giveBack(seen: Seen): void;
}

export interface Seen {
  snapshots: KeptSnapshot[];
  events: PastEvent[];
}

/** A head with a store that cannot be written keeps no more. */
const MOST_WAITING = 5_000;

interface Known {
  state: NodeState;
  cause: string | null;
  snapshotKey: string;
  snapshotMs: number;
  /** Of its own, the newest that was noted, by its clock. */
  eventMs: number;
  /** Texts of that very moment. */
  eventTexts: ReadonlySet<string>;
}

/** So that each day's file can be read alone. */
const isNextDay = (beforeMs: number, atMs: number) =>
  Math.floor(beforeMs / 86_400_000) !== Math.floor(atMs / 86_400_000);
/** Jobs that come and go by the second are kept by the minute. */
const SNAPSHOT_EVERY_MS = 55_000;
const MOST_EVENTS_OF_LOOK = 50;
const NAMES_OF_KINDS = { xid: 'Xid', kernel: '' } as const;

/** Nothing is known yet: the first state of a node is no event. */
export function createPastWatcher(): PastWatcher {
  const known = new Map<string, Known>();
  let snapshots: KeptSnapshot[] = [];
  let events: PastEvent[] = [];

  function knownOf(name: string): Known {
    const node = known.get(name) ?? {
      state: 'connecting',
      cause: null,
      snapshotKey: '',
      snapshotMs: 0,
      eventMs: -1,
      eventTexts: new Set(),
    };
    known.set(name, node);
    return node;
  }

  function noteState({ name, state, failure }: NodeNow, atMs: number): void {
    const cause = failure?.cause ?? null;
    const before = knownOf(name);
    // A node that is only tried again is where it was.
    if (state === 'connecting') return;
    if (before.state === 'connecting') Object.assign(before, { state, cause });
    if (before.state === state && before.cause === cause) return;
    const wasAway = before.state !== 'live';
    before.state = state;
    before.cause = cause;
    // After a start of the head each node comes once.
    if (state === 'live' && !wasAway) return;
    events.push(stateEvent(name, state, failure, atMs));
  }

  function noteEvents(report: NodeReport, node: Known): void {
    const isFirst = node.eventMs < 0;
    const fresh = report.events.filter(
      ({ atMs, text }) =>
        (atMs ?? 0) > node.eventMs || ((atMs ?? 0) === node.eventMs && !node.eventTexts.has(text)),
    );
    const newest = Math.max(node.eventMs, 0, ...report.events.map(({ atMs }) => atMs ?? 0));
    node.eventTexts = new Set(report.events.filter(({ atMs }) => atMs === newest).map(({ text }) => text));
    node.eventMs = newest;
    // What a monitor tells of before the head began was noted then, or nobody saw it.
    if (isFirst) return;
    for (const event of fresh.slice(-MOST_EVENTS_OF_LOOK)) {
      const gpu = report.sample?.gpus?.find(
        ({ pciAddress }) => pciAddress !== null && pciAddress === event.pciAddress,
      );
      const code = event.code === null ? '' : `${NAMES_OF_KINDS[event.kind]} ${event.code}: `;
      events.push({
        atMs: event.atMs ?? Date.now(),
        node: report.name,
        kind: event.kind,
        severity: event.severity,
        gpuIndex: gpu?.index ?? null,
        text: code + event.text,
      });
    }
  }

  return {
    noteStates(nodes, atMs) {
      const silent: string[] = [];
      for (const node of nodes) {
        noteState(node, atMs);
        const { state } = node;
        const isSilent = state !== 'live' && state !== 'connecting';
        if (isSilent && isNextDay(known.get(node.name)?.snapshotMs ?? 0, atMs)) silent.push(node.name);
      }
      return silent;
    },
    look(report, atMs) {
      const node = knownOf(report.name);
      noteEvents(report, node);
      if (atMs - node.snapshotMs < SNAPSHOT_EVERY_MS && atMs >= node.snapshotMs) return;
      const key = snapshotKey(report);
      if (key === node.snapshotKey && !isNextDay(node.snapshotMs, atMs)) return;
      node.snapshotKey = key;
      node.snapshotMs = atMs;
      snapshots.push({ node: report.name, atMs, json: JSON.stringify(snapshotOf(report)) });
    },
    forget(node) {
      known.delete(node);
    },
    take() {
      const taken = { snapshots, events };
      snapshots = [];
      events = [];
      return taken;
    },
    giveBack(seen) {
      snapshots = [...seen.snapshots, ...snapshots].slice(-MOST_WAITING);
      events = [...seen.events, ...events].slice(-MOST_WAITING);
    },
  };
}

const severities = {
  live: 'info',
  connecting: 'info',
  disabled: 'info',
  stale: 'warning',
  unreachable: 'error',
} as const;

function stateEvent(node: string, state: NodeState, failure: NodeNow['failure'], atMs: number): PastEvent {
  const text = state === 'live' ? 'back' : failure === null ? state : `${state}: ${failure.message}`;
  return { atMs, node, kind: 'state', severity: severities[state], gpuIndex: null, text };
}
