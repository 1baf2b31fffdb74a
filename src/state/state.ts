import { newestFigures, noteFigures, type RecentSource, recentFigures } from '../history/recent.ts';
import { createRecentRing, lastPointMs, type RecentRing } from '../history/recent-ring.ts';
import { guarded, sayFault } from '../lib/guarded.ts';
import type { Fault } from '../protocol/figures.ts';
import type { GpuFacts } from '../protocol/gpu-facts.ts';
import type { Hello } from '../protocol/hello.ts';
import { applyFacts, createKnownFacts, type KnownFacts } from '../protocol/known-facts.ts';
import { mergeSample } from '../protocol/merge-sample.ts';
import type { Message } from '../protocol/messages.ts';
import type { Sample } from '../protocol/sample.ts';
import type { Failure } from '../report/causes.ts';
import type { Way } from '../report/failure-detail.ts';
import { createFailure } from '../report/failures.ts';
import type { NodeReport, NodeState, TransportName } from '../report/node-report.ts';
import { briefSample, type SampleBrief } from '../report/sample-brief.ts';
import { sampleFigures } from '../report/sample-figures.ts';
import { isPointDue, type RecentFigures } from '../report/series.ts';
import { findMajorities, type Majorities } from './gpu-majorities.ts';
import { defaultThresholds, type MarkThresholds, markGpus } from './gpu-marks.ts';
import { createGpuSpells, type GpuSpells } from './gpu-spells.ts';
import { createKeptLine, type KeptLine } from './kept-line.ts';
import { noteFaults } from './sample-line.ts';
import { createSchedulerAnswers, type SchedulerAnswers } from './scheduler-answers.ts';
import { describeScheduler, markAllocations } from './scheduler-report.ts';

/** A sample is fresh for three intervals, and for 5 s at least. */
export function freshForMs(intervalMs: number): number {
  return Math.max(3 * intervalMs, 5_000);
}

const MAJORITIES_EVERY_MS = 10_000;
/** No machine has more GPUs; one that claims hundreds must not decide what is usual elsewhere. */
const MOST_VOTES = 16;

/** A node of the list. */
export interface ListedNode {
  name: string;
  tags?: readonly string[];
  /** False: left alone by a setting. */
  enabled?: boolean;
}

/** How a node is reached. */
export interface Connection {
  way: Way;
  transport: TransportName;
  transportReason?: string | null;
  logPath: string | null;
}

export interface State {
  /** The nodes of the list, in its order. Unknown ones are added, missing ones dropped. */
  setNodes(nodes: readonly ListedNode[]): void;
  /** A connection said hello: its figures may follow. */
  connected(name: string, connection: Connection): void;
  message(name: string, message: Message, faults: readonly Fault[]): void;
  /**
   * A sample as its line, which `parseMessage` has found good. It is kept so and read again once somebody asks: ten
   * thousand samples that nobody looks at cost a tenth of the memory, and the garbage collector nothing.
   */
  sampleLine(name: string, line: string, intervalMs: number | null, brief: SampleBrief): void;
  /** A sample from before now, for the charts alone. `atMs`: epoch ms; older ones first. */
  pastSample(name: string, sample: Sample, atMs: number): void;
  /** The last attempt or connection failed. Its story stays until the next sample. */
  failed(name: string, failure: Failure, logPath: string | null): void;
  /** Tells the subscribers which nodes became stale by the passing of time; call about once a second. */
  checkFreshness(): void;
  /** The names of the list, in its order. */
  names(): string[];
  report(name: string): NodeReport | undefined;
  reports(): NodeReport[];
  /** The last quarter of an hour, of it what came later than `sinceMs` (epoch ms; null for all). */
  recent(name: string, sinceMs: number | null): RecentFigures | undefined;
  /** The last sample's figures in the same shape: one point, or none before the first. */
  recentPoint(name: string): RecentFigures | undefined;
  /** The nodes whose monitors are to ask their schedulers; call about once a second. */
  chooseAskers(): ReadonlySet<string>;
  subscribe(listener: (names: ReadonlySet<string>) => void): () => void;
}

interface Row {
  name: string;
  tags: readonly string[];
  enabled: boolean;
  isConnected: boolean;
  connectedAtMs: number;
  failure: Failure | null;
  way: Way | null;
  transport: TransportName | null;
  transportReason: string | null;
  logPath: string | null;
  hello: Hello | null;
  facts: KnownFacts;
  line: KeptLine;
  /** Reads the last sample. */
  sample: (() => Sample) | null;
  intervalMs: number;
  sampleAtMs: number | null;
  /** The same by the clock on the wall. */
  sampleEpochMs: number | null;
  recent: RecentRing;
  /** The state that subscribers were told last. */
  toldState: NodeState;
  spells: GpuSpells;
}

/**
 * The latest of every node. Pure: time comes in as `monotonicMs`, and as `epochMs` for what charts show; nothing goes
 * out but callbacks.
 */
