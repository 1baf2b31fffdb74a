import { noGpuFacts } from './absent.ts';
import {
  gpuColumnNames,
  gpuProcessColumnNames,
  jobColumnNames,
  topProcessColumnNames,
  toRows,
} from './columns.ts';
import type { JobSample } from './jobs.ts';
import type { KnownFacts } from './known-facts.ts';
import type {
  ReportedGpu,
  ReportedGpuProcess,
  ReportedJob,
  ReportedSample,
  ReportedTopProcess,
} from './node.ts';
import type { GpuProcessSample, GpuSample, Sample, TopProcessSample } from './sample.ts';

const unknownGpu = { ...noGpuFacts, vendor: '' };

const unknownProcess = { startTimeMs: null, user: null, command: null, arguments: null, job: null };

/**
 * Rows are told apart by their number or key: of those that have the same one, the first counts. Told otherwise, one
 * GPU would be shown with all its processes as often as a node likes.
 */
function distinct<Row, Key>(rows: Row[], keyOf: (row: Row) => Key): Row[] {
  const keys = new Set(rows.map(keyOf));
  if (keys.size === rows.length) return rows;
  return rows.filter((row) => keys.delete(keyOf(row)));
}

/** A sample with what was said once merged in: the shape that the API and the status file show. */
export function mergeSample(sample: Sample, { gpus, processes, jobs }: KnownFacts): ReportedSample {
  const byIndex = new Map((gpus ?? []).map((row) => [row.index, row]));
  const { type: _type, ...rest } = sample;
  const gpuRows =
    sample.gpus && distinct(toRows<GpuSample>(sample.gpus, gpuColumnNames), ({ index }) => index);
  const gpuProcessRows =
    sample.gpuProcesses && toRows<GpuProcessSample>(sample.gpuProcesses, gpuProcessColumnNames);
  const topRows = sample.topProcesses && toRows<TopProcessSample>(sample.topProcesses, topProcessColumnNames);
  const jobRows = sample.jobs && distinct(toRows<JobSample>(sample.jobs, jobColumnNames), ({ key }) => key);
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
    jobs:
      jobRows?.flatMap((row): ReportedJob[] => {
        const facts = jobs.get(row.key);
        return facts ? [{ ...facts, ...row }] : [];
      }) ?? null,
  };
}
