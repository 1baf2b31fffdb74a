import { noGpuFacts, noGpuFigures } from '../../../protocol/absent.ts';
import type { GpuSample } from '../../../protocol/sample.ts';
import { normalPciAddress } from '../kernel/pci-address.ts';
import type { GpuRow } from '../row-book.ts';

/**
 * Parsers of what `nvidia-smi` prints with `--format=csv,noheader,nounits` and of `pmon`.
 * The queried fields are the oldest spellings, which drivers from 340 to 610 understand.
 */
export const GPU_FIELDS = [
  'index',
  'uuid',
  'pci.bus_id',
  'name',
  'driver_version',
  'memory.total',
  'memory.used',
  'memory.free',
  'utilization.gpu',
  'utilization.memory',
  'temperature.gpu',
  'power.draw',
  'power.limit',
  'fan.speed',
  'clocks.sm',
  'clocks.mem',
  'pstate',
] as const;

export const PROCESS_FIELDS = ['gpu_uuid', 'gpu_bus_id', 'pid', 'used_gpu_memory'] as const;

const MEBIBYTE = 1024 * 1024;

/** A figure, without its unit where one is printed; null for `[N/A]`, `[Not Supported]`, `[Unknown Error]` … */
function figureOf(cell: string | undefined): number | null {
  const match = /^(-?\d+(?:\.\d+)?)(?:\s*(?:MiB|%|W|MHz))?$/.exec(cell ?? '');
  return match ? Number(match[1]) : null;
}

function textOf(cell: string | undefined): string | null {
  return cell === undefined || cell === '' || /^\[.*\]$/.test(cell) || cell === 'N/A' ? null : cell;
}

function mebibytes(cell: string | undefined): number | null {
  const value = figureOf(cell);
  return value === null ? null : value * MEBIBYTE;
}

/**
 * The tool's own words in a cell where a figure should be, for a GPU in trouble. Many a driver says "unknown error" to
 * one odd question, such as a laptop's fan; to all of them, only that of a sick GPU.
 */
function troubleOf(
  cells: readonly string[],
  isSick: boolean,
): { health: GpuSample['health']; error: string } | null {
  const said = cells.flatMap((cell) => /^\[?((?:GPU|Unknown Error|ERR!?)[^\]]*)\]?$/.exec(cell)?.[1] ?? []);
  const words = said.find((text) => text.startsWith('GPU ')) ?? (isSick ? said[0] : undefined);
  if (words === undefined) return null;
  return { health: /lost|fallen off/i.test(words) ? 'lost' : 'error', error: words };
}

/** Parses one line of `--query-gpu=GPU_FIELDS`; null where it is no such line. */
export function parseGpuLine(line: string): GpuRow | null {
  const cells = line.split(',').map((cell) => cell.trim());
  const index = Number(cells[0]);
  if (cells.length !== GPU_FIELDS.length || !/^\d+$/.test(cells[0] ?? '')) return null;
  const cell = (name: (typeof GPU_FIELDS)[number]) => cells[GPU_FIELDS.indexOf(name)];
  const address = textOf(cell('pci.bus_id'));
  const memoryUsedBytes = mebibytes(cell('memory.used'));
  const temperatureCelsius = figureOf(cell('temperature.gpu'));
  const trouble = troubleOf(cells.slice(5), memoryUsedBytes === null && temperatureCelsius === null);
  return {
    facts: {
      ...noGpuFacts,
      index,
      uuid: textOf(cell('uuid')),
      name: textOf(cell('name')),
      vendor: 'NVIDIA',
      pciAddress: address === null ? null : normalPciAddress(address),
      memoryTotalBytes: mebibytes(cell('memory.total')),
      powerLimitWatts: figureOf(cell('power.limit')),
      driverVersion: textOf(cell('driver_version')),
    },
    sample: {
      ...noGpuFigures,
      index,
      health: trouble?.health ?? 'ok',
      error: trouble?.error ?? null,
      utilizationPercent: figureOf(cell('utilization.gpu')),
      memoryUtilizationPercent: figureOf(cell('utilization.memory')),
      memoryUsedBytes,
      memoryFreeBytes: mebibytes(cell('memory.free')),
      temperatureCelsius,
      powerWatts: figureOf(cell('power.draw')),
      fanPercent: figureOf(cell('fan.speed')),
      smClockMHz: figureOf(cell('clocks.sm')),
      memoryClockMHz: figureOf(cell('clocks.mem')),
      performanceState: textOf(cell('pstate')),
    },
  };
}

export interface ComputeProcessRow {
  uuid: string | null;
  pciAddress: string | null;
  pid: number;
  gpuMemoryBytes: number | null;
}

/** Parses one line of `--query-compute-apps=PROCESS_FIELDS`; null where it is no such line. */
export function parseProcessLine(line: string): ComputeProcessRow | null {
  const [uuid, address, pid, memory, ...more] = line.split(',').map((cell) => cell.trim());
  if (pid === undefined || memory === undefined || more.length > 0 || !/^\d+$/.test(pid)) return null;
  const pciAddress = textOf(address);
  return {
    uuid: textOf(uuid),
    pciAddress: pciAddress === null ? null : normalPciAddress(pciAddress),
    pid: Number(pid),
    gpuMemoryBytes: mebibytes(memory),
  };
}

/** What `--query-compute-apps` prints, without failing, where a GPU tells of no process; and warnings beside. */
export function tellsNoProcess(line: string): boolean {
  const isRow = line.split(',').length === PROCESS_FIELDS.length;
  return (
    isRow ||
    /^\s*(?:WARNING:|\[(?:N\/A|Not Supported|Not Found|Insufficient Permissions)\]|No running processes)/i.test(
      line,
    )
  );
}

export interface MonitoredProcess {
  gpuIndex: number;
  pid: number;
  /** `C`, `G`, `C+G`, and `M+C` of a client of MPS. */
  type: string | null;
  gpuMemoryBytes: number | null;
  utilizationPercent: number | null;
}

/** Reads `pmon -s um`, whose columns differ by driver: its header line says which is which. */
export function createPmonParser(): (line: string) => MonitoredProcess | null {
  let columns: string[] = [];
  return (line) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === '#') {
      if (words[1] === 'gpu') columns = words.slice(1);
      return null;
    }
    const at = (name: string) => words[columns.indexOf(name)];
    const gpu = at('gpu');
    const pid = at('pid');
    if (!/^\d+$/.test(gpu ?? '') || !/^\d+$/.test(pid ?? '')) return null;
    return {
      gpuIndex: Number(gpu),
      pid: Number(pid),
      type: /^[CGM+]{1,5}$/.exec(at('type') ?? '')?.[0] ?? null,
      gpuMemoryBytes: mebibytes(at('fb')),
      utilizationPercent: figureOf(at('sm')),
    };
  };
}

/** The GPU that broke the tool; where the tool does not even know its address, by its index alone. */
export interface BrokenGpu {
  index: number | null;
  pciAddress: string | null;
  error: string;
}

/** `Unable to determine the device handle for GPU 0000:41:00.0: …`; also `GPU1: 0000:41:00.0: …` and `GPU1: …`. */
export function parseBrokenGpu(line: string): BrokenGpu | null {
  const match = /device handle for GPU\s*(?:(\d+):\s)?(?:([0-9a-f:]+\.[0-9a-f]):)?\s*(.+?)\s*$/i.exec(line);
  const [, index, address, error = ''] = match ?? [];
  if (index === undefined && address === undefined) return null;
  return {
    index: index === undefined ? null : Number(index),
    pciAddress: address === undefined ? null : normalPciAddress(address),
    error,
  };
}
