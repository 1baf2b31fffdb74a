import { createMemorySeries } from '../history/memory-series.ts';
import type { NodeSeries, SeriesSubject } from '../history/node-series.ts';
import type { Fault } from '../protocol/figures.ts';
import type { Hello } from '../protocol/hello.ts';
import { applyFacts, createKnownFacts, type KnownFacts } from '../protocol/known-facts.ts';
import type { Message } from '../protocol/messages.ts';
import type { Sample } from '../protocol/sample.ts';
import type { Failure } from '../report/causes.ts';
import type { Way } from '../report/failure-detail.ts';
import type { ListedNode } from '../report/fleet-event.ts';
import type { NodeState, TransportName } from '../report/node-report.ts';
import { briefSample, type SampleBrief } from '../report/sample-brief.ts';
import { isPointDue } from '../report/series.ts';
import type { MarkThresholds } from './gpu-marks.ts';
import { createGpuSpells, type GpuSpells } from './gpu-spells.ts';
import { createKeptLine, type KeptLine } from './kept-line.ts';
import { noteFaults } from './sample-line.ts';

/** The latest of one node, and how what is said of it is taken in. */

export interface NodeRow {
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
  recent: NodeSeries;
  /** The state that subscribers were told last. */
  toldState: NodeState;
  spells: GpuSpells;
}

/** A node that is switched off keeps nothing: what it said before would only grow old. */
export function listedRow(
  { name, tags = [], enabled = true }: ListedNode,
  thresholds: MarkThresholds,
  known?: NodeRow,
): NodeRow {
  const row = known && enabled ? known : emptyRow(name, thresholds);
  return Object.assign(row, { tags, enabled });
}

function emptyRow(name: string, { lowPowerShare }: MarkThresholds): NodeRow {
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
    recent: createMemorySeries(),
    toldState: 'connecting',
    spells: createGpuSpells(lowPowerShare),
  };
}

/** One moment by both clocks. */
export interface Moment {
  nowMs: number;
  epochMs: number;
}

/** What its series are told with; reads its last sample. */
export function subjectOf({ name, facts, sample }: NodeRow): SeriesSubject {
  return { name, facts, sample: sample?.() ?? null };
}

/** Takes in what the monitor said; figures that were refused show as errors of their collectors. */
export function takeMessage(row: NodeRow, message: Message, faults: readonly Fault[], at: Moment): void {
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

const briefFor = (row: NodeRow, sample: Sample, at: Moment) =>
  briefSample(sample, isPointDue(row.recent.lastPointMs(), at.epochMs));

/** Takes in a sample that `read` reads once somebody asks; null for an interval that is as before. */
export function takeSample(
  row: NodeRow,
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
  if (brief.figures !== null) row.recent.note(brief.figures, row.facts, row.intervalMs, epochMs);
  row.failure = null;
}
