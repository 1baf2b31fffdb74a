import type { Sample } from '../protocol/sample.ts';
import { filesystemRows } from './filesystem-rows.ts';
import type { DemoNode } from './hardware.ts';
import type { DemoJob } from './jobs.ts';
import { type Noise, tenths } from './noise.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** What a simulated node tells of itself, apart from GPUs, processes and jobs. */
export type HostFigures = Pick<Sample, 'cpu' | 'memory' | 'filesystems' | 'disks' | 'network'>;

/** CPU and memory follow the jobs. */
export function hostFigures(node: DemoNode, jobs: readonly DemoJob[], noise: Noise): HostFigures {
  return {
    cpu: cpuFigures(node, jobs, noise),
    memory: memoryFigures(node, jobs),
    filesystems: filesystemRows(node),
    disks: [
      {
        name: 'nvme0n1',
        readBytesPerSecond: Math.round(noise(40, 40) * MIB),
        writeBytesPerSecond: Math.round(noise(12, 12) * MIB),
        busyPercent: Math.round(noise(6, 6)),
      },
    ],
    network: [
      {
        name: 'eno1',
        receiveBytesPerSecond: Math.round(noise(8, 8) * MIB),
        transmitBytesPerSecond: Math.round(noise(2, 2) * MIB),
      },
    ],
  };
}

function cpuFigures(node: DemoNode, jobs: readonly DemoJob[], noise: Noise): Sample['cpu'] {
  const cpuOfJobs = jobs.reduce((sum, job) => sum + job.cpuPercent, 0);
  const base = node.role === 'cpu' ? 64 : 1.5;
  const total = Math.min(100, noise(base + cpuOfJobs / node.cores, 1));
  return {
    totalPercent: tenths(total),
    corePercents: Array.from({ length: node.cores }, () => Math.round(Math.min(100, noise(total, 12)))),
    load1: Math.round(noise((total / 100) * node.cores, 0.5) * 100) / 100,
    load5: Math.round((total / 100) * node.cores * 100) / 100,
    load15: Math.round((total / 100) * node.cores * 97) / 100,
  };
}

function memoryFigures(node: DemoNode, jobs: readonly DemoJob[]): Sample['memory'] {
  const used = jobs.reduce((sum, job) => sum + job.residentBytes, node.memoryGiB * GIB * 0.04);
  return {
    totalBytes: node.memoryGiB * GIB,
    availableBytes: Math.round(node.memoryGiB * GIB - used),
    usedBytes: Math.round(used),
    swapTotalBytes: 8 * GIB,
    swapUsedBytes: 0,
  };
}
