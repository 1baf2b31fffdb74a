import { type CollectorName, collectorNames } from '../protocol/collector-names.ts';
import {
  gpuColumnNames,
  gpuProcessColumnNames,
  jobColumnNames,
  toColumns,
  topProcessColumnNames,
} from '../protocol/columns.ts';
import { PROTOCOL_VERSION } from '../protocol/constants.ts';
import type { Facts, Hello } from '../protocol/hello.ts';
import type { CollectorReport, Sample } from '../protocol/sample.ts';
import { gpuFacts, gpuProcessRows, gpuRows } from './gpu-rows.ts';
import type { DemoNode } from './hardware.ts';
import { hostFigures } from './host-figures.ts';
import { type DemoService, demoServices, jobFacts, jobRows } from './job-rows.ts';
import type { DemoJob } from './jobs.ts';
import { createNoise, tenths } from './noise.ts';
import { pastEvents } from './past-events.ts';
import { processFacts, serviceCpu, topProcessRows } from './process-rows.ts';
import { createRunningJobs } from './running-jobs.ts';
import { createTold } from './told.ts';

/** One node that exists in this process only and speaks a monitor's messages. */
export interface SimulatedNode {
  hello(): Hello;
  /** What a monitor would say in this second. */
  tick(): (Facts | Sample)[];
}

const GIB = 1024 ** 3;
const DAY_MS = 86_400_000;

/** `now`: epoch ms. The same for the same `random`. */
export function createSimulatedNode(node: DemoNode, random: () => number, now: () => number): SimulatedNode {
  const bootTimeMs = now() - (3 + random() * 90) * DAY_MS;
  const noise = createNoise(random);
  const services = demoServices(bootTimeMs);
  const running = createRunningJobs(node, random, now);
  const told = createTold();
  let sequence = 0;

  /** Null where nothing has changed. */
  function newFacts(jobs: readonly DemoJob[]): Facts | null {
    const news = told.news(processFacts(jobs, services), jobFacts(jobs, services));
    const facts: Facts = { type: 'facts', ...news };
    if (sequence === 0) Object.assign(facts, { gpus: gpuFacts(node), events: pastEvents(node, now()) });
    return news.processes.length > 0 || news.gone.length > 0 || facts.gpus ? facts : null;
  }

  const jobCpu = (job: DemoJob) => tenths(noise(job.cpuPercent, job.cpuPercent / 20));
  const cpuOfService = (service: DemoService) => serviceCpu(service, noise);

  function sample(jobs: readonly DemoJob[]): Sample {
    sequence++;
    return {
      type: 'sample',
      sequence,
      takenAtMs: now(),
      intervalMs: 1_000,
      collectors: Object.fromEntries(
        collectorNames.map((name): [CollectorName, CollectorReport] => [name, { ok: true, ms: 0.2 }]),
      ) as Record<CollectorName, CollectorReport>,
      ...hostFigures(node, jobs, noise),
      gpus: toColumns(gpuRows(node, jobs, noise), gpuColumnNames),
      gpuProcesses: toColumns(gpuProcessRows(node, jobs, noise), gpuProcessColumnNames),
      processCount: 480 + jobs.length * 9,
      topProcesses: toColumns(topProcessRows(jobs, services, noise), topProcessColumnNames),
      jobs: toColumns(jobRows(jobs, services, jobCpu, cpuOfService), jobColumnNames),
    };
  }

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
      gpus: gpuFacts(node),
      nvmlFor: null,
    }),
    tick() {
      running.goOn();
      const jobs = running.now();
      const facts = newFacts(jobs);
      return facts ? [facts, sample(jobs)] : [sample(jobs)];
    },
  };
}
