import { noGpuFacts, noGpuFigures, noGpuProcessFigures } from '../protocol/absent.ts';
import type { GpuFacts } from '../protocol/gpu-facts.ts';
import type { GpuProcessSample, GpuSample } from '../protocol/sample.ts';
import { type DemoNode, isLostGpu, pciAddressOf } from './hardware.ts';
import type { DemoJob } from './jobs.ts';
import { type Noise, tenths } from './noise.ts';

/** The GPUs of a simulated node, and who uses them, as a monitor tells them. */

const MIB = 1024 ** 2;

const indexesOf = (node: DemoNode) => Array.from({ length: node.gpuCount }, (_, index) => index);

/** As a monitor tells them once. */
export const gpuFacts = (node: DemoNode): GpuFacts[] =>
  indexesOf(node).map((index) => ({
    ...noGpuFacts,
    index,
    uuid: `GPU-demo-${node.name}-${index}`,
    name: node.gpuModel,
    vendor: 'NVIDIA',
    pciAddress: pciAddressOf(index),
    memoryTotalBytes: node.gpuMemoryMiB * MIB,
    powerLimitWatts: node.gpuLimitWatts,
    driverVersion: '580.105.08',
  }));

/** One row for each GPU; the lost one has no figures. */
export const gpuRows = (node: DemoNode, jobs: readonly DemoJob[], noise: Noise): GpuSample[] =>
  indexesOf(node).map((index) => {
    if (isLostGpu(node, index)) return { ...noGpuFigures, index, health: 'lost', error: 'GPU is lost' };
    return workingGpu(
      node,
      index,
      jobs.find((job) => job.gpus.includes(index)),
      noise,
    );
  });

function workingGpu(node: DemoNode, index: number, job: DemoJob | undefined, noise: Noise): GpuSample {
  const utilization = job
    ? Math.min(100, noise(job.utilizationPercent, job.utilizationPercent > 0 ? 4 : 0))
    : 0;
  const share = utilization / 100;
  const used = job ? job.memoryShare * node.gpuMemoryMiB : 4;
  return {
    ...noGpuFigures,
    index,
    health: 'ok',
    error: null,
    utilizationPercent: Math.round(utilization),
    memoryUtilizationPercent: Math.round(utilization * 0.6),
    memoryUsedBytes: Math.round(used) * MIB,
    memoryFreeBytes: Math.round(node.gpuMemoryMiB - used - 550) * MIB,
    temperatureCelsius: Math.round(noise(31 + 38 * share, 1)),
    powerWatts: Math.round(noise(node.gpuLimitWatts * (0.12 + 0.82 * share), 4)),
    fanPercent: node.gpuLimitWatts === 450 ? Math.round(30 + 45 * share) : null,
    smClockMHz: Math.round(345 + 1600 * Math.min(1, share * 3)),
    memoryClockMHz: 2619,
    performanceState: utilization > 0 ? 'P0' : 'P8',
  };
}

/** One row for each GPU of each job. */
export const gpuProcessRows = (node: DemoNode, jobs: readonly DemoJob[], noise: Noise): GpuProcessSample[] =>
  jobs.flatMap((job) => {
    // One process: its own figures are the same on each of its GPUs.
    const own = {
      ...noGpuProcessFigures,
      pid: job.pid,
      type: 'C',
      state: job.utilizationPercent > 0 ? 'R' : 'S',
      cpuPercent: tenths(Math.min(noise(100, 5), job.cpuPercent)),
      residentBytes: Math.round(job.residentBytes * 0.4),
      gpuMemoryBytes: Math.round(job.memoryShare * node.gpuMemoryMiB - 20) * MIB,
      treeCpuPercent: tenths(noise(job.cpuPercent, job.cpuPercent / 20)),
      treeResidentBytes: Math.round(job.residentBytes),
    };
    return job.gpus.map((gpuIndex) => ({
      ...own,
      gpuIndex,
      gpuUtilizationPercent: utilizationOf(job, noise),
    }));
  });

const utilizationOf = (job: DemoJob, noise: Noise) =>
  job.utilizationPercent > 0 ? Math.round(Math.min(100, noise(job.utilizationPercent, 4))) : 0;
