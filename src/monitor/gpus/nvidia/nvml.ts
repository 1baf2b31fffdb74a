import { createLineSplitter } from '../../../lib/line-splitter.ts';
import { noGpuFigures } from '../../../protocol/absent.ts';
import type { GpuFacts } from '../../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../../protocol/sample.ts';
import type { Leash } from '../../leash.ts';
import { explainNvmlFailure } from '../../nvidia-driver/explain.ts';
import type { HelperMessage } from '../../nvml/helper-messages.ts';
import { type HelperKit, startHelper } from '../../nvml/helper-start.ts';
import type { RunningProgram, System } from '../../system.ts';
import type { GpuProvider, GpuReading } from '../provider.ts';
import type { GpuRow } from '../row-book.ts';
import { createNvidiaGpuList, factsOfListed, type ListedGpu } from './nvidia-proc.ts';
import { describeStuckProcess } from './stuck-process.ts';
import { createUnifiedMemory } from './unified-memory.ts';

export interface NvmlProviderOptions {
  system: System;
  leash: Leash;
  kit: HelperKit;
  /** Fresh figures have come. */
  onReading: () => void;
  /** NVML cannot be used on this node at all; another way must be taken. Called once. */
  onUnusable: (reason: string) => void;
}

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;
/** A helper that lived so long did not fail at the start. */
const HEALTHY_AFTER_MS = 60_000;
/** The driver takes seconds per GPU where nothing keeps it loaded. */
const STARTUP_LIMIT_MS = 30_000;
/** A helper that falls silent for so long is killed; a new one is started only once it is really gone. */
const KILL_AFTER_MS = 30_000;
/** One that has not said anything yet may still wait for the driver: sixteen GPUs that nothing keeps loaded. */
const KILL_AT_START_AFTER_MS = 120_000;
/** A helper that ends so often without a word crashes in the driver's library. */
const MOST_CRASHES = 3;
const MAX_LINE_BYTES = 1024 * 1024;

interface Seen {
  gpus: GpuSample[];
  processes: GpuReading['processes'];
  atMs: number;
}