export function createState(
  monotonicMs: () => number,
  thresholds: MarkThresholds = defaultThresholds,
  epochMs: () => number = Date.now,
): State {
  let rows = new Map<string, Row>();
  const listeners = new Set<(names: ReadonlySet<string>) => void>();
  const answers = createSchedulerAnswers();
  let majorities: { found: Majorities; atMs: number } | null = null;

  function tell(names: ReadonlySet<string>): void {
    for (const listener of listeners) guarded('a listener of the state', () => listener(names), undefined);
  }

  /** What most GPUs have in common changes seldom, and is looked up seldom. */
  function majoritiesAt(nowMs: number): Majorities {
    if (majorities === null || nowMs - majorities.atMs > MAJORITIES_EVERY_MS)
      majorities = { found: findMajorities(allGpus(rows.values())), atMs: nowMs };
    return majorities.found;
  }

  /** A node of which no report can be made fails alone, and says so. */
  function reportAt(row: Row, nowMs: number): NodeReport {
    try {
      return markedReport(row, nowMs);
    } catch (error) {
      sayFault(`the report of node ${row.name}`, error);
      return faultyReport(row, nowMs, error);
    }
  }

  function markedReport(row: Row, nowMs: number): NodeReport {
    const report = withScheduler(reportOf(row, nowMs), row, answers, nowMs);
    const { sample, gpuHolders: holders } = report;
    if (sample === null || report.state !== 'live') return report;
    const { spells } = row;
    const marks = markGpus({ sample, holders, spells, majorities: majoritiesAt(nowMs), thresholds, nowMs });
    return { ...report, marks };
  }

  function change(name: string, action: (row: Row) => void): void {
    const row = rows.get(name);
    if (!row) return;
    action(row);
    row.toldState = stateOf(row, monotonicMs());
    tell(new Set([name]));
  }

  return {
    setNodes(nodes) {
      const before = rows;
      rows = new Map(nodes.map((node) => [node.name, listedRow(node, thresholds, before.get(node.name))]));
      tell(new Set([...before.keys(), ...rows.keys()]));
    },
    connected(name, connection) {
      change(name, (row) => {
        Object.assign(row, {
          isConnected: true,
          connectedAtMs: monotonicMs(),
          transportReason: null,
          ...connection,
        });
      });
    },
    message(name, message, faults) {
      change(name, (row) => {
        const at = { nowMs: monotonicMs(), epochMs: epochMs() };
        takeMessage(row, message, faults, at);
        if (message.type === 'facts' && message.schedulerAnswer !== undefined)
          answers.take(name, row.facts.slurm, message.schedulerAnswer, at.nowMs);
      });
    },
    sampleLine(name, line, intervalMs, brief) {
      change(name, (row) => {
        row.line.keep(line);
        takeSample(row, intervalMs, row.line.read, brief, { nowMs: monotonicMs(), epochMs: epochMs() });
      });
    },
    pastSample(name, sample, atMs) {
      const row = rows.get(name);
      if (row) noteFigures(recentSource(row, null), sampleFigures(sample), sample.intervalMs ?? 0, atMs);
    },
    failed(name, failure, logPath) {
      change(name, (row) => {
        row.isConnected = false;
        row.failure = failure;
        row.logPath = logPath ?? row.logPath;
      });
    },
    checkFreshness() {
      const nowMs = monotonicMs();
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
    recent(name, sinceMs) {
      const row = rows.get(name);
      return row && recentFigures(recentSource(row), sinceMs, epochMs());
    },
    recentPoint(name) {
      const row = rows.get(name);
      return row && newestFigures(recentSource(row), row.sampleEpochMs, epochMs());
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

/** A node that is switched off keeps nothing: what it said before would only grow old. */
function listedRow(
  { name, tags = [], enabled = true }: ListedNode,
  thresholds: MarkThresholds,
  known?: Row,
): Row {
  const row = known && enabled ? known : emptyRow(name, thresholds);
  return Object.assign(row, { tags, enabled });
}

function emptyRow(name: string, { lowPowerShare }: MarkThresholds): Row {
  return {
    name,
    tags: [],
    enabled: true,
    isConnected: false,
    connectedAtMs: 0,
    failure: null,
    way: null,
    transport: null,
    transportReason: null,
    logPath: null,
    hello: null,
    facts: createKnownFacts(),
    line: createKeptLine(),
    sample: null,
    intervalMs: 1_000,
    sampleAtMs: null,
    sampleEpochMs: null,
    recent: createRecentRing(),
    toldState: 'connecting',
    spells: createGpuSpells(lowPowerShare),
  };
}

/** One moment by both clocks. */
interface Moment {
  nowMs: number;
  epochMs: number;
}

function recentSource(row: Row, sample = row.sample?.() ?? null): RecentSource {
  return { name: row.name, ring: row.recent, facts: row.facts, sample };
}

function takeMessage(row: Row, message: Message, faults: readonly Fault[], at: Moment): void {
  switch (message.type) {
    case 'hello':
      row.hello = message;
      row.facts = createKnownFacts(message.gpus ?? row.facts.gpus);
      return;
    case 'facts':
      applyFacts(row.facts, message);
      return;
    case 'sample':
      noteFaults(message, faults);
      takeSample(row, message.intervalMs, () => message, briefFor(row, message, at), at);
      return;
    case 'bye':
      return;
  }
}

const briefFor = (row: Row, sample: Sample, at: Moment) =>
  briefSample(sample, isPointDue(lastPointMs(row.recent), at.epochMs));

function takeSample(
  row: Row,
  intervalMs: number | null,
  read: () => Sample,
  brief: SampleBrief,
  { nowMs, epochMs }: Moment,
): void {
  const limitOf = (index: number) =>
    row.facts.gpus?.find((gpu) => gpu.index === index)?.powerLimitWatts ?? null;
  row.spells.note(brief.gpus, limitOf, nowMs);
  row.sample = read;
  row.intervalMs = intervalMs ?? row.intervalMs;
  row.sampleAtMs = nowMs;
  row.sampleEpochMs = epochMs;
  if (brief.figures !== null) noteFigures(recentSource(row, null), brief.figures, row.intervalMs, epochMs);
  row.failure = null;
}

function* allGpus(rows: Iterable<Row>): Iterable<GpuFacts> {
  for (const row of rows) {
    if (!row.isConnected) continue;
    yield* (row.facts.gpus ?? []).filter(({ parentIndex }) => parentIndex === null).slice(0, MOST_VOTES);
  }
}

function silentMs(row: Row, nowMs: number): number {
  return nowMs - Math.max(row.sampleAtMs ?? 0, row.connectedAtMs);
}

function stateOf(row: Row, nowMs: number): NodeState {
  if (!row.enabled) return 'disabled';
  if (row.failure !== null) return row.failure.cause === 'monitor-silent' ? 'stale' : 'unreachable';
  if (!row.isConnected) return 'connecting';
  const isSilent = silentMs(row, nowMs) > freshForMs(row.intervalMs);
  if (isSilent) return 'stale';
  return row.sample === null ? 'connecting' : 'live';
}

function silentFailure(row: Row, nowMs: number): Failure | null {
  return row.way && createFailure(row.way, { cause: 'monitor-silent', silentMs: silentMs(row, nowMs) });
}

function reportOf(row: Row, nowMs: number): NodeReport {
  const state = stateOf(row, nowMs);
  const failure = row.failure ?? (state === 'stale' ? silentFailure(row, nowMs) : null);
  return {
    name: row.name,
    tags: [...row.tags],
    state,
    cause: failure?.cause ?? null,
    message: failure?.message ?? (row.enabled ? null : 'Switched off by enabled = false in rollcall.toml.'),
    hint: failure?.hint ?? null,
    lastLines: failure?.lastLines ?? [],
    transport: row.transport,
    transportReason: row.transportReason,
    logPath: row.logPath,
    sampleAgeMs: row.sampleAtMs === null ? null : Math.max(0, Math.round(nowMs - row.sampleAtMs)),
    hello: row.hello && reportedHello(row.hello, row.facts),
    sample: row.sample && mergeSample(row.sample(), row.facts),
    events: row.facts.events,
    warnings: row.facts.warnings,
    gpuHolders: row.facts.gpuHolders,
    scheduler: null,
    marks: [],
  };
}

/** A report without the figures, which cannot be put together. */
function faultyReport(row: Row, nowMs: number, error: unknown): NodeReport {
  const bare = reportOf({ ...row, hello: null, sample: null, facts: createKnownFacts() }, nowMs);
  const reason = error instanceof Error ? error.message : String(error);
  return {
    ...bare,
    state: 'unreachable',
    cause: 'protocol',
    message: `What ${row.name} says cannot be put together: ${reason}.`,
    hint: "This is a fault of the program, whatever the node says; the head's log has its place.",
  };
}

/** A node that is switched off belongs to no cluster that counts. */
function withScheduler(report: NodeReport, row: Row, answers: SchedulerAnswers, nowMs: number): NodeReport {
  const place = report.state === 'disabled' ? null : row.facts.slurm;
  const word = place === null ? null : answers.about(place, nowMs);
  const scheduler = place === null || word === null ? null : describeScheduler(place, word);
  markAllocations(report, place, word?.node ?? null, scheduler?.isDrained ?? false);
  return { ...report, scheduler };
}

function reportedHello(hello: Hello, facts: KnownFacts): NodeReport['hello'] {
  const { type: _type, nonce: _nonce, ...rest } = hello;
  return { ...rest, gpus: facts.gpus };
}
