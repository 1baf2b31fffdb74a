import { noGpuFigures } from '../../protocol/absent.ts';
import { MAX_GPU_PROCESSES, MAX_GPUS } from '../../protocol/constants.ts';
import type { GpuFacts } from '../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../protocol/sample.ts';
import type { GpuProcessReading, GpuReading } from './provider.ts';
import type { ToolState } from './tools/tool-loop.ts';
import { describeTool } from './tools/tool-words.ts';

/** One GPU as a tool tells it. */
export interface GpuRow {
  facts: GpuFacts;
  sample: GpuSample;
}

/** What a tool said so far, and what of it still counts. */
export interface RowBook {
  take(row: GpuRow, atMs: number): void;
  takeProcesses(rows: readonly GpuProcessReading[]): void;
  /** Rows that are older than `freshSinceMs` are of GPUs that the tool does not list any more. */
  read(state: ToolState, freshSinceMs: number): GpuReading;
}

export interface RowBookOptions {
  tool: string;
  /** What a person can do about a tool that ends. */
  remedy: string;
}

/** An empty book of one tool; rows beyond what a sample has room for are left out. */
export function createRowBook(options: RowBookOptions): RowBook {
  const rows = new Map<number, { row: GpuRow; atMs: number }>();
  let processes: readonly GpuProcessReading[] = [];

  function shown(state: ToolState, freshSinceMs: number, error: string | null): GpuRow[] {
    const seen = [...rows.values()].sort((a, b) => a.row.facts.index - b.row.facts.index);
    if (error !== null && hasFailed(state))
      return seen.map(({ row }) => withoutFigures(row.facts, 'error', error));
    const gone = `${options.tool} does not list this GPU any more`;
    return seen.map(({ row, atMs }) => (atMs < freshSinceMs ? withoutFigures(row.facts, 'lost', gone) : row));
  }

  return {
    take(row, atMs) {
      const { index } = row.facts;
      if (Number.isInteger(index) && index >= 0 && index < MAX_GPUS) rows.set(index, { row, atMs });
    },
    takeProcesses(found) {
      processes = found.slice(0, MAX_GPU_PROCESSES);
    },
    read(state, freshSinceMs) {
      const error = describeTool(options.tool, state, options.remedy);
      const found = shown(state, freshSinceMs, error);
      return {
        // A tool that hangs has not said that there is none.
        known: found.length > 0 || state.kind === 'ticking' || state.kind === 'ended',
        facts: found.map((row) => row.facts),
        gpus: found.map((row) => row.sample),
        processes: hasFailed(state) ? [] : [...processes],
        error,
      };
    },
  };
}

function hasFailed(state: ToolState): boolean {
  return (
    state.kind === 'silent' || state.kind === 'ended' || (state.kind === 'starting' && state.after !== null)
  );
}

/** The row of a GPU of which nothing but `error` can be told now. */
export function withoutFigures(facts: GpuFacts, health: 'lost' | 'error', error: string): GpuRow {
  return { facts, sample: { ...noGpuFigures, index: facts.index, health, error } };
}
