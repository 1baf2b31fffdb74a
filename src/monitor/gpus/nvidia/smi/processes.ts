import { noGpuProcessFigures } from '../../../../protocol/absent.ts';
import type { GpuFacts } from '../../../../protocol/gpu-facts.ts';
import type { System } from '../../../system.ts';
import type { GpuProcessReading } from '../../provider.ts';
import {
  type ComputeProcessRow,
  createPmonParser,
  type MonitoredProcess,
  parseProcessLine,
  tellsNoProcess,
} from '../nvidia-smi-parse.ts';

interface Seen<T> {
  value: T;
  atMs: number;
}

/** What the tool says of processes: the query lists what computes, `pmon` what draws as well. */
export interface SmiProcesses {
  /** A line of the query; false where it is no answer. */
  takeQueried(line: string): boolean;
  /** A line of `pmon`; false where it is no answer. */
  takeMonitored(line: string): boolean;
  /** On the given GPUs; rows that are too old are dropped. */
  read(nowMs: number, facts: readonly GpuFacts[]): GpuProcessReading[];
}

/** `freshMs`: how old a row may be, in milliseconds. `onComputing`: the query has named a process. */
export function createSmiProcesses(
  system: System,
  freshMs: () => number,
  onComputing: () => void,
): SmiProcesses {
  const queried = new Map<string, Seen<ComputeProcessRow>>();
  const monitored = new Map<string, Seen<MonitoredProcess>>();
  const parsePmon = createPmonParser();

  function dropOld<T>(seen: Map<string, Seen<T>>, nowMs: number): void {
    for (const [key, entry] of seen) if (nowMs - entry.atMs > freshMs()) seen.delete(key);
  }

  function computing(
    byAddress: ReadonlyMap<string | null, number>,
    byUuid: ReadonlyMap<string | null, number>,
  ): GpuProcessReading[] {
    return Array.from(queried.values()).flatMap(({ value }) => {
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
  }

  function drawing(indexes: ReadonlySet<number>): GpuProcessReading[] {
    return Array.from(monitored.values()).flatMap(({ value }) => {
      const { utilizationPercent, ...row } = value;
      if (row.type !== 'G' || !indexes.has(row.gpuIndex)) return [];
      return { ...noGpuProcessFigures, ...row, gpuUtilizationPercent: utilizationPercent };
    });
  }

  return {
    takeQueried(line) {
      const row = parseProcessLine(line);
      if (row === null) return tellsNoProcess(line);
      queried.set(`${row.uuid} ${row.pciAddress} ${row.pid}`, { value: row, atMs: system.monotonicMs() });
      onComputing();
      return true;
    },
    takeMonitored(line) {
      const row = parsePmon(line);
      if (row === null) return line.trim().startsWith('#') || /^\d+\s+-/.test(line.trim());
      monitored.set(`${row.gpuIndex} ${row.pid}`, { value: row, atMs: system.monotonicMs() });
      return true;
    },
    read(nowMs, facts) {
      dropOld(queried, nowMs);
      dropOld(monitored, nowMs);
      const byAddress = new Map(facts.map((gpu) => [gpu.pciAddress, gpu.index]));
      const byUuid = new Map(facts.map((gpu) => [gpu.uuid, gpu.index]));
      return [...computing(byAddress, byUuid), ...drawing(new Set(byAddress.values()))];
    },
  };
}
