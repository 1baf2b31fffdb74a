import type { Leash } from '../../leash.ts';
import type { System } from '../../system.ts';
import { isForOtherNodes, noneHere } from '../kernel/elsewhere.ts';
import type { GpuProvider, GpuReading } from '../provider.ts';
import { createRowBook, type RowBook } from '../row-book.ts';
import { createToolLoop, type ToolLoop } from './tool-loop.ts';

export interface LoopProviderOptions {
  system: System;
  leash: Leash;
  vendor: string;
  /** The tool's name, and where it was found; null where it is not installed. */
  tool: string;
  program: string | null;
  remedy: string;
  /** The vendor's numbers on the PCI bus; empty for what is not on it. */
  pciVendors: readonly string[];
  /** Step of the tool's loop for a sampling interval. */
  stepMs: (intervalMs: number) => number;
  /** `unanswered`: how many starts there were without an answer, for those who then ask for less. */
  args: (stepMs: number, unanswered: number) => readonly string[];
  /** True where the line is part of an answer. */
  takeLine: (line: string, book: RowBook, atMs: number) => boolean;
  /** What is wrong with answers that come; null for nothing. */
  trouble?: () => string | null;
}

const MISSED_TICKS = 4;

/** A vendor whose tool runs in loop mode: one process, however many samples. */
export function createLoopProvider(options: LoopProviderOptions): GpuProvider {
  const { system, leash, tool, program } = options;
  const book = createRowBook({ tool, remedy: options.remedy });
  let stepMs = options.stepMs(1_000);
  /** The slowest step that rows still in the book came in. */
  let patientStepMs = stepMs;
  let firstTickMs: number | null = null;
  let loop: ToolLoop | null = null;
  let isElsewhere = false;
  let starts = 0;
  /** The last way of asking that was answered. */
  let answered: number | null = null;

  function takeLine(line: string): boolean {
    const nowMs = system.monotonicMs();
    if (!options.takeLine(line, book, nowMs)) return false;
    firstTickMs ??= nowMs;
    answered ??= starts - 1;
    if (nowMs - firstTickMs > 2 * stepMs) patientStepMs = stepMs;
    return true;
  }

  function withTrouble(reading: GpuReading): GpuReading {
    const trouble = reading.gpus.length > 0 && reading.error === null ? (options.trouble?.() ?? null) : null;
    return trouble === null ? reading : { ...reading, error: `${tool}: ${trouble}` };
  }

  return {
    vendor: options.vendor,
    isPresent: () => program !== null,
    start(ms) {
      if (program === null) return;
      stepMs = patientStepMs = options.stepMs(ms);
      loop = createToolLoop({
        system,
        leash,
        program,
        args: () => options.args(stepMs, answered ?? starts++),
        onLine: takeLine,
        silenceLimitMs: () => Math.max(3 * stepMs, 5_000),
        quietIsAlive: false,
      });
      loop.start();
    },
    setInterval(ms) {
      const wanted = options.stepMs(ms);
      if (wanted === stepMs) return;
      patientStepMs = Math.max(stepMs, wanted);
      stepMs = wanted;
      firstTickMs = null;
      if (!isElsewhere) loop?.restart();
    },
    read() {
      if (loop === null || isElsewhere) return noneHere;
      const freshSinceMs = system.monotonicMs() - MISSED_TICKS * patientStepMs - 5_000;
      const reading = book.read(loop.state(), freshSinceMs);
      isElsewhere = isForOtherNodes(system, options.pciVendors, reading);
      if (isElsewhere) loop.stop();
      return isElsewhere ? noneHere : withTrouble(reading);
    },
    stop: () => loop?.stop(),
  };
}

/** Steps of whole seconds: at least one, and not so long that a hang would show late. */
export function secondsStepMs(intervalMs: number): number {
  return 1_000 * Math.max(1, Math.min(30, Math.round(intervalMs / 1_000)));
}
