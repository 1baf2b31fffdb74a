import { type BoundedLog, openBoundedLog } from '../lib/bounded-log.ts';
import { nodeFileName } from '../lib/node-file-name.ts';
import { MONITOR_TITLE } from '../protocol/constants.ts';
import type { GpuFacts } from '../protocol/gpu-facts.ts';
import type { Facts } from '../protocol/hello.ts';
import { applyFacts, createKnownFacts } from '../protocol/known-facts.ts';
import { mergeSample } from '../protocol/merge-sample.ts';
import type { Sample } from '../protocol/sample.ts';
import { describeNode } from './describe-node.ts';
import { endForgottenMonitors } from './forgotten-monitors.ts';
import { createGpuCollector } from './gpus/gpu-collector.ts';
import { createNvidiaProvider } from './gpus/nvidia/nvidia.ts';
import { createGpuProviders } from './gpus/providers.ts';
import { createHeadLink } from './head-link.ts';
import { createJobNames } from './jobs/job-names.ts';
import { createLeash } from './leash.ts';
import { watchNode } from './node-watch.ts';
import { createSampleClock } from './sample-clock.ts';
import { createSampler } from './sampler.ts';
import { createSchedulerWatch } from './scheduler/scheduler-watch.ts';
import { openStatusFile } from './status-file.ts';
import { createSystem, type System } from './system.ts';

/** `… BUILD NONCE INTERVAL_MS rollcall-monitor NODE HEADID`: what the head starts a monitor with. */
interface Arguments {
  build: string;
  nonce: string;
  intervalMs: number;
  node: string;
  headId: string;
}

function readArguments(argv: readonly string[]): Arguments {
  const [build, nonce, intervalMs, title, node, headId] = argv.slice(-6);
  if (title !== MONITOR_TITLE || !build || !nonce || !node || !headId) throw new Error('bad arguments');
  return { build, nonce, intervalMs: Number(intervalMs), node, headId };
}

/** Rates need two readings: the first sample follows so soon after the start. */
const FIRST_SAMPLE_MS = 250;
/** Where NVML is, it comes with the GPUs: not before, and not after so long. */
const FIRST_WITH_GPUS_MS = { least: 100, most: 1_000 };
/**
 * The first samples come in quick steps, whatever the interval: file systems answer only to the second,
 * and a GPU tool takes a second or ten to speak.
 */
const QUICK_EVERY_MS = 1_000;
const QUICK_SAMPLES = 2;
const GPUS_AWAITED_MS = 15_000;
/** V8 by itself lets the heap grow for minutes before it looks through all of it, which takes 6 ms. */
const COLLECT_EVERY_SAMPLES = 30;
const FOLDER = '/tmp';
const noGpus: readonly GpuFacts[] = [];
/** Replacing a file makes ext4 write it out: 1.4 ms measured, a quarter of what a sample may cost. */
const STATUS_EVERY_MS = 1_900;

