import { MAX_EVENTS } from '../protocol/constants.ts';
import type { NodeEvent } from '../protocol/events.ts';
import type { Facts, GpuHolder } from '../protocol/hello.ts';
import { createDeviceHolders } from './gpus/nvidia/device-holders.ts';
import type { GpuReading } from './gpus/provider.ts';
import { type KernelLog, openKernelLog } from './kernel-log/kernel-log.ts';
import type { Leash } from './leash.ts';
import { findNvmlLibrary } from './nvidia-driver/library-path.ts';
import { readLibraryVersion, readModuleVersion, warnOfMismatch } from './nvidia-driver/versions.ts';
import type { System } from './system.ts';

/** What happens around the GPUs beside their figures. */
export interface NodeWatch {
  /** What is new since the last call. `pids`: all processes. */
  news(
    reading: GpuReading,
    jobOf: (pid: number) => string | null,
    pids: Iterable<number>,
  ): Pick<Facts, 'events' | 'warnings' | 'gpuHolders'>;
  stop(): void;
}

/** A package upgrade is no matter of seconds. */
const VERSIONS_EVERY_MS = 60_000;
const MOST_JOBS = 64;

/** Nothing is opened before a GPU is known. */
export function watchNode(system: System, leash: Leash): NodeWatch {
  const holders = createDeviceHolders(system);
  let log: KernelLog | null = null;
  let versionsDueMs = Number.NEGATIVE_INFINITY;
  let told: { warnings: string; holders: readonly GpuHolder[]; holdersText: string } = {
    warnings: '[]',
    holders: [],
    holdersText: '[]',
  };

  function readWarnings() {
    const library = findNvmlLibrary(system);
    if (library === null) return [];
    return warnOfMismatch(readModuleVersion(system), readLibraryVersion(system, library));
  }

  /** Nodes without GPUs have nothing that is looked for. */
  function newEvents(reading: GpuReading, jobOf: (pid: number) => string | null): NodeEvent[] {
    if (log === null) {
      if (reading.facts.length === 0) return [];
      log = openKernelLog(system, leash);
    }
    return log.drain().map((event) => ({ ...event, jobs: jobsAt(event, reading, jobOf) }));
  }

  return {
    news(reading, jobOf, pids) {
      const news: ReturnType<NodeWatch['news']> = {};
      const events = newEvents(reading, jobOf);
      if (events.length > 0) news.events = events.slice(-MAX_EVENTS);
      const nowMs = system.monotonicMs();
      if (nowMs >= versionsDueMs) {
        versionsDueMs = nowMs + VERSIONS_EVERY_MS;
        const warnings = readWarnings();
        const text = JSON.stringify(warnings);
        if (text !== told.warnings) news.warnings = warnings;
        told = { ...told, warnings: text };
      }
      const found = holders.find(reading, pids);
      if (found === told.holders) return news;
      const text = JSON.stringify(found);
      if (text !== told.holdersText) news.gpuHolders = [...found];
      told = { ...told, holders: found, holdersText: text };
      return news;
    },
    stop: () => log?.stop(),
  };
}

/** The job of the process that the message names, else all on that GPU. */
function jobsAt(
  { pid, pciAddress }: Omit<NodeEvent, 'jobs'>,
  { facts, processes }: GpuReading,
  jobOf: (pid: number) => string | null,
): string[] {
  const own = pid === null ? null : jobOf(pid);
  if (own !== null) return [own];
  const indexes = new Set(
    facts.filter((gpu) => pciAddress !== null && gpu.pciAddress === pciAddress).map(({ index }) => index),
  );
  const here = processes.filter(({ gpuIndex }) => indexes.has(gpuIndex));
  return [...new Set(here.flatMap((process) => jobOf(process.pid) ?? []))].slice(0, MOST_JOBS);
}
