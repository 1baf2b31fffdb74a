import { type DemoNode, isLostGpu } from './hardware.ts';
import { createJob, type DemoJob, spanningJobs } from './jobs.ts';

/** The jobs of one node, which come and go. */
export interface RunningJobs {
  now(): readonly DemoJob[];
  /** Ends those whose time is over and starts others, as the node's role wants it. */
  goOn(): void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How much of a node's GPUs is to be in use. */
const WANTED_SHARE = {
  busy: 1,
  mixed: 0.6,
  held: 0.35,
  'lost-gpu': 0.8,
  unreachable: 0.5,
  idle: 0,
  cpu: 0,
} as const;

/** Begins with jobs that look as if they had been there for long. */
export function createRunningJobs(node: DemoNode, random: () => number, now: () => number): RunningJobs {
  let jobs: DemoJob[] = [];

  function freeGpus(): number[] {
    const taken = new Set(jobs.flatMap((job) => job.gpus));
    return Array.from({ length: node.gpuCount }, (_, index) => index).filter(
      (index) => !taken.has(index) && !isLostGpu(node, index),
    );
  }

  function startJobs(isFirst: boolean): void {
    for (let free = freeGpus(); free.length > 0; free = freeGpus()) {
      const busyShare = 1 - free.length / Math.max(1, node.gpuCount);
      if (busyShare >= WANTED_SHARE[node.role] || (!isFirst && random() > 0.08)) break;
      const size = Math.min(free.length, random() < 0.5 ? 1 : node.gpuCount >= 8 && random() < 0.4 ? 4 : 2);
      const ranMs = isFirst ? random() * 2 * DAY_MS : 0;
      jobs.push(createJob(node, free.slice(0, size), now(), ranMs, random, 'work'));
    }
  }

  function holdGpus(): void {
    for (const index of freeGpus().slice(0, 3))
      jobs.push(createJob(node, [index], now(), (5 + random() * 40) * HOUR_MS, random, 'notebook'));
  }

  jobs.push(...spanningJobs(node, now(), random));
  startJobs(true);
  if (node.role === 'held') holdGpus();
  return {
    now: () => jobs,
    goOn() {
      jobs = jobs.filter((job) => job.endsMs > now());
      startJobs(false);
    },
  };
}
