import type { CollectorName } from '../protocol/collector-names.ts';
import {
  gpuColumnNames,
  gpuProcessColumnNames,
  jobColumnNames,
  toColumns,
  topProcessColumnNames,
} from '../protocol/columns.ts';
import type { Facts } from '../protocol/hello.ts';
import type { CollectorReport, Sample } from '../protocol/sample.ts';
import { readKernelUnits } from './auxiliary-vector.ts';
import { createCpuCollector } from './collectors/cpu.ts';
import { createDiskCollector } from './collectors/disks.ts';
import { createFilesystemCollector } from './collectors/filesystems.ts';
import { createMemoryCollector } from './collectors/memory.ts';
import { createNetworkCollector } from './collectors/network.ts';
import { createProcessCollector } from './collectors/processes.ts';
import type { GpuCollector } from './gpus/gpu-collector.ts';
import type { GpuReading } from './gpus/provider.ts';
import { createJobFacts } from './jobs/job-facts.ts';
import type { JobNames } from './jobs/job-names.ts';
import type { NodeWatch } from './node-watch.ts';
import { createProcessFacts } from './process-facts.ts';
import type { System } from './system.ts';

export interface Sampler {
  /** Takes the readings that rates are computed against; call once before the first sample. */
  prime(): void;
  /** While nobody watches, costly scans are repeated less often and their last result is told again. */
  sample(sequence: number, intervalMs: number, watched: boolean): { facts: Facts | null; sample: Sample };
  close(): void;
}

const hundredths = (value: number) => Math.round(value * 100) / 100;

/** Runs every collector on its own: one that fails reports so and hides no other. */
export function createSampler(
  system: System,
  gpus: GpuCollector,
  jobNames: JobNames | null,
  watch: NodeWatch,
): Sampler {
  const cpu = createCpuCollector(system);
  const memory = createMemoryCollector(system);
  const filesystems = createFilesystemCollector(system);
  const disks = createDiskCollector(system);
  const network = createNetworkCollector(system);
  const processes = createProcessCollector(system, readKernelUnits(system), jobNames);
  const processFacts = createProcessFacts({ ...processes, monotonicMs: system.monotonicMs });
  const jobFacts = createJobFacts(processes.jobFacts);
  let toldGpus: { rows: GpuReading['facts']; text: string } = { rows: [], text: '' };

  function collect(
    intervalMs: number,
    sequence: number,
    watched: boolean,
  ): { sample: Sample; onGpus: GpuReading | null } {
    const collectors: Partial<Record<CollectorName, CollectorReport>> = {};
    function run<T>(name: CollectorName, collector: () => T): T | null {
      const startedMs = system.monotonicMs();
      try {
        const value = collector();
        collectors[name] = { ok: true, ms: hundredths(system.monotonicMs() - startedMs) };
        return value;
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        collectors[name] = { ok: false, ms: hundredths(system.monotonicMs() - startedMs), error: text };
        return null;
      }
    }
    /** Figures that are good, and a word about them. */
    function note(name: CollectorName, text: string | null | undefined): void {
      const report = collectors[name];
      if (text && report) report.note = text;
    }
    const onGpus = run('gpus', gpus.read);
    if (onGpus?.error) collectors.gpus = { ok: false, ms: collectors.gpus?.ms ?? null, error: onGpus.error };
    const known = onGpus?.known ? onGpus : null;
    const onCpu = run('cpu', cpu.collect);
    const onProcesses = run('processes', () =>
      processes.collect(onGpus?.processes ?? [], watched, onCpu && cpu.processTicks()),
    );
    note('processes', onProcesses?.note);
    note('gpus', onGpus?.note);
    const onFilesystems = run('filesystems', () => filesystems.collect(watched));
    note('filesystems', onFilesystems && filesystems.note());
    const onDisks = run('disks', disks);
    note('disks', onDisks?.note);
    const onNetwork = run('network', network);
    note('network', onNetwork?.note);
    const sample: Sample = {
      type: 'sample',
      sequence,
      takenAtMs: system.now(),
      intervalMs,
      cpu: onCpu,
      memory: run('memory', memory),
      filesystems: onFilesystems,
      disks: onDisks?.rows ?? null,
      network: onNetwork?.rows ?? null,
      gpus: known && toColumns(known.gpus, gpuColumnNames),
      gpuProcesses: known && onProcesses && toColumns(onProcesses.gpuProcesses, gpuProcessColumnNames),
      processCount: onProcesses?.processCount ?? null,
      topProcesses: onProcesses && toColumns(onProcesses.topProcesses, topProcessColumnNames),
      jobs: onProcesses && toColumns(onProcesses.jobs, jobColumnNames),
      collectors: collectors as Record<CollectorName, CollectorReport>,
    };
    return { sample, onGpus: known };
  }

  function newFacts(sample: Sample, onGpus: GpuReading | null): Facts | null {
    const pids = new Set([...(sample.gpuProcesses?.pid ?? []), ...(sample.topProcesses?.pid ?? [])]);
    const facts: Facts = { type: 'facts' };
    if (onGpus !== null && areNewGpus(onGpus.facts)) facts.gpus = onGpus.facts;
    if (onGpus !== null)
      attempt(sample, 'gpus', 'kernel messages and holders', () => {
        Object.assign(facts, watch.news(onGpus, processes.jobOf, processes.pids()));
      });
    attempt(sample, 'processes', 'facts', () => tellProcesses(facts, pids));
    attempt(sample, 'processes', 'jobs', () => tellJobs(facts, sample.jobs?.key ?? null));
    return Object.keys(facts).length > 1 ? facts : null;
  }

  /** Most providers hand on the same objects while nothing changes. */
  function areNewGpus(rows: GpuReading['facts']): boolean {
    const before = toldGpus;
    if (
      rows.length > 0 &&
      rows.length === before.rows.length &&
      rows.every((row, at) => row === before.rows[at])
    )
      return false;
    toldGpus = { rows, text: JSON.stringify(rows) };
    return toldGpus.text !== before.text;
  }

  /** What goes wrong beside the figures must not take them along. */
  function attempt(sample: Sample, name: CollectorName, what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      sample.collectors[name].error ??= `${what}: ${error instanceof Error ? error.message : error}`;
    }
  }

  function tellProcesses(facts: Facts, pids: ReadonlySet<number>): void {
    const { processes: news, gone } = processFacts.update(pids);
    if (news.length > 0) facts.processes = news;
    if (gone.length > 0) facts.gone = gone;
  }

  function tellJobs(facts: Facts, keys: readonly string[] | null): void {
    if (keys === null) return;
    const { jobs, gone } = jobFacts.update(keys);
    if (jobs.length > 0) facts.jobs = jobs;
    if (gone.length > 0) facts.goneJobs = gone;
  }

  return {
    prime() {
      collect(0, 1, true);
    },
    sample(sequence, intervalMs, watched) {
      const { sample, onGpus } = collect(intervalMs, sequence, watched);
      return { facts: newFacts(sample, onGpus), sample };
    },
    close: () => processes.close(),
  };
}
