import { noGpuFigures, noGpuProcessFigures } from '../../protocol/absent.ts';
import { absentOf } from '../../protocol/column-kinds.ts';
import {
  jobFigureColumns,
  processFigureColumns,
  processTreeColumns,
} from '../../protocol/process-columns.ts';
import type { NodeReport } from '../../report/node-report.ts';
import type { FrameNode } from '../engine/frames.ts';

/**
 * A node as it was: what changes seldom (its hardware, processes and jobs) is kept whole whenever it changes, and what
 * changes always comes from the frame of the minute.
 */

const noProcessFigures = {
  ...absentOf(processFigureColumns),
  ...noGpuProcessFigures,
  ...absentOf(processTreeColumns),
  // What a program was called with is nobody's business weeks later.
  arguments: null,
};
const noJobFigures = absentOf(jobFigureColumns);

/** The report without what changes always. Pure. */
export function snapshotOf(report: NodeReport): NodeReport {
  const { sample } = report;
  return {
    ...report,
    cause: null,
    message: null,
    hint: null,
    lastLines: [],
    logPath: null,
    sampleAgeMs: null,
    events: [],
    marks: [],
    sample: sample && {
      ...sample,
      cpu: null,
      memory: sample.memory && {
        ...sample.memory,
        availableBytes: null,
        usedBytes: null,
        swapUsedBytes: null,
      },
      filesystems: null,
      disks: null,
      network: null,
      topProcesses: null,
      gpus: sample.gpus?.map((gpu) => ({ ...gpu, ...noGpuFigures })) ?? null,
      gpuProcesses:
        sample.gpuProcesses?.map((one) => ({ ...one, ...noProcessFigures, type: one.type })) ?? null,
      jobs: sample.jobs?.map((job) => ({ ...job, ...noJobFigures })) ?? null,
    },
  };
}

/** The same as long as nothing changed that a snapshot is kept for. Pure. */
export function snapshotKey({ tags, hello, sample, gpuHolders, scheduler }: NodeReport): string {
  const gpus = sample?.gpus?.map(
    (gpu) => `${gpu.index} ${gpu.uuid} ${gpu.health} ${gpu.allocation?.jobKey} ${gpu.isDrained}`,
  );
  const processes = sample?.gpuProcesses?.map(({ pid, gpuIndex, job }) => `${pid} ${gpuIndex} ${job}`);
  const jobs = sample?.jobs?.map(({ key, user }) => `${key} ${user}`);
  const words = [
    tags,
    [hello?.build, hello?.pid, scheduler?.state],
    gpus,
    processes?.sort(),
    jobs?.sort(),
    gpuHolders.map(({ pid }) => pid),
  ];
  return words.map((list) => list?.join(',')).join('\n');
}

/** The node at a minute: `frame` is null where it was not heard then. Pure. */
export function reportAt(snapshot: NodeReport, frame: FrameNode | null, atMs: number): NodeReport {
  if (frame === null)
    return {
      ...snapshot,
      state: snapshot.state === 'disabled' ? 'disabled' : 'unreachable',
      message: 'It was not heard in this minute.',
      sample: null,
    };
  const { sample } = snapshot;
  const gpus = new Map(frame.gpus.map((gpu) => [gpu.index, gpu]));
  return {
    ...snapshot,
    state: 'live',
    sampleAgeMs: 0,
    sample: sample && {
      ...sample,
      takenAtMs: atMs,
      cpu:
        frame.cpuPercent === null
          ? null
          : { totalPercent: frame.cpuPercent, corePercents: [], load1: null, load5: null, load15: null },
      memory: sample.memory && { ...sample.memory, usedBytes: frame.memoryUsedBytes },
      gpus:
        sample.gpus?.map((gpu) => {
          const { index: _index, ...figures } = gpus.get(gpu.index) ?? { index: gpu.index };
          return { ...gpu, ...figures };
        }) ?? null,
    },
  };
}
