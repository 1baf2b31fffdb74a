import { newestFigures } from '../history/memory-series.ts';
import { guarded } from '../lib/guarded.ts';
import { briefSample, type SampleBrief } from '../protocol/sample-brief.ts';
import type { Failure } from '../report/causes.ts';
import type { FleetEvent, ListedNode } from '../report/fleet-event.ts';
import type { NodeReport, NodeState } from '../report/node-report.ts';
import type { RecentFigures } from '../report/series.ts';
import { defaultThresholds, type MarkThresholds } from './gpu-marks.ts';
import { stateOf } from './node-reports.ts';
import { listedRow, type NodeRow, subjectOf, takeMessage, takeSample } from './node-row.ts';
import { createReporter } from './reporter.ts';
import { createSchedulerAnswers } from './scheduler-answers.ts';

/** A look at freshness that comes so late: a laptop's lid, SIGSTOP, a frozen machine. */
const SLEPT_MS = 6_000;

export interface State {
  /** The only door in. What is said of a node that is in no list, or switched off, is left out. */
  take(event: FleetEvent): void;
  /**
   * Tells the subscribers which nodes became stale by the passing of time; call about once a second. A call that comes
   * late tells that the head itself slept, and looks at nothing: what nodes said meanwhile has yet to be read.
   */
  checkFreshness(): void;
  /** The names of the list, in its order. */
  names(): string[];
  report(name: string): NodeReport | undefined;
  reports(): NodeReport[];
  /** How each node is, without a report of it. */
  states(): Iterable<{ name: string; state: NodeState; failure: Failure | null }>;
  /** The last quarter of an hour, of it what came later than `sinceMs` (epoch ms; null for all). */
  recent(name: string, sinceMs: number | null): RecentFigures | undefined;
  /** The last sample's figures in the same shape: one point, or none before the first. */
  recentPoint(name: string): RecentFigures | undefined;
  /** The nodes whose monitors are to ask their schedulers; call about once a second. */
  chooseAskers(): ReadonlySet<string>;
  subscribe(listener: (names: ReadonlySet<string>) => void): () => void;
}

/**
 * The latest of every node. Pure: time comes in as `monotonicMs`, and as `epochMs` for what charts show; nothing goes
 * out but callbacks. `onRubbish` hears of nodes whose last sample turned out to be none when somebody asked for it,
 * `onBrief` of what is brief of every sample (epoch ms), and whether it is from before now.
 */
export function createState(
  monotonicMs: () => number,
  thresholds: MarkThresholds = defaultThresholds,
  epochMs: () => number = Date.now,
  onRubbish: (name: string) => void = () => undefined,
  onBrief: (name: string, brief: SampleBrief, atMs: number, isPast: boolean) => void = () => undefined,
): State {
  let rows = new Map<string, NodeRow>();
  const listeners = new Set<(names: ReadonlySet<string>) => void>();
  const answers = createSchedulerAnswers();
  let checkedMs = monotonicMs();
  const reportAt = createReporter(() => rows.values(), answers, thresholds, onRubbish);

  function tell(names: ReadonlySet<string>): void {
    for (const listener of listeners) guarded('a listener of the state', () => listener(names), undefined);
  }

  function change(name: string, action: (row: NodeRow) => void): void {
    const row = rows.get(name);
    // A monitor that is let go says something still before it ends.
    if (!row?.enabled) return;
    action(row);
    row.toldState = stateOf(row, monotonicMs());
    tell(new Set([name]));
  }

  function take(event: FleetEvent): void {
    const at = { nowMs: monotonicMs(), epochMs: epochMs() };
    switch (event.kind) {
      case 'listed':
        return list(event.nodes);
      case 'connected':
        return change(event.name, (row) => {
          Object.assign(row, {
            isConnected: true,
            connectedAtMs: at.nowMs,
            transportReason: null,
            ...event.connection,
          });
        });
      case 'message':
        return change(event.name, (row) => {
          const { name, message } = event;
          takeMessage(row, message, event.faults, at);
          if (message.type === 'sample' && row.brief !== null) onBrief(name, row.brief, at.epochMs, false);
          const answer = message.type === 'facts' ? message.schedulerAnswer : undefined;
          if (answer !== undefined && answers.take(name, row.facts.slurm, answer, at.nowMs))
            tellCluster(answer.cluster);
        });
      case 'sample':
        return change(event.name, (row) => {
          row.kept.keep(event.whole);
          takeSample(row, event.brief, row.kept.read, at);
          onBrief(event.name, event.brief, at.epochMs, false);
        });
      case 'past-sample': {
        const row = rows.get(event.name);
        const { sample, atMs } = event;
        if (row === undefined) return;
        const brief = briefSample(sample, row.facts);
        row.recent.note(brief, sample.intervalMs ?? 0, atMs);
        onBrief(event.name, brief, atMs, true);
        return;
      }
      case 'failed':
        return change(event.name, (row) => {
          row.isConnected = false;
          row.failure = event.failure;
          row.logPath = event.logPath ?? row.logPath;
        });
    }
  }

  function list(nodes: readonly ListedNode[]): void {
    const before = rows;
    rows = new Map(nodes.map((node) => [node.name, listedRow(node, thresholds, before.get(node.name))]));
    tell(new Set([...before.keys(), ...rows.keys()]));
  }

  /** Whatever the asker was told is about all nodes of its cluster. */
  function tellCluster(cluster: string): void {
    const members = [...rows.values()].filter(({ facts }) => facts.slurm?.cluster === cluster);
    tell(new Set(members.map(({ name }) => name)));
  }

  return {
    take,
    checkFreshness() {
      const nowMs = monotonicMs();
      const slept = nowMs - checkedMs > SLEPT_MS;
      checkedMs = nowMs;
      if (slept) return;
      const changed = new Set<string>();
      for (const row of rows.values()) {
        const state = stateOf(row, nowMs);
        if (state !== row.toldState) changed.add(row.name);
        row.toldState = state;
      }
      if (changed.size > 0) tell(changed);
    },
    names: () => [...rows.keys()],
    report(name) {
      const row = rows.get(name);
      return row && reportAt(row, monotonicMs());
    },
    reports() {
      const nowMs = monotonicMs();
      return Array.from(rows.values(), (row) => reportAt(row, nowMs));
    },
    *states() {
      const nowMs = monotonicMs();
      for (const row of rows.values())
        yield { name: row.name, state: stateOf(row, nowMs), failure: row.failure };
    },
    recent(name, sinceMs) {
      const row = rows.get(name);
      return row?.recent.figures(subjectOf(row), sinceMs, epochMs());
    },
    recentPoint(name) {
      const row = rows.get(name);
      return row && newestFigures(subjectOf(row), row.sampleEpochMs, epochMs());
    },
    chooseAskers() {
      const nowMs = monotonicMs();
      const candidates = Array.from(rows.values(), (row) => ({
        name: row.name,
        isLive: stateOf(row, nowMs) === 'live',
        place: row.facts.slurm,
      }));
      return answers.choose(candidates, nowMs);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
