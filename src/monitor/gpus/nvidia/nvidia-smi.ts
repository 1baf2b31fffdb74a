import { noGpuFigures, noGpuProcessFigures } from '../../../protocol/absent.ts';
import type { GpuFacts } from '../../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../../protocol/sample.ts';
import type { Leash } from '../../leash.ts';
import type { System } from '../../system.ts';
import type { GpuProcessReading, GpuProvider, GpuReading } from '../provider.ts';
import { type GpuRow, withoutFigures } from '../row-book.ts';
import { createToolLoop, type ToolLoop, type ToolState } from '../tools/tool-loop.ts';
import { createToolRuns, type ToolRuns } from '../tools/tool-runs.ts';
import { describeTool } from '../tools/tool-words.ts';
import { gpusWithMissingMemory } from './device-holders.ts';
import { createNvidiaGpuList, factsOfListed, listNvidiaGpus } from './nvidia-proc.ts';
import {
  type BrokenGpu,
  type ComputeProcessRow,
  createPmonParser,
  GPU_FIELDS,
  type MonitoredProcess,
  PROCESS_FIELDS,
  parseBrokenGpu,
  parseGpuLine,
  parseProcessLine,
  tellsNoProcess,
} from './nvidia-smi-parse.ts';
import { createPmonLooks, PMON_LOOK_EVERY_MS } from './pmon-looks.ts';
import { createUnifiedMemory } from './unified-memory.ts';

/** A GPU whose line is missing for so many intervals while others come is gone. */
const MISSED_TICKS = 4;
/** How often GPUs are tried that the tool could not open: a reset may have mended them. */
const RETRY_BROKEN_MS = 300_000;
const FORMAT = '--format=csv,noheader,nounits';
const QUERY_GPU = `--query-gpu=${GPU_FIELDS.join(',')}`;

interface Seen<T> {
  value: T;
  atMs: number;
}

