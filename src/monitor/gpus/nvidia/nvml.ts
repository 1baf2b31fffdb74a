import type { GpuFacts } from '../../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../../protocol/sample.ts';
import type { Leash } from '../../leash.ts';
import { explainNvmlFailure } from '../../nvidia-driver/explain.ts';
import { createHelperLife } from '../../nvml/helper-life.ts';
import type { HelperMessage } from '../../nvml/helper-messages.ts';
import type { KitFile } from '../../nvml/kit-file.ts';
import type { System } from '../../system.ts';
import type { GpuProvider, GpuReading } from '../provider.ts';
import { type GpuRow, withoutFigures } from '../row-book.ts';
import { createNvidiaGpuList, factsOfListed, type ListedGpu } from './nvidia-proc.ts';
import { describeStuckProcess } from './stuck-process.ts';
import { createUnifiedMemory } from './unified-memory.ts';

export interface NvmlProviderOptions {
  system: System;
  leash: Leash;
  /** Closed with `stop`. */
  kit: KitFile;
  /** Fresh figures have come. */
  onReading: () => void;
  /** NVML cannot be used on this node at all; another way must be taken. Called once. */
  onUnusable: (reason: string) => void;
}

/** The driver takes seconds per GPU where nothing keeps it loaded. */
const STARTUP_LIMIT_MS = 30_000;
/** A helper that falls silent for so long is killed; a new one is started only once it is really gone. */
const KILL_AFTER_MS = 30_000;
/** One that has not said anything yet may still wait for the driver: sixteen GPUs that nothing keeps loaded. */
const KILL_AT_START_AFTER_MS = 120_000;
/** A helper that ends so often without a word crashes in the driver's library. */
const MOST_CRASHES = 3;

interface Seen {
  gpus: GpuSample[];
  processes: GpuReading['processes'];
  atMs: number;
}

/** NVML in a process of its own. */
export function createNvmlProvider(options: NvmlProviderOptions): GpuProvider {
  const { system } = options;
  const withUnifiedMemory = createUnifiedMemory(system);
  const listGpus = createNvidiaGpuList(system);
  const life = createHelperLife({ ...options, onMessage: take, onCrash: noteCrash });
  let intervalMs = 1_000;
  /** Before the last change: until the next look, rows of the slower pace still count. */
  let previousIntervalMs = intervalMs;
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
        return options.onReading();
      case 'failed':
        failure = explainNvmlFailure(system, message.code, message.reason);
        seen = null;
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

  function noteCrash(reason: string, inARow: number): void {
    seen = null;
    failure = reason;
    if (inARow >= MOST_CRASHES) giveUp(`${reason}, ${inARow} times in a row`);
  }

  /** What hinders it now; null while it answers or may yet. */
  function trouble(nowMs: number): string | null {
    const helper = life.running();
    if (helper === null) return failure;
    const startedAtMs = life.startedAtMs();
    const silentMs = nowMs - Math.max(seen?.atMs ?? 0, startedAtMs);
    const isStarting = (seen?.atMs ?? 0) < startedAtMs;
    if (silentMs > (isStarting ? KILL_AT_START_AFTER_MS : KILL_AFTER_MS)) helper.kill('SIGKILL');
    if (seen === null && silentMs <= STARTUP_LIMIT_MS && silentMs <= silenceLimitMs()) return failure;
    if (silentMs <= silenceLimitMs()) return null;
    return describeStuckProcess(system, 'NVML', helper.pid ?? 0, silentMs);
  }

  function read(): GpuReading {
    const error = trouble(system.monotonicMs());
    const listed = listGpus();
    if (seen === null || error !== null) {
      const known = facts.length > 0 ? facts : listed.map(factsOfListed);
      return {
        known: error !== null,
        facts: error === null ? [] : known,
        gpus: error === null ? [] : known.map((gpu) => withoutFigures(gpu, 'error', error).sample),
        processes: [],
        error,
      };
    }
    const { named, missing } = nameLost(facts, listed);
    const lost = missing.map((gpu, at) =>
      withoutFigures(
        factsOfListed(gpu, nextIndex(named) + at),
        'lost',
        'NVML does not list this GPU any more',
      ),
    );
    const rows = [...withUnifiedMemory(pair(named, seen.gpus)), ...lost];
    return {
      known: true,
      facts: rows.map((row) => row.facts),
      gpus: rows.map((row) => row.sample),
      processes: seen.processes,
      error: null,
    };
  }

  function stop(): void {
    if (isStopped) return;
    isStopped = true;
    life.stop();
    system.files.closeSync(options.kit.descriptor);
  }

  return {
    vendor: 'NVIDIA',
    isPresent: () => true,
    start(ms) {
      intervalMs = previousIntervalMs = ms;
      life.start(ms);
    },
    setInterval(ms) {
      if (ms === intervalMs) return;
      previousIntervalMs = intervalMs;
      intervalMs = ms;
      life.setInterval(ms);
    },
    read,
    stop,
  };
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
