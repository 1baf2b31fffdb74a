import { toShortFloat } from '../../src/lib/short-floats.ts';
import type { JobKind } from '../../src/protocol/job-kinds.ts';
import type { ReportedGpu } from '../../src/protocol/reported-sample.ts';
import type { SampleBrief } from '../../src/protocol/sample-brief.ts';
import type { NodeReport } from '../../src/report/node-report.ts';
import { fakeGpu, fakeJob, fakeNode, fakeReportedJob } from './fake-cluster.ts';

/** Nodes, GPUs and jobs over time, and what their samples say of one moment: for tests of the ledger. */

export const SAMPLE_MS = 10_000;

/** What one GPU does; null where the driver does not tell. */
export interface GpuMoment {
  index: number;
  uuid: string;
  model: string;
  percent: number | null;
  bytes: number | null;
  watts: number | null;
}

/** A job on one node at one moment. */
export interface JobMoment {
  kind: JobKind;
  id: string;
  user: string | null;
  /** Indexes of GPUs with a process of it. */
  touched: readonly number[];
  /** Indexes of GPUs that a scheduler gave it. */
  allocated?: readonly number[];
  cpuPercent?: number | null;
  residentBytes?: number | null;
  /** By the node's clock. */
  startTimeMs: number | null;
  name?: string | null;
  command?: string;
}

export interface NodeMoment {
  node: string;
  sequence: number;
  intervalMs?: number;
  /** By the node's clock. */
  takenAtMs: number;
  gpus: readonly GpuMoment[];
  /** Null where they cannot be read. */
  jobs: readonly JobMoment[] | null;
}

/** Made once: tests make tens of thousands of reports. */
const bareNode = fakeNode('node');
const bareGpu = fakeGpu(0);
const bareProcess = fakeJob(0, 0);

const told = (value: number | null) => toShortFloat(value ?? Number.NaN);
const keyOf = ({ kind, id }: JobMoment) => `${kind}:${id}`;

/** As a monitor makes it of the same moment. */
export function briefOf({ sequence, intervalMs = SAMPLE_MS, gpus, jobs }: NodeMoment): SampleBrief {
  const held = new Set((jobs ?? []).flatMap(({ touched }) => touched));
  return {
    sequence,
    intervalMs,
    failedCollectors: 0,
    machine: [],
    gpus:
      gpus.length === 0
        ? null
        : {
            index: gpus.map(({ index }) => index),
            isHeld: gpus.map(({ index }) => held.has(index)),
            // Of the temperature nothing is known.
            cells: gpus.flatMap(({ percent, bytes, watts }) => [told(percent), told(bytes), 0, told(watts)]),
          },
    jobs: jobs && { key: jobs.map(keyOf), cells: jobs.flatMap(() => [0, 0, 0]) },
  };
}

/** A scheduler's job that runs nothing on the node is known from the scheduler alone. */
const isTold = ({ touched, cpuPercent }: JobMoment) => touched.length > 0 || cpuPercent !== undefined;

const reportedJob = (job: JobMoment) =>
  fakeReportedJob(keyOf(job), {
    id: job.id,
    user: job.user,
    name: job.name ?? null,
    cpuPercent: job.cpuPercent ?? null,
    residentBytes: job.residentBytes ?? null,
    startTimeMs: job.startTimeMs,
  });

/** What the head reports of the same moment. */
export function reportOf({
  node,
  sequence,
  intervalMs = SAMPLE_MS,
  takenAtMs,
  gpus,
  jobs,
}: NodeMoment): NodeReport {
  const rows: ReportedGpu[] = gpus.map(({ index, uuid, model, percent, bytes, watts }) => {
    const owner = jobs?.find(({ allocated }) => allocated?.includes(index));
    return {
      ...bareGpu,
      index,
      uuid,
      name: model,
      utilizationPercent: percent,
      memoryUsedBytes: bytes,
      powerWatts: watts,
      allocation: owner ? { jobKey: keyOf(owner), jobId: owner.id, user: owner.user } : null,
    };
  });
  return {
    ...bareNode,
    name: node,
    sampleAgeMs: 0,
    sample: bareNode.sample && {
      ...bareNode.sample,
      sequence,
      intervalMs,
      takenAtMs,
      gpus: rows,
      topProcesses: [],
      jobs: jobs === null ? null : jobs.filter(isTold).map(reportedJob),
      gpuProcesses: (jobs ?? []).flatMap((job, at) =>
        job.touched.map((gpuIndex) => ({
          ...bareProcess,
          pid: 1_000 + at,
          gpuIndex,
          job: keyOf(job),
          user: job.user,
          command: job.command ?? 'python',
          arguments: '',
          startTimeMs: job.startTimeMs,
        })),
      ),
    },
  };
}
