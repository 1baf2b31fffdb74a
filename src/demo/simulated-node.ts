import { noGpuFacts, noGpuFigures, noGpuProcessFigures } from '../protocol/absent.ts';
import {
  gpuColumnNames,
  gpuProcessColumnNames,
  jobColumnNames,
  toColumns,
  topProcessColumnNames,
} from '../protocol/columns.ts';
import { PROTOCOL_VERSION } from '../protocol/constants.ts';
import type { GpuFacts } from '../protocol/gpu-facts.ts';
import type { Facts, Hello, ProcessFacts } from '../protocol/hello.ts';
import type {
  CollectorName,
  CollectorReport,
  GpuProcessSample,
  GpuSample,
  Sample,
  TopProcessSample,
} from '../protocol/sample.ts';
import { collectorNames } from '../protocol/sample.ts';
import { filesystemRows } from './filesystem-rows.ts';
import { type DemoNode, LOST_GPU, pciAddressOf } from './hardware.ts';
import { type DemoService, demoServices, jobFacts, jobRows, keyOfJob, keyOfService } from './job-rows.ts';
import { createJob, type DemoJob, spanningJobs } from './jobs.ts';
import { pastEvents } from './past-events.ts';

/** One node that exists in this process only and speaks a monitor's messages. */
export interface SimulatedNode {
  hello(): Hello;
  /** What a monitor would say in this second. */
  tick(): (Facts | Sample)[];
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const DAY_MS = 86_400_000;
const tenths = (value: number) => Math.round(value * 10) / 10;

/** `now`: epoch ms. The same for the same `random`. */
export function createSimulatedNode(node: DemoNode, random: () => number, now: () => number): SimulatedNode {
  const bootTimeMs = now() - (3 + random() * 90) * DAY_MS;
  const isLost = (index: number) => node.role === 'lost-gpu' && index === LOST_GPU;
  let jobs: DemoJob[] = [];
  let sequence = 0;
  let told = new Set<number>();
  let toldJobs = new Set<string>();
  const services = demoServices(bootTimeMs);
  const noise = (value: number, spread: number) => Math.max(0, value + (random() - 0.5) * 2 * spread);

  function freeGpus(): number[] {
    const taken = new Set(jobs.flatMap((job) => job.gpus));
    return Array.from({ length: node.gpuCount }, (_, index) => index).filter(
      (index) => !taken.has(index) && !isLost(index),
    );
  }

  function startJobs(isFirst: boolean): void {
    const wanted = { busy: 1, mixed: 0.6, held: 0.35, 'lost-gpu': 0.8, unreachable: 0.5, idle: 0, cpu: 0 }[
      node.role
    ];
    if (isFirst) jobs.push(...spanningJobs(node, now(), random));
    for (let free = freeGpus(); free.length > 0; free = freeGpus()) {
      const busyShare = 1 - free.length / Math.max(1, node.gpuCount);
      if (busyShare >= wanted || (!isFirst && random() > 0.08)) break;
      const size = Math.min(free.length, random() < 0.5 ? 1 : node.gpuCount >= 8 && random() < 0.4 ? 4 : 2);
      const ranMs = isFirst ? random() * 2 * DAY_MS : 0;
      jobs.push(createJob(node, free.slice(0, size), now(), ranMs, random, 'work'));
    }
    if (isFirst && node.role === 'held') {
      for (const index of freeGpus().slice(0, 3)) {
        jobs.push(createJob(node, [index], now(), (5 + random() * 40) * 3_600_000, random, 'notebook'));
      }
    }
  }

  function gpuFacts(): GpuFacts[] {
    return Array.from({ length: node.gpuCount }, (_, index) => ({
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
  }

  function gpuSample(index: number): GpuSample {
    const job = jobs.find((candidate) => candidate.gpus.includes(index));
    const utilization = job
      ? Math.min(100, noise(job.utilizationPercent, job.utilizationPercent > 0 ? 4 : 0))
      : 0;
    const share = utilization / 100;
    const used = job ? job.memoryShare * node.gpuMemoryMiB : 4;
    if (isLost(index)) return lostGpu(index);
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

  function gpuProcesses(): GpuProcessSample[] {
    return jobs.flatMap((job) => {
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
      return job.gpus.map((gpuIndex) => ({ ...own, gpuIndex, gpuUtilizationPercent: utilizationOf(job) }));
    });
  }

  function utilizationOf(job: DemoJob): number {
    return job.utilizationPercent > 0 ? Math.round(Math.min(100, noise(job.utilizationPercent, 4))) : 0;
  }

  function topProcesses(): TopProcessSample[] {
    const system = services.map((service) => ({
      pid: service.pid,
      state: 'S',
      cpuPercent: serviceCpu(service),
      residentBytes: service.residentBytes,
    }));
    const own = jobs.map((job) => ({
      pid: job.pid,
      state: 'R',
      cpuPercent: Math.round(noise(Math.min(110, job.cpuPercent), 6) * 10) / 10,
      residentBytes: Math.round(job.residentBytes * 0.4),
    }));
    return [...own, ...system].sort((a, b) => b.cpuPercent - a.cpuPercent).slice(0, 10);
  }

  function newFacts(pids: ReadonlySet<number>): Facts | null {
    const known: ProcessFacts[] = [
      ...services.map((service) => ({
        pid: service.pid,
        startTimeMs: service.startedMs,
        user: 'root',
        command: service.command,
        arguments: service.arguments,
        job: keyOfService(service),
      })),
      ...jobs.map((job) => ({
        pid: job.pid,
        startTimeMs: job.startedMs,
        user: job.user,
        command: job.command,
        arguments: job.arguments,
        job: keyOfJob(job),
      })),
    ];
    const processes = known.filter((row) => pids.has(row.pid) && !told.has(row.pid));
    const gone = [...told].filter((pid) => !pids.has(pid));
    told = new Set(pids);
    const facts: Facts = { type: 'facts', processes, gone, ...newJobs() };
    if (sequence === 0) Object.assign(facts, { gpus: gpuFacts(), events: pastEvents(node, now()) });
    return processes.length > 0 || gone.length > 0 || facts.gpus ? facts : null;
  }

  function newJobs(): Pick<Facts, 'jobs' | 'goneJobs'> {
    const all = jobFacts(jobs, services);
    const keys = new Set(all.map(({ key }) => key));
    const goneJobs = [...toldJobs].filter((key) => !keys.has(key));
    const news = all.filter(({ key }) => !toldJobs.has(key));
    toldJobs = keys;
    return { jobs: news, goneJobs };
  }

  const serviceCpu = ({ unit }: DemoService) =>
    tenths(unit === 'docker.service' ? noise(2, 1) : noise(0.7, 0.4));
  const jobCpu = (job: DemoJob) => tenths(noise(job.cpuPercent, job.cpuPercent / 20));

  function sample(): Sample {
    const cpuOfJobs = jobs.reduce((sum, job) => sum + job.cpuPercent, 0);
    const base = node.role === 'cpu' ? 64 : 1.5;
    const total = Math.min(100, noise(base + cpuOfJobs / node.cores, 1));
    const memoryUsed = jobs.reduce((sum, job) => sum + job.residentBytes, node.memoryGiB * GIB * 0.04);
    sequence++;
    return {
      type: 'sample',
      sequence,
      takenAtMs: now(),
      intervalMs: 1_000,
      collectors: Object.fromEntries(
        collectorNames.map((name): [CollectorName, CollectorReport] => [name, { ok: true, ms: 0.2 }]),
      ) as Record<CollectorName, CollectorReport>,
      cpu: {
        totalPercent: Math.round(total * 10) / 10,
        corePercents: Array.from({ length: node.cores }, () => Math.round(Math.min(100, noise(total, 12)))),
        load1: Math.round(noise((total / 100) * node.cores, 0.5) * 100) / 100,
        load5: Math.round((total / 100) * node.cores * 100) / 100,
        load15: Math.round((total / 100) * node.cores * 97) / 100,
      },
      memory: {
        totalBytes: node.memoryGiB * GIB,
        availableBytes: Math.round(node.memoryGiB * GIB - memoryUsed),
        usedBytes: Math.round(memoryUsed),
        swapTotalBytes: 8 * GIB,
        swapUsedBytes: 0,
      },
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
      gpus: toColumns(
        Array.from({ length: node.gpuCount }, (_, index) => gpuSample(index)),
        gpuColumnNames,
      ),
      gpuProcesses: toColumns(gpuProcesses(), gpuProcessColumnNames),
      processCount: 480 + jobs.length * 9,
      topProcesses: toColumns(topProcesses(), topProcessColumnNames),
      jobs: toColumns(jobRows(jobs, services, jobCpu, serviceCpu), jobColumnNames),
    };
  }

  startJobs(true);
  return {
    hello: () => ({
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      build: 'demo',
      nonce: 'demo',
      pid: 4321,
      hostname: node.name,
      os: 'Debian GNU/Linux 12 (bookworm)',
      kernel: '6.1.0-40-amd64',
      runtime: 'demo',
      cpuModel: node.cpuModel,
      sockets: node.sockets,
      cores: node.cores,
      threads: node.cores * 2,
      memoryTotalBytes: node.memoryGiB * GIB,
      swapTotalBytes: 8 * GIB,
      clockMs: now(),
      bootTimeMs,
      logPath: null,
      statusPath: null,
      notes: [],
      gpus: gpuFacts(),
      nvmlFor: null,
    }),
    tick() {
      jobs = jobs.filter((job) => job.endsMs > now());
      startJobs(false);
      const pids = new Set([812, 1340, ...jobs.map((job) => job.pid)]);
      const facts = newFacts(pids);
      return facts ? [facts, sample()] : [sample()];
    },
  };
}

function lostGpu(index: number): GpuSample {
  return {
    index,
    health: 'lost',
    error: 'GPU is lost',
    ...noGpuFigures,
  };
}
