import pLimit from 'p-limit';
import type { Target } from '../nodes/target.ts';
import { NOT_ANSWERED_YET } from '../protocol/constants.ts';
import { applyFacts, createKnownFacts } from '../protocol/known-facts.ts';
import { mergeSample } from '../protocol/merge-sample.ts';
import { readSample } from '../protocol/read-sample.ts';
import type { Sample } from '../protocol/sample.ts';
import type { Stage } from '../report/causes.ts';
import { type CheckedNode, checkSteps, type FailedStep, GPU_STEP, stepOfStage } from '../report/check.ts';
import type { Way } from '../report/failure-detail.ts';
import { createFailure } from '../report/failures.ts';
import { createGpuFailure } from '../report/gpu-failure.ts';
import type { TransportName } from '../report/node-report.ts';
import type { MonitorBundle } from '../transport/bootstrap/monitor-bundle.ts';
import { type MonitorLink, openMonitor } from '../transport/bootstrap/monitor-link.ts';
import type { RuntimeStore } from '../transport/bootstrap/runtimes.ts';
import { toTransportError } from '../transport/ssh-step-error.ts';
import type { Transport } from '../transport/transport.ts';

export interface CheckOptions {
  transportFor(target: Target): Transport;
  wayFor(target: Target): Way;
  monitor: MonitorBundle;
  runtimes: RuntimeStore;
  /** Nodes at a time. */
  concurrency: number;
}

export interface CheckEvents {
  /** Called as each step is passed. */
  onStep(name: string, step: string, fact: string): void;
  /** Called where not the usual way carries the connection, or another one than before. */
  onTransport?(name: string, transport: TransportName, reason: string): void;
  onDone(checked: CheckedNode): void;
}

/** A GPU tool may need so long for its first answer. */
const GPU_LIMIT_MS = 35_000;

/** Walks from the name to the GPUs of every node. Resolves to what was found, in the order of the targets. */
export function checkNodes(
  targets: readonly Target[],
  options: CheckOptions,
  events: CheckEvents,
): Promise<CheckedNode[]> {
  const limit = pLimit(options.concurrency);
  const checks = targets.map((target) =>
    limit(async () => {
      const checked = await checkNode(target, options, events);
      events.onDone(checked);
      return checked;
    }),
  );
  return Promise.all(checks);
}

async function checkNode(target: Target, options: CheckOptions, events: CheckEvents): Promise<CheckedNode> {
  const checked: CheckedNode = {
    name: target.name,
    transport: null,
    transportReason: null,
    passed: [],
    failed: null,
    tookMs: 0,
  };
  if (!target.settings.enabled) return checked;
  const startedMs = performance.now();
  let stepStartedMs = startedMs;
  checked.transport = options.transportFor(target).name;
  const onStep = (step: string, fact: string) => {
    const nowMs = performance.now();
    const tookMs = Math.round(nowMs - stepStartedMs);
    stepStartedMs = nowMs;
    // A second way passes the same steps again.
    const before = checked.passed.find((passed) => passed.step === step);
    if (before === undefined) {
      checked.passed.push({ step, fact, tookMs });
      events.onStep(target.name, step, fact);
    } else {
      before.fact = fact;
      before.tookMs += tookMs;
    }
  };
  const onTransport = (name: TransportName, reason: string | null) => {
    checked.transport = name;
    checked.transportReason = reason;
    if (reason !== null) events.onTransport?.(target.name, name, reason);
  };
  checked.failed = await walk(target, options, onStep, onTransport);
  checked.tookMs = Math.round(performance.now() - startedMs);
  return checked;
}

/** Resolves to null, or to the first step that failed. */
async function walk(
  target: Target,
  options: CheckOptions,
  onStep: (step: string, fact: string) => void,
  onTransport: (name: TransportName, reason: string | null) => void,
): Promise<FailedStep | null> {
  let facts = createKnownFacts();
  const abort = new AbortController();
  const way = options.wayFor(target);
  let step = stepOfStage.name;
  let onSample: (sample: Sample) => void = () => undefined;
  let last: Sample | null = null;
  const firstAnswer = new Promise<Sample>((resolve) => {
    onSample = (sample) => {
      last = sample;
      if (isAnswer(sample)) resolve(sample);
    };
  });
  try {
    const link = await openMonitor({
      ...options,
      target,
      way,
      transport: options.transportFor(target),
      intervalMs: target.settings.watchedIntervalMs,
      // Not the head's own id, whose monitor a check must not end.
      headId: `check-${process.pid}`,
      signal: abort.signal,
      onTransport,
      onMessage(message) {
        if (message.type === 'hello') facts = createKnownFacts(message.gpus);
        if (message.type === 'facts') applyFacts(facts, message);
      },
      onSample(_brief, whole) {
        const read = readSample(whole);
        if (read.ok) onSample(read.sample);
      },
      onStage(stage: Stage, fact) {
        onStep(stepOfStage[stage], fact);
        step = checkSteps[checkSteps.indexOf(stepOfStage[stage]) + 1] ?? GPU_STEP;
      },
    });
    const sample = (await firstOf(link, firstAnswer)) ?? unanswered(last);
    const failure = sample === null ? await silence(link) : gpuFailure(link.way, sample);
    if (failure) return { step, failure };
    onStep(step, describeGpus(sample === null ? [] : (mergeSample(sample, facts).gpus ?? [])));
    link.send({ type: 'stop' });
    await link.ended;
    return null;
  } catch (error) {
    // One node's mistake must not end the check of all others.
    return { step, failure: toTransportError(way, error).failure };
  } finally {
    abort.abort();
  }
}

/** The first sample that knows of GPUs; null when the monitor ends or says nothing in time. */
function firstOf(link: MonitorLink, answer: Promise<Sample>): Promise<Sample | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), GPU_LIMIT_MS);
    const finish = (sample: Sample | null) => {
      clearTimeout(timer);
      resolve(sample);
    };
    answer.then(finish);
    link.ended.then(() => finish(null));
  });
}

async function silence(link: MonitorLink): Promise<FailedStep['failure']> {
  link.close();
  return (await link.ended) ?? createFailure(link.way, { cause: 'monitor-silent', silentMs: GPU_LIMIT_MS });
}

const gpuErrorOf = (sample: Sample) => sample.collectors.gpus.error ?? '';

/** GPUs, or an error that stays. A tool that is still at its first answer has said nothing. */
function isAnswer(sample: Sample): boolean {
  const error = gpuErrorOf(sample);
  return error === '' ? sample.gpus !== null : !error.includes(NOT_ANSWERED_YET);
}

/** The last sample of a monitor that has spoken, and whose tool has not. */
function unanswered(last: Sample | null): Sample | null {
  return last !== null && gpuErrorOf(last) !== '' ? last : null;
}

function gpuFailure(way: Way, sample: Sample): FailedStep['failure'] | null {
  const error = gpuErrorOf(sample);
  return error === '' ? null : createGpuFailure(way, error);
}

function describeGpus(gpus: readonly { name: string | null }[]): string {
  if (gpus.length === 0) return 'none';
  const counts = new Map<string, number>();
  for (const { name } of gpus) counts.set(name ?? 'unknown', (counts.get(name ?? 'unknown') ?? 0) + 1);
  return Array.from(counts, ([name, count]) => `${count} × ${name}`).join(', ');
}
