import type { Hello } from '../protocol/hello.ts';
import { createKnownFacts, type KnownFacts } from '../protocol/known-facts.ts';
import { mergeSample } from '../protocol/merge-sample.ts';
import type { Failure } from '../report/causes.ts';
import { createFailure } from '../report/failures.ts';
import type { NodeReport, NodeState } from '../report/node-report.ts';
import type { NodeRow } from './node-row.ts';
import type { SchedulerAnswers } from './scheduler-answers.ts';
import { describeScheduler, markAllocations } from './scheduler-report.ts';

/** What the head says of one node. Pure. */

/** A sample is fresh for three intervals, and for 5 s at least. */
function freshForMs(intervalMs: number): number {
  return Math.max(3 * intervalMs, 5_000);
}

function silentMs(row: NodeRow, nowMs: number): number {
  return nowMs - Math.max(row.sampleAtMs ?? 0, row.connectedAtMs);
}

/** `nowMs`: the head's monotonic clock. */
export function stateOf(row: NodeRow, nowMs: number): NodeState {
  if (!row.enabled) return 'disabled';
  if (row.failure !== null) return row.failure.cause === 'monitor-silent' ? 'stale' : 'unreachable';
  if (!row.isConnected) return 'connecting';
  const isSilent = silentMs(row, nowMs) > freshForMs(row.intervalMs);
  if (isSilent) return 'stale';
  return row.sample === null ? 'connecting' : 'live';
}

function silentFailure(row: NodeRow, nowMs: number): Failure | null {
  return row.way && createFailure(row.way, { cause: 'monitor-silent', silentMs: silentMs(row, nowMs) });
}

/** The row without its last sample, which turned out to be none. */
export function withRubbish(row: NodeRow, detail: string): NodeRow {
  const failure = row.way && createFailure(row.way, { cause: 'protocol', detail });
  return { ...row, sample: null, failure: row.failure ?? failure };
}

/** Without a scheduler and marks, which are put in later. Throws where what the node said cannot be put together. */
export function reportOf(row: NodeRow, nowMs: number): NodeReport {
  const state = stateOf(row, nowMs);
  const read = row.sample?.();
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
    sample: read?.ok ? mergeSample(read.sample, row.facts) : null,
    events: row.facts.events,
    warnings: row.facts.warnings,
    gpuHolders: row.facts.gpuHolders,
    scheduler: null,
    marks: [],
  };
}

/** A report without the figures, which cannot be put together. */
export function faultyReport(row: NodeRow, nowMs: number, error: unknown): NodeReport {
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
export function withScheduler(
  report: NodeReport,
  row: NodeRow,
  answers: SchedulerAnswers,
  nowMs: number,
): NodeReport {
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
