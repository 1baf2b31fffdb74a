import { createMemorySeries } from '../history/memory-series.ts';
import type { NodeSeries, SeriesSubject } from '../history/node-series.ts';
import type { Fault } from '../protocol/figures.ts';
import type { Hello } from '../protocol/hello.ts';
import { applyFacts, createKnownFacts, type KnownFacts } from '../protocol/known-facts.ts';
import type { Message } from '../protocol/messages.ts';
import { noteFaults, type ReadSample } from '../protocol/read-sample.ts';
import { briefSample, type SampleBrief } from '../protocol/sample-brief.ts';
import type { Failure } from '../report/causes.ts';
import type { Way } from '../report/failure-detail.ts';
import type { ListedNode } from '../report/fleet-event.ts';
import type { NodeState, TransportName } from '../report/node-report.ts';
import { isPointDue } from '../report/series.ts';
import type { MarkThresholds } from './gpu-marks.ts';
import { createGpuSpells, type GpuSpells } from './gpu-spells.ts';
import { createKeptSample, type KeptSample } from './kept-sample.ts';

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
  kept: KeptSample;
  /** Reads the last sample. */
  sample: (() => ReadSample) | null;
  /** Of the last sample. */
  brief: SampleBrief | null;
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

function emptyRow(name: string, thresholds: MarkThresholds): NodeRow {
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
    kept: createKeptSample(),
    sample: null,
    brief: null,
    intervalMs: 1_000,
    sampleAtMs: null,
    sampleEpochMs: null,
    recent: createMemorySeries(),
    toldState: 'connecting',
    spells: createGpuSpells(thresholds),
  };
}

/** One moment by both clocks. */
export interface Moment {
  nowMs: number;
  epochMs: number;
}

/** What its series are told with; reads its last sample, and does without one that is rubbish. */
export function subjectOf({ name, facts, sample, brief }: NodeRow): SeriesSubject {
  const read = sample?.();
  return { name, facts, brief, sample: read?.ok ? read.sample : null };
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
      takeSample(row, briefSample(message, row.facts), () => ({ ok: true, sample: message, faults }), at);
      return;
    case 'bye':
      return;
  }
}

/** Takes in a sample, the whole of which `read` reads once somebody asks. */
export function takeSample(
  row: NodeRow,
  brief: SampleBrief,
  read: () => ReadSample,
  { nowMs, epochMs }: Moment,
): void {
  const limitOf = (index: number) =>
    row.facts.gpus?.find((gpu) => gpu.index === index)?.powerLimitWatts ?? null;
  row.spells.note(brief.gpus, limitOf, nowMs);
  row.sample = read;
  row.brief = brief;
  row.intervalMs = brief.intervalMs ?? row.intervalMs;
  row.sampleAtMs = nowMs;
  row.sampleEpochMs = epochMs;
  if (isPointDue(row.recent.lastPointMs(), epochMs)) row.recent.note(brief, row.intervalMs, epochMs);
  row.failure = null;
}
