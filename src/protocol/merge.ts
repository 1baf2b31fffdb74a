import { gpuColumnNames, gpuProcessColumnNames, topProcessColumnNames, toRows } from './columns.ts';
import type { GpuFacts, ProcessFacts } from './hello.ts';
import type { ReportedGpu, ReportedGpuProcess, ReportedSample, ReportedTopProcess } from './node.ts';
import type { GpuProcessSample, GpuSample, Sample, TopProcessSample } from './sample.ts';

const unknownGpu = {
  uuid: null,
  name: null,
  vendor: '',
  pciAddress: null,
  memoryTotalBytes: null,
  powerLimitWatts: null,
  driverVersion: null,
};

const unknownProcess = { startTimeMs: null, user: null, command: null, arguments: null };

/** A sample with what was said once merged in: the shape that the API and the status file show. */
export function mergeSample(
  sample: Sample,
  gpus: readonly GpuFacts[] | null,
  processes: ReadonlyMap<number, ProcessFacts>,
): ReportedSample {
  const byIndex = new Map((gpus ?? []).map((row) => [row.index, row]));
  const { type: _type, ...rest } = sample;
  const gpuRows = sample.gpus && toRows<GpuSample>(sample.gpus, gpuColumnNames);
  const gpuProcessRows =
    sample.gpuProcesses && toRows<GpuProcessSample>(sample.gpuProcesses, gpuProcessColumnNames);
  const topRows = sample.topProcesses && toRows<TopProcessSample>(sample.topProcesses, topProcessColumnNames);
  return {
    ...rest,
    gpus: gpuRows?.map((row): ReportedGpu => ({ ...unknownGpu, ...byIndex.get(row.index), ...row })) ?? null,
    gpuProcesses:
      gpuProcessRows?.map(
        (row): ReportedGpuProcess => ({ ...unknownProcess, ...processes.get(row.pid), ...row }),
      ) ?? null,
    topProcesses:
      topRows?.map((row): ReportedTopProcess => ({ ...unknownProcess, ...processes.get(row.pid), ...row })) ??
      null,
  };
}

/** What was said once, kept up to date by `facts` messages. Bounded by what the schema lets through. */
export interface KnownFacts {
  gpus: GpuFacts[] | null;
  processes: Map<number, ProcessFacts>;
}

const MAX_KNOWN_PROCESSES = 4096;

/** Takes a `facts` message into what is known. */
export function applyFacts(
  known: KnownFacts,
  facts: {
    gpus?: GpuFacts[] | null | undefined;
    processes?: ProcessFacts[] | undefined;
    gone?: number[] | undefined;
  },
): void {
  if (facts.gpus !== undefined) known.gpus = facts.gpus;
  for (const pid of facts.gone ?? []) known.processes.delete(pid);
  for (const row of facts.processes ?? []) {
    if (known.processes.size < MAX_KNOWN_PROCESSES || known.processes.has(row.pid))
      known.processes.set(row.pid, row);
  }
}
