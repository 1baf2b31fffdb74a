import type { Target } from '../nodes/target.ts';
import type { Failure, Stage } from '../protocol/causes.ts';
import { createFailure, type Way } from '../protocol/failures.ts';
import type { Sample } from '../protocol/sample.ts';
import { createState } from '../state/state.ts';
import type { MonitorBundle } from '../transport/monitor-bundle.ts';
import { type MonitorLink, openMonitor } from '../transport/monitor-link.ts';
import type { RuntimeStore } from '../transport/runtimes.ts';
import { type Transport, TransportError } from '../transport/transport.ts';

/** One step that was passed, with a fact for a person. */
export interface PassedStep {
  step: string;
  fact: string;
}

/** The first step that was not. */
export interface FailedStep {
  step: string;
  failure: Pick<Failure, 'message' | 'hint' | 'lastLines'>;
}

export interface WalkOptions {
  transport: Transport;
  target: Target;
  way: Way;
  monitor: MonitorBundle;
  runtimes: RuntimeStore;
  onStep: (passed: PassedStep) => void;
}

const stepNames: Record<Stage, string> = {
  name: 'name',
  tcp: 'port',
  banner: 'ssh banner',
  keys: 'host key',
  login: 'login',
  shell: 'shell',
  runtime: 'runtime',
  hello: 'monitor',
};
const stepOrder: readonly string[] = [...Object.values(stepNames), 'GPUs'];

/** A GPU tool may need so long for its first answer. */
const GPU_LIMIT_MS = 35_000;

/** Walks from the name to the GPUs. Resolves to null, or to the first step that failed. */
export async function walkToNode(options: WalkOptions): Promise<FailedStep | null> {
  const state = createState(() => performance.now());
  state.setNodes([options.target]);
  const abort = new AbortController();
  let step = stepNames.name;
  let onSample: (sample: Sample) => void = () => undefined;
  const firstAnswer = new Promise<Sample>((resolve) => {
    onSample = (sample) => (sample.gpus !== null || sample.collectors.gpus.error) && resolve(sample);
  });
  try {
    const link = await openMonitor({
      ...options,
      intervalMs: options.target.settings.watchedIntervalMs,
      // Not the head's own id, whose monitor a check must not end.
      headId: `check-${process.pid}`,
      signal: abort.signal,
      onMessage(message, faults) {
        state.message(options.target.name, message, faults);
        if (message.type === 'sample') onSample(message);
      },
      onStage(stage, fact) {
        options.onStep({ step: stepNames[stage], fact });
        step = stepOrder[stepOrder.indexOf(stepNames[stage]) + 1] ?? 'GPUs';
      },
    });
    const sample = await firstOf(link, firstAnswer);
    const failure = sample === null ? await silence(link, options.way) : gpuFailure(sample);
    if (failure) return { step, failure };
    options.onStep({ step, fact: describeGpus(state.report(options.target.name)?.sample?.gpus ?? []) });
    link.send({ type: 'stop' });
    await link.ended;
    return null;
  } catch (error) {
    if (error instanceof TransportError) return { step, failure: error.failure };
    throw error;
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

async function silence(link: MonitorLink, way: Way): Promise<Failure> {
  link.close();
  return (await link.ended) ?? createFailure(way, { cause: 'monitor-silent', silentMs: GPU_LIMIT_MS });
}

function gpuFailure(sample: Sample): FailedStep['failure'] | null {
  const error = sample.collectors.gpus.error;
  if (!error) return null;
  return {
    message: `The GPUs cannot be read: ${error}.`,
    hint: 'Run nvidia-smi on the node by hand; a driver that was updated needs a reboot or its module loaded anew.',
    lastLines: [],
  };
}

function describeGpus(gpus: readonly { name: string | null }[]): string {
  if (gpus.length === 0) return 'none';
  const counts = new Map<string, number>();
  for (const { name } of gpus) counts.set(name ?? 'unknown', (counts.get(name ?? 'unknown') ?? 0) + 1);
  return Array.from(counts, ([name, count]) => `${count} × ${name}`).join(', ');
}
