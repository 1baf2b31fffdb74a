import type { GpuProvider, GpuReading } from '../../provider.ts';
import type { ToolState } from '../../tools/tool-loop.ts';
import { describeTool } from '../../tools/tool-words.ts';
import { gpusWithMissingMemory } from '../device-holders.ts';
import { parseGpuLine } from '../nvidia-smi-parse.ts';
import { createUnifiedMemory } from '../unified-memory.ts';
import { createBrokenGpus } from './broken-gpus.ts';
import { createSmiGpuRows } from './gpu-rows.ts';
import { createSmiLoops } from './loops.ts';
import { createSmiPace } from './pace.ts';
import { createPmon } from './pmon.ts';
import { createSmiProcesses } from './processes.ts';
import type { SmiTool } from './smi-tool.ts';

export type RunningSmi = Pick<GpuProvider, 'setInterval' | 'read' | 'stop'>;

/** Starts the tool, and makes of its lines what is known now. */
export function startSmi(tool: SmiTool, firstIntervalMs: number): RunningSmi {
  const { system } = tool;
  const pace = createSmiPace(system, firstIntervalMs);
  const broken = createBrokenGpus(tool, restart);
  const gpus = createSmiGpuRows(system, broken.errorOf);
  const processes = createSmiProcesses(system, pace.processFreshMs, () => pmon.start());
  const withUnifiedMemory = createUnifiedMemory(system);
  const loops = createSmiLoops(tool, pace, broken.selection, {
    gpus: takeGpuLine,
    processes: processes.takeQueried,
    pmon: processes.takeMonitored,
  });
  const pmon = createPmon(tool, loops.pmon);

  function restart(): void {
    for (const loop of Object.values(loops)) loop.restart();
  }

  function takeGpuLine(line: string): boolean {
    broken.takeLine(line);
    const row = parseGpuLine(line);
    if (row === null) return false;
    const nowMs = system.monotonicMs();
    pace.noteTick(nowMs);
    pmon.startLooks();
    gpus.take(row, nowMs);
    return true;
  }

  function read(): GpuReading {
    const nowMs = system.monotonicMs();
    broken.watch();
    pmon.watch();
    const state = loops.gpus.state();
    const gpuError = describe(state);
    const fresh = gpus.fresh(nowMs, pace.gpuFreshMs());
    const isAnswering = fresh.length > 0;
    const told = isAnswering ? [...fresh, ...gpus.lost(fresh)] : gpus.silent(state, gpuError ?? 'no figures');
    const found = withUnifiedMemory(told);
    found.sort((a, b) => a.facts.index - b.facts.index);
    const facts = found.map((row) => row.facts);
    const reading = {
      // A tool that hangs has not said that there is none.
      known: found.length > 0 || state.kind === 'ticking' || state.kind === 'ended',
      facts,
      gpus: found.map((row) => row.sample),
      processes: isAnswering ? processes.read(nowMs, facts) : [],
      error: errorOf(gpuError, isAnswering),
    };
    // Those who only draw could explain memory that nobody computes in.
    if (gpusWithMissingMemory(reading).size > 0) pmon.start();
    return reading;
  }

  function errorOf(gpuError: string | null, isAnswering: boolean): string | null {
    if (!isAnswering) return gpuError ?? (gpus.isEmpty() ? null : 'no figures from nvidia-smi');
    const processError = describe(loops.processes.state());
    return gpuError ?? (processError === null ? null : `processes: ${processError}`);
  }

  loops.gpus.start();
  loops.processes.start();
  broken.start();
  return {
    setInterval(ms) {
      if (pace.change(ms)) restart();
    },
    read,
    stop() {
      for (const part of [...Object.values(loops), broken, pmon]) part.stop();
    },
  };
}

const describe = (state: ToolState) => describeTool('nvidia-smi', state, 'try `nvidia-smi` on the node');
