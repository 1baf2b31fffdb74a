import type { Leash } from '../../leash.ts';
import type { System } from '../../system.ts';
import { isForOtherNodes, noneHere } from '../kernel/elsewhere.ts';
import type { GpuProvider } from '../provider.ts';
import { createRowBook, type RowBook } from '../row-book.ts';
import { createToolRuns, type ToolQuestion } from './tool-runs.ts';

export interface RunsProviderOptions {
  system: System;
  leash: Leash;
  vendor: string;
  /** The tool's name, and where it was found; null where it is not installed. */
  tool: string;
  program: string | null;
  remedy: string;
  /** The vendor's numbers on the PCI bus. */
  pciVendors: readonly string[];
  /** The questions of the next round; what they take goes into the book. */
  questions: (book: RowBook, nowMs: () => number) => readonly ToolQuestion[];
}

/** A vendor whose tool answers once and ends. */
export function createRunsProvider(options: RunsProviderOptions): GpuProvider {
  const { system, leash, program, tool } = options;
  const book = createRowBook({ tool, remedy: options.remedy });
  const nowMs = () => system.monotonicMs();
  const runs =
    program === null
      ? null
      : createToolRuns({ system, leash, program, questions: () => options.questions(book, nowMs) });
  let isElsewhere = false;

  return {
    vendor: options.vendor,
    isPresent: () => program !== null,
    start: (ms) => runs?.start(ms),
    setInterval(ms, watched) {
      if (!isElsewhere) runs?.setInterval(ms, watched);
    },
    read() {
      if (runs === null || isElsewhere) return noneHere;
      const reading = book.read(runs.state(), runs.answeredSinceMs() ?? Number.NEGATIVE_INFINITY);
      if (isForOtherNodes(system, options.pciVendors, reading)) {
        isElsewhere = true;
        runs.stop();
        return noneHere;
      }
      const problem = runs.problem();
      return { ...reading, error: reading.error ?? (problem === null ? null : `${tool}: ${problem}`) };
    },
    stop: () => runs?.stop(),
  };
}