/** NVML in a process of its own. */
export function createNvmlProvider(options: NvmlProviderOptions): GpuProvider {
  const { system, leash, kit } = options;
  const withUnifiedMemory = createUnifiedMemory(system);
  const listGpus = createNvidiaGpuList(system);
  let child: RunningProgram | null = null;
  let timer: NodeJS.Timeout | null = null;
  let intervalMs = 1_000;
  /** Before the last change: until the next look, rows of the slower pace still count. */
  let previousIntervalMs = intervalMs;
  let waitMs = FIRST_WAIT_MS;
  let startedAtMs = 0;
  let crashes = 0;
  let words = '';
  /** This helper has said why it leaves. */
  let isExplained = false;
  let isStopped = false;
  let seen: Seen | null = null;
  let facts: GpuFacts[] = [];
  /** Why the last helper ended; null once one has answered. */
  let failure: string | null = null;

  const silenceLimitMs = () => Math.max(3 * Math.max(intervalMs, previousIntervalMs), 5_000);

  function take(message: HelperMessage): void {
    switch (message.type) {
      case 'reading':
        facts = message.facts ?? facts;
        seen = { gpus: message.gpus, processes: message.processes, atMs: system.monotonicMs() };
        previousIntervalMs = intervalMs;
        failure = null;
        crashes = 0;
        return options.onReading();
      case 'failed':
        isExplained = true;
        failure = explainNvmlFailure(system, message.code, message.reason);
        seen = null;
        crashes = 0;
        return;
      case 'unusable':
        return giveUp(message.reason);
    }
  }

  function giveUp(reason: string): void {
    if (isStopped) return;
    stop();
    options.onUnusable(reason);
  }

  function launch(): void {
    timer = null;
    words = '';
    isExplained = false;
    startedAtMs = system.monotonicMs();
    const running = startHelper(system, leash, kit, intervalMs);
    child = running;
    const out = createLineSplitter(
      MAX_LINE_BYTES,
      (line) => {
        const message = parseHelperLine(line);
        if (message !== null) take(message);
      },
      () => undefined,
    );
    running.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    running.stderr?.on('data', (chunk: Buffer) => {
      words = `${words}${chunk}`.slice(-500);
    });
    running.once('error', (error) => onEnd(running, error.message));
    running.once('close', (code, signal) =>
      onEnd(running, signal ? `by ${signal}` : `with exit code ${code}`),
    );
  }

  function onEnd(running: RunningProgram, how: string): void {
    if (child !== running || isStopped) return;
    child = null;
    if (!isExplained) noteCrash(how);
    if (isStopped) return;
    if (system.monotonicMs() - startedAtMs > HEALTHY_AFTER_MS) waitMs = FIRST_WAIT_MS;
    timer = setTimeout(launch, waitMs);
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
  }

  function noteCrash(how: string): void {
    seen = null;
    crashes++;
    const lines = words.trim().split('\n');
    const said = lines.findLast((line) => !line.startsWith('Warning: disabling flag'));
    failure = [`the process that asks NVML ended ${how}`, said].filter(Boolean).join(': ');
    if (crashes >= MOST_CRASHES) giveUp(`${failure}, ${crashes} times in a row`);
  }

  /** What hinders it now; null while it answers or may yet. */
  function trouble(nowMs: number): string | null {
    if (child === null) return failure;
    const silentMs = nowMs - Math.max(seen?.atMs ?? 0, startedAtMs);
    const isStarting = (seen?.atMs ?? 0) < startedAtMs;
    if (silentMs > (isStarting ? KILL_AT_START_AFTER_MS : KILL_AFTER_MS)) child.kill('SIGKILL');
    if (seen === null && silentMs <= STARTUP_LIMIT_MS && silentMs <= silenceLimitMs()) return failure;
    if (silentMs <= silenceLimitMs()) return null;
    return describeStuckProcess(system, 'NVML', child.pid ?? 0, silentMs);
  }

  function read(): GpuReading {
    const error = trouble(system.monotonicMs());
    const listed = listGpus();
    if (seen === null || error !== null) {
      const known = facts.length > 0 ? facts : listed.map(factsOfListed);
      return {
        known: error !== null,
        facts: error === null ? [] : known,
        gpus: error === null ? [] : known.map((gpu) => silent(gpu.index, 'error', error)),
        processes: [],
        error,
      };
    }
    const { named, missing } = nameLost(facts, listed);
    const lost = missing.map((gpu, at) => factsOfListed(gpu, nextIndex(named) + at));
    const rows = withUnifiedMemory(pair(named, seen.gpus));
    return {
      known: true,
      facts: [...rows.map((row) => row.facts), ...lost],
      gpus: [
        ...rows.map((row) => row.sample),
        ...lost.map(({ index }) => silent(index, 'lost', 'NVML does not list this GPU any more')),
      ],
      processes: seen.processes,
      error: null,
    };
  }

  function stop(): void {
    isStopped = true;
    if (timer !== null) clearTimeout(timer);
    child?.kill('SIGKILL');
    child = null;
  }

  return {
    vendor: 'NVIDIA',
    isPresent: () => true,
    start(ms) {
      intervalMs = previousIntervalMs = ms;
      launch();
    },
    setInterval(ms) {
      if (ms === intervalMs) return;
      previousIntervalMs = intervalMs;
      intervalMs = ms;
      child?.stdin?.write(`${JSON.stringify({ intervalMs })}\n`);
    },
    read,
    stop,
  };
}

/**
 * The driver's library may print too. Null for what is no message. What the helper says needs no other look: it is of
 * one build with this program.
 */
function parseHelperLine(line: string): HelperMessage | null {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null && 'type' in message
      ? (message as HelperMessage)
      : null;
  } catch {
    return null;
  }
}

/**
 * A GPU that was lost before the library was loaded has a number and no name there; the kernel module still lists it.
 * Both count by PCI address, so that those without a name are those that are missing, where there are as many.
 */
function nameLost(
  facts: readonly GpuFacts[],
  listed: readonly ListedGpu[],
): { named: GpuFacts[]; missing: ListedGpu[] } {
  const missing = listed.filter(({ pciAddress }) => !facts.some((gpu) => gpu.pciAddress === pciAddress));
  const nameless = facts.filter(({ pciAddress, parentIndex }) => pciAddress === null && parentIndex === null);
  if (nameless.length === 0) return { named: [...facts], missing };
  const named = facts.map((gpu) => {
    const found = missing.length === nameless.length ? missing[nameless.indexOf(gpu)] : undefined;
    return found ? { ...gpu, pciAddress: found.pciAddress, name: found.name, uuid: found.uuid } : gpu;
  });
  // Where they cannot be told apart, a row too few is nearer to the truth than one twice.
  return { named, missing: missing.slice(nameless.length) };
}

const silent = (index: number, health: GpuSample['health'], error: string): GpuSample => ({
  index,
  health,
  error,
  ...noGpuFigures,
});

/** Both lists come from one look and have the same indexes. */
function pair(facts: readonly GpuFacts[], gpus: readonly GpuSample[]): GpuRow[] {
  const byIndex = new Map(facts.map((row) => [row.index, row]));
  return gpus.flatMap((sample) => {
    const known = byIndex.get(sample.index);
    return known ? [{ facts: known, sample }] : [];
  });
}

/** Behind the GPUs; MIG instances count in their own range. */
const nextIndex = (facts: readonly GpuFacts[]) =>
  facts.filter(({ parentIndex }) => parentIndex === null).length;
