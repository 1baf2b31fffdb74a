import type { GpuFacts } from '../../../protocol/gpu-facts.ts';
import type { Leash } from '../../leash.ts';
import type { System } from '../../system.ts';
import { createDrmProcesses } from '../kernel/drm-processes.ts';
import { indexesByAddress, withKernelRows, withoutCards } from '../kernel/kernel-rows.ts';
import type { GpuProcessReading, GpuProvider, GpuReading } from '../provider.ts';
import type { RowBook } from '../row-book.ts';
import { createRunsProvider } from '../tools/runs-provider.ts';
import type { ToolQuestion } from '../tools/tool-runs.ts';
import { amdRows, parseAmdMetric, parseAmdProcesses, parseAmdStatic } from './amd-smi-parse.ts';
import { createAmdSysfs } from './amd-sysfs.ts';
import { createKfdProcesses } from './kfd-processes.ts';
import { parseRocmSmi } from './rocm-smi-parse.ts';

const PCI_VENDORS = ['0x1002'];
/** Facts that the tool says at the start, and again for GPUs that were repartitioned. */
const STATIC_EVERY_MS = 600_000;

/**
 * AMD's GPUs. What changes with every sample comes from sysfs, which is free and readable for all; the tools
 * are Python and cost a second of CPU each time, so they only add what the kernel does not tell (names,
 * limits, energy, video engines), and stand in where sysfs is not there (some containers).
 */
export function createAmdProvider(system: System, leash: Leash): GpuProvider {
  const sysfs = createAmdSysfs(system);
  const kfd = createKfdProcesses(system);
  const drm = createDrmProcesses(system);
  const tool = createAmdToolProvider(system, leash, kfd.isPresent());

  /** KFD knows all users' compute processes, fdinfo what draws and decodes, of this user's. */
  function readProcesses(rows: readonly GpuFacts[], told: readonly GpuProcessReading[]): GpuProcessReading[] {
    const indexes = indexesByAddress(rows);
    const computing = kfd.isPresent() ? kfd.read(indexes) : told;
    const placeOf = (row: GpuProcessReading) => `${row.pid} ${row.gpuIndex}`;
    const places = new Set(computing.map(placeOf));
    // A compute process has all GPUs open, and tables there that count as memory: of several, it uses those on which it
    // has more than that, which KFD tells, or draws.
    const isIdle = (row: GpuProcessReading) =>
      indexes.size > 1 && kfd.has(row.pid) && !row.gpuUtilizationPercent;
    const drawing = drm.read(indexes).filter((row) => !places.has(placeOf(row)) && !isIdle(row));
    return [...computing, ...drawing];
  }

  return {
    vendor: 'AMD',
    isPresent: () => sysfs.cards.length > 0 || tool.isPresent(),
    start: (ms) => tool.start(ms),
    setInterval: (ms, watched) => tool.setInterval(ms, watched),
    read(): GpuReading {
      const told = withoutCards(tool.read(), sysfs.drawing);
      if (sysfs.cards.length === 0) return told;
      const merged = withKernelRows(told, sysfs.read());
      return { ...merged, processes: readProcesses(merged.facts, told.processes) };
    },
    stop: () => tool.stop(),
  };
}

function createAmdToolProvider(system: System, leash: Leash, hasKfd: boolean): GpuProvider {
  const amdSmi = system.findProgram('amd-smi');
  const shared = { system, leash, vendor: 'AMD', pciVendors: PCI_VENDORS };
  if (amdSmi !== null) {
    return createRunsProvider({
      ...shared,
      tool: 'amd-smi',
      program: amdSmi,
      remedy: 'try `amd-smi metric --json` on the node; the user must be in the groups render and video',
      questions: createAmdSmiQuestions(hasKfd),
    });
  }
  return createRunsProvider({
    ...shared,
    tool: 'rocm-smi',
    program: system.findProgram('rocm-smi'),
    remedy: 'try `rocm-smi --json -a` on the node; the user must be in the groups render and video',
    questions: rocmSmiQuestions('AMD', ROCM_SMI_ARGS),
  });
}

/** Every option that gives a column, as releases from 4 to 7 know them; `--json` turns warnings off. */
const ROCM_SMI_ARGS = [
  '--showid',
  '--showuniqueid',
  '--showproductname',
  '--showbus',
  '--showvbios',
  '--showdriverversion',
  '--showuse',
  '--showmemuse',
  '--showmeminfo',
  'vram',
  '--showtemp',
  '--showpower',
  '--showmaxpower',
  '--showfan',
  '--showclocks',
  '--json',
];

/** One question with all `args`, for `rocm-smi` and its forks; `vendor` is what the rows say. */
export function rocmSmiQuestions(vendor: string, args: readonly string[]) {
  return (book: RowBook, nowMs: () => number): ToolQuestion[] => [
    {
      args,
      take(text) {
        const answer = parseRocmSmi(text, vendor);
        if (answer === null || answer.rows.length === 0) return false;
        for (const row of answer.rows) book.take(row, nowMs());
        if (answer.processes !== null) book.takeProcesses(answer.processes);
        return true;
      },
    },
  ];
}

function createAmdSmiQuestions(hasKfd: boolean) {
  let facts = new Map<number, GpuFacts>();
  let factsAtMs: number | null = null;
  return (book: RowBook, nowMs: () => number): ToolQuestion[] => {
    const questions: ToolQuestion[] = [];
    if (factsAtMs === null || nowMs() - factsAtMs > STATIC_EVERY_MS) {
      questions.push({
        args: ['static', '--json'],
        isOptional: true,
        take(text) {
          const found = parseAmdStatic(text);
          if (found === null) return false;
          facts = found;
          factsAtMs = nowMs();
          return true;
        },
      });
    }
    questions.push({
      args: ['metric', '--json'],
      take(text) {
        const found = parseAmdMetric(text);
        if (found !== null) for (const row of amdRows(facts, found)) book.take(row, nowMs());
        return found !== null;
      },
    });
    if (!hasKfd) {
      questions.push({
        args: ['process', '--json'],
        isOptional: true,
        take(text) {
          const found = parseAmdProcesses(text);
          if (found !== null) book.takeProcesses(found);
          return found !== null;
        },
      });
    }
    return questions;
  };
}
