import { createToolLoop, type ToolLoop, type ToolLoopOptions } from '../../tools/tool-loop.ts';
import type { SmiPace } from './pace.ts';
import { CSV_FORMAT, QUERY_GPU, QUERY_PROCESSES, type SmiTool } from './smi-tool.ts';

export interface SmiLoops {
  gpus: ToolLoop;
  processes: ToolLoop;
  pmon: ToolLoop;
}

/** Who takes the lines of each loop: true where a line is part of an answer. */
export type SmiTakers = Record<keyof SmiLoops, ToolLoopOptions['onLine']>;

/**
 * The tool in loop mode, three times: a query for the GPUs, one for what computes on them, `pmon`. `selection` gives
 * the arguments that name the GPUs, none where all are asked.
 */
export function createSmiLoops(
  tool: SmiTool,
  pace: SmiPace,
  selection: () => string[],
  takers: SmiTakers,
): SmiLoops {
  const loop = (onLine: ToolLoopOptions['onLine'], args: () => string[], quietIsAlive = false) =>
    createToolLoop({ ...tool, silenceLimitMs: pace.silenceLimitMs, args, onLine, quietIsAlive });
  const query = (what: string) => () => [what, CSV_FORMAT, `--loop-ms=${pace.intervalMs()}`, ...selection()];
  return {
    gpus: loop(takers.gpus, query(QUERY_GPU)),
    // It rightly prints nothing where nobody computes.
    processes: loop(takers.processes, query(QUERY_PROCESSES), true),
    pmon: loop(takers.pmon, () => ['pmon', '-s', 'um', '-d', String(pmonSeconds(pace.intervalMs()))]),
  };
}

/** `pmon` takes whole seconds, ten at most. */
const pmonSeconds = (intervalMs: number) => Math.max(1, Math.min(10, Math.round(intervalMs / 1000)));