function runMonitor(own: Arguments): void {
  // A hung file system keeps its thread for ever; libuv reads this at the first use of its pool.
  process.env.UV_THREADPOOL_SIZE = '16';
  process.title = `${MONITOR_TITLE} ${own.node} ${own.headId}`;
  const system = createSystem();
  const base = `${FOLDER}/monitor-${nodeFileName(own.node)}`;
  const paths = (ending: string) => [`${base}.${ending}`, `${base}.${system.uid}.${ending}`];
  const log = openBoundedLog(
    {
      files: system.files,
      paths: paths('log'),
      uid: system.uid,
      tag: `monitor ${own.headId}`,
      now: () => new Date(system.now()),
    },
    `started: pid ${process.pid}, node.js ${process.version}, build ${own.build}`,
  );
  const status = openStatusFile(system, paths('json'), '{}\n');
  const leash = createLeash(system);
  let intervalMs = own.intervalMs;
  let watched = false;
  let gpusAwaitedUntilMs = system.monotonicMs() + GPUS_AWAITED_MS;
  let firstSampleDueMs = Number.POSITIVE_INFINITY;
  const nvidia = createNvidiaProvider(
    system,
    leash,
    (note) => log.write(note),
    // Who starts is awaited; later the samples keep their pace.
    () =>
      gpusAwaitedUntilMs === 0 ? clock.onGpusRead() : clock.start(firstSampleDueMs - system.monotonicMs()),
  );
  const gpus = createGpuCollector(createGpuProviders(system, leash, nvidia), intervalMs);
  const watch = watchNode(system, leash);
  const scheduler = createSchedulerWatch(system, leash);
  const sampler = createSampler(system, gpus, createJobNames(system, leash), watch);
  const known = createKnownFacts();
  let statusWrittenMs = Number.NEGATIVE_INFINITY;
  let statusProblem = status.problem;
  let sequence = 0;
  const clock = createSampleClock(system.monotonicMs, tellSample, paceMs);

  /** `process.exit` waits for stuck threads; SIGKILL does not. */
  function dieNow(): void {
    leash.release();
    process.kill(process.pid, 'SIGKILL');
  }

  function leave(reason: string): void {
    clock.stop();
    gpus.stop();
    watch.stop();
    log.write(`leaving: ${reason}`);
    link.sendLast({ type: 'bye', reason }, dieNow);
  }

  const link = createHeadLink(process, system.monotonicMs, {
    onInterval(ms, isWatched) {
      if (ms !== intervalMs || isWatched !== watched) gpus.setInterval(ms, isWatched);
      watched = isWatched;
      scheduler.setWatched(isWatched);
      if (ms === intervalMs) return;
      intervalMs = ms;
      clock.restart();
    },
    onScheduler: scheduler.setAsking,
    onNvmlKit: (kit, reason) => nvidia.offer(kit === null ? { kit, reason } : { kit }),
    onLeave: leave,
  });

  function tellSample(): void {
    if (!link.isHeadFollowing(sequence, intervalMs)) return;
    const { facts, sample } = sampler.sample(sequence + 1, intervalMs, watched);
    if (sample.gpus !== null || sample.collectors.gpus.error) gpusAwaitedUntilMs = 0;
    sequence++;
    if (facts) tell(facts);
    for (const news of schedulerNews()) tell(news);
    link.sendSample(sample, known);
    writeStatus(sample);
    if (sequence % COLLECT_EVERY_SAMPLES === 0) globalThis.gc?.();
  }

  function tell(facts: Facts): void {
    link.send(facts);
    applyFacts(known, facts);
  }

  /** What goes wrong beside the samples must not take them along. */
  function schedulerNews(): Facts[] {
    try {
      return scheduler.news(known.gpus ?? noGpus);
    } catch (error) {
      log.write(`scheduler: ${error instanceof Error ? error.message : error}`);
      return [];
    }
  }

  function paceMs(): number {
    const isStarting = sequence < QUICK_SAMPLES || system.monotonicMs() < gpusAwaitedUntilMs;
    return isStarting ? Math.min(intervalMs, QUICK_EVERY_MS) : intervalMs;
  }

  function writeStatus(sample: Sample): void {
    const nowMs = system.monotonicMs();
    if (nowMs - statusWrittenMs < STATUS_EVERY_MS) return;
    statusWrittenMs = nowMs;
    if (helloWritten.gpus !== known.gpus) helloWritten = writeHello();
    const merged = JSON.stringify(mergeSample(sample, known));
    status.write(`{"name":${JSON.stringify(own.node)},"hello":${helloWritten.text},"sample":${merged}}\n`);
    if (status.problem !== statusProblem) log.write(`status file: ${status.problem ?? 'written again'}`);
    statusProblem = status.problem;
  }

  /** What changes seldom is written as JSON as seldom. */
  const writeHello = () => ({ gpus: known.gpus, text: JSON.stringify({ ...hello, gpus: known.gpus }) });

  const greeting = describeNode(system, {
    build: own.build,
    nonce: own.nonce,
    logPath: log.path,
    statusPath: status.path,
    notes: writingNotes(log, status.problem),
    nvmlFor: nvidia.wantsHelperFor,
  });
  process.on('uncaughtException', (error) => {
    log.write(`crashed: ${error.stack ?? error.message}`);
    process.stderr.write(`${error.stack ?? error.message}\n`);
    leash.release();
    process.exit(70);
  });
  const { nonce: _nonce, ...hello } = greeting;
  let helloWritten = writeHello();
  link.send(greeting);
  endForgotten(system, own, log);
  sampler.prime();
  firstSampleDueMs = system.monotonicMs() + FIRST_WITH_GPUS_MS.least;
  clock.start(nvidia.wantsHelperFor === null ? FIRST_SAMPLE_MS : FIRST_WITH_GPUS_MS.most);
}

/** After the hello: what the head answers to that is on its way meanwhile. */
function endForgotten(system: System, { node, headId }: Arguments, log: BoundedLog): void {
  for (const pid of endForgottenMonitors(system, node, headId))
    log.write(`ended a forgotten monitor, pid ${pid}`);
}

function writingNotes(log: BoundedLog, statusProblem: string | null): string[] {
  const notes: string[] = [];
  if (log.path === null) notes.push(`no log is written on the node: ${log.problem ?? 'unknown'}`);
  if (statusProblem !== null) notes.push(`no status file is written on the node: ${statusProblem}`);
  return notes;
}

runMonitor(readArguments(process.argv));