/** NVIDIA's own tool kept running in loop mode: one query for the GPUs, one for their processes, `pmon`. */
export function createNvidiaSmiProvider(system: System, leash: Leash): GpuProvider {
  const program = system.findProgram('nvidia-smi');
  const rows = new Map<number, Seen<GpuRow>>();
  const processes = new Map<string, Seen<ComputeProcessRow>>();
  const monitored = new Map<string, Seen<MonitoredProcess>>();
  /** GPUs that the tool could not open, by address, with its words. */
  const broken = new Map<string, string>();
  const withUnifiedMemory = createUnifiedMemory(system);
  const listGpus = createNvidiaGpuList(system);
  let intervalMs = 1_000;
  let loops: { gpus: ToolLoop; processes: ToolLoop; pmon: ToolLoop } | null = null;
  let retries: ToolRuns | null = null;
  let looks: ToolRuns | null = null;
  let looksStarted = false;
  let pmonStarted = false;
  /** The interval before the last change: what was seen then came in longer steps. */
  let previousIntervalMs = intervalMs;
  let firstTickMs: number | null = null;

  const silenceLimitMs = () => Math.max(3 * intervalMs, 5_000);
  const freshMs = () => MISSED_TICKS * patientIntervalMs() + 1_000;
  /** An ended process should not linger: its line comes with every tick. */
  const processFreshMs = () => 2.5 * patientIntervalMs() + 500;

  /** Until the restarted tool has ticked, and for two ticks more, rows of the slower loop still count. */
  function patientIntervalMs(): number {
    const hasTicked = firstTickMs !== null && system.monotonicMs() - firstTickMs > 2 * intervalMs;
    return hasTicked ? intervalMs : Math.max(previousIntervalMs, intervalMs);
  }

  /** The tool gives up altogether when one GPU cannot be opened; the others are then named one by one. */
  function selection(): string[] {
    if (broken.size === 0) return [];
    const healthy = listNvidiaGpus(system).filter((gpu) => !broken.has(gpu.pciAddress));
    return healthy.length === 0 ? [] : [`--id=${healthy.map((gpu) => gpu.pciAddress).join(',')}`];
  }

  /** The tool counts by PCI address, as the kernel module's list is sorted. */
  function noteBroken({ index, pciAddress, error }: BrokenGpu): void {
    const address = pciAddress ?? listNvidiaGpus(system)[index ?? -1]?.pciAddress;
    if (address !== undefined) broken.set(address, error);
  }

  /** Beside the loops, so that a GPU that is still broken, or hangs, takes nothing from the others. */
  function createRetries(path: string): ToolRuns {
    return createToolRuns({
      system,
      leash,
      program: path,
      questions: () =>
        Array.from(broken.keys(), (address) => ({
          args: [QUERY_GPU, FORMAT, `--id=${address}`],
          take: (text) => text.split('\n').some((line) => parseGpuLine(line) !== null) && restore(address),
          isOptional: true,
        })),
    });
  }

  function restore(address: string): boolean {
    broken.delete(address);
    restartLoops();
    return true;
  }

  function restartLoops(): void {
    loops?.gpus.restart();
    loops?.processes.restart();
    loops?.pmon.restart();
  }

  function takeGpuLine(line: string): boolean {
    const trouble = parseBrokenGpu(line);
    if (trouble) noteBroken(trouble);
    const row = parseGpuLine(line);
    if (row === null) return false;
    const nowMs = system.monotonicMs();
    firstTickMs ??= nowMs;
    startLooks();
    rows.set(row.facts.index, { value: row, atMs: nowMs });
    return true;
  }

  function takeProcessLine(line: string): boolean {
    const row = parseProcessLine(line);
    if (row === null) return tellsNoProcess(line);
    processes.set(`${row.uuid} ${row.pciAddress} ${row.pid}`, { value: row, atMs: system.monotonicMs() });
    startPmon();
    return true;
  }

  /** Only where there is a process whose use could be told, or memory that those who draw could explain. */
  function startPmon(): void {
    if (pmonStarted) return;
    pmonStarted = true;
    looks?.stop();
    loops?.pmon.start();
  }

  function startLooks(): void {
    if (looksStarted || pmonStarted) return;
    looksStarted = true;
    looks?.start(PMON_LOOK_EVERY_MS);
  }

  function createLoops(path: string) {
    const loop = `--loop-ms=`;
    const parsePmon = createPmonParser();
    const shared = { system, leash, program: path, silenceLimitMs };
    return {
      gpus: createToolLoop({
        ...shared,
        args: () => [QUERY_GPU, FORMAT, `${loop}${intervalMs}`, ...selection()],
        onLine: takeGpuLine,
        quietIsAlive: false,
      }),
      processes: createToolLoop({
        ...shared,
        args: () => [
          `--query-compute-apps=${PROCESS_FIELDS.join(',')}`,
          FORMAT,
          `${loop}${intervalMs}`,
          ...selection(),
        ],
        onLine: takeProcessLine,
        quietIsAlive: true,
      }),
      pmon: createToolLoop({
        ...shared,
        args: () => [
          'pmon',
          '-s',
          'um',
          '-d',
          String(Math.max(1, Math.min(10, Math.round(intervalMs / 1000)))),
        ],
        onLine: (line) => {
          const row = parsePmon(line);
          if (row === null) return line.trim().startsWith('#') || /^\d+\s+-/.test(line.trim());
          monitored.set(`${row.gpuIndex} ${row.pid}`, { value: row, atMs: system.monotonicMs() });
          return true;
        },
        quietIsAlive: false,
      }),
    };
  }

  function dropOld<T>(seen: Map<string, Seen<T>>, nowMs: number): void {
    for (const [key, entry] of seen) if (nowMs - entry.atMs > processFreshMs()) seen.delete(key);
  }

  /** The query lists what computes, `pmon` what draws as well. */
  function readProcesses(nowMs: number, facts: readonly GpuFacts[]): GpuProcessReading[] {
    dropOld(processes, nowMs);
    dropOld(monitored, nowMs);
    const byUuid = new Map(facts.map((gpu) => [gpu.uuid, gpu.index]));
    const byAddress = new Map(facts.map((gpu) => [gpu.pciAddress, gpu.index]));
    const computing = Array.from(processes.values()).flatMap(({ value }) => {
      const gpuIndex = byAddress.get(value.pciAddress) ?? byUuid.get(value.uuid);
      if (gpuIndex === undefined) return [];
      const known = monitored.get(`${gpuIndex} ${value.pid}`)?.value;
      return {
        ...noGpuProcessFigures,
        pid: value.pid,
        gpuIndex,
        type: known?.type ?? 'C',
        gpuMemoryBytes: value.gpuMemoryBytes,
        gpuUtilizationPercent: known?.utilizationPercent ?? null,
      };
    });
    const indexes = new Set(byAddress.values());
    const drawing = Array.from(monitored.values()).flatMap(({ value }) => {
      const { utilizationPercent, ...row } = value;
      if (row.type !== 'G' || !indexes.has(row.gpuIndex)) return [];
      return { ...noGpuProcessFigures, ...row, gpuUtilizationPercent: utilizationPercent };
    });
    return [...computing, ...drawing];
  }

  /** Rows of GPUs that the kernel module lists and the tool does not, or no longer, answer for. */
  function lostRows(present: readonly GpuRow[]): GpuRow[] {
    const seen = new Set(present.map((row) => row.facts.pciAddress));
    const known = new Map(Array.from(rows.values(), ({ value }) => [value.facts.pciAddress, value.facts]));
    return listGpus().flatMap((listed, position) => {
      if (seen.has(listed.pciAddress)) return [];
      const error = broken.get(listed.pciAddress) ?? 'nvidia-smi does not list this GPU any more';
      return {
        facts: known.get(listed.pciAddress) ?? factsOfListed(listed, position),
        sample: lostSample(known.get(listed.pciAddress)?.index ?? position, error),
      };
    });
  }

  /** The GPUs while the tool gives no figures: those it named, else those that the kernel module lists. */
  function silentRows(toolState: ToolState): GpuRow[] {
    const error = describe(toolState) ?? 'no figures';
    if (rows.size > 0) return Array.from(rows.values(), ({ value }) => withoutFigures(value, 'error', error));
    const isFirstTry = toolState.kind === 'starting' && toolState.after === null;
    if (isFirstTry || toolState.kind === 'ticking') return [];
    return listNvidiaGpus(system).map((listed, position) => {
      const facts = factsOfListed(listed, position);
      return { facts, sample: { index: position, health: 'error', error, ...noGpuFigures } };
    });
  }

  function read(): GpuReading {
    if (loops === null) return { known: true, facts: [], gpus: [], processes: [], error: missingToolError() };
    const nowMs = system.monotonicMs();
    // Looked at so that one that hangs is ended.
    retries?.state();
    looks?.state();
    const toolState = loops.gpus.state();
    const fresh = Array.from(rows.values()).filter((seen) => nowMs - seen.atMs <= freshMs());
    const answering = fresh.length > 0;
    const told = answering
      ? [...fresh.map((seen) => seen.value), ...lostRows(fresh.map((seen) => seen.value))]
      : silentRows(toolState);
    const found = withUnifiedMemory(told);
    found.sort((a, b) => a.facts.index - b.facts.index);
    const facts = found.map((row) => row.facts);
    const reading = {
      // A tool that hangs has not said that there is none.
      known: found.length > 0 || toolState.kind === 'ticking' || toolState.kind === 'ended',
      facts,
      gpus: found.map((row) => row.sample),
      processes: answering ? readProcesses(nowMs, facts) : [],
      error: readingError(toolState, answering),
    };
    if (gpusWithMissingMemory(reading).size > 0) startPmon();
    return reading;
  }

  function readingError(toolState: ToolState, answering: boolean): string | null {
    const gpuError = describe(toolState);
    if (!answering) return gpuError ?? (rows.size === 0 ? null : 'no figures from nvidia-smi');
    const processState = loops?.processes.state();
    const processError = processState ? describe(processState) : null;
    return gpuError ?? (processError === null ? null : `processes: ${processError}`);
  }

  function missingToolError(): string | null {
    return listNvidiaGpus(system).length > 0
      ? 'the NVIDIA driver is loaded, but nvidia-smi is not installed'
      : null;
  }

  return {
    vendor: 'NVIDIA',
    isPresent: () => program !== null || listNvidiaGpus(system).length > 0,
    start(ms) {
      intervalMs = previousIntervalMs = ms;
      if (program === null) return;
      loops = createLoops(program);
      loops.gpus.start();
      loops.processes.start();
      retries = createRetries(program);
      retries.start(RETRY_BROKEN_MS);
      looks = createPmonLooks(system, leash, program, startPmon);
    },
    setInterval(ms) {
      if (ms === intervalMs) return;
      previousIntervalMs = intervalMs;
      firstTickMs = null;
      intervalMs = ms;
      restartLoops();
    },
    read,
    stop() {
      loops?.gpus.stop();
      loops?.processes.stop();
      loops?.pmon.stop();
      retries?.stop();
      looks?.stop();
    },
  };
}

const describe = (state: ToolState) => describeTool('nvidia-smi', state, 'try `nvidia-smi` on the node');

function lostSample(index: number, error: string): GpuSample {
  return { index, health: 'lost', error, ...noGpuFigures };
}
