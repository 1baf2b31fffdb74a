import { jobKey } from '../protocol/job-kinds.ts';
import type { JobFacts, JobSample } from '../protocol/jobs.ts';
import type { DemoJob } from './jobs.ts';

/** The jobs of a simulated node as a monitor tells them. */

const MIB = 1024 ** 2;
/** Data loaders beside each GPU's own process. */
const LOADERS_PER_GPU = 6;

/** A service that runs on every node of the demo. */
export interface DemoService {
  pid: number;
  unit: string;
  command: string;
  arguments: string;
  startedMs: number;
  residentBytes: number;
}

/** Services that run on every node of the demo. `bootTimeMs`: epoch ms. */
export const demoServices = (bootTimeMs: number): DemoService[] => [
  {
    pid: 812,
    unit: 'docker.service',
    command: 'dockerd',
    arguments: '-H fd://',
    startedMs: bootTimeMs + 9_000,
    residentBytes: 180 * MIB,
  },
  {
    pid: 1340,
    unit: 'ssh.service',
    command: 'sshd',
    arguments: '-D',
    startedMs: bootTimeMs + 12_000,
    residentBytes: 42 * MIB,
  },
];

/** As a monitor would make it. */
export const keyOfJob = ({ job }: DemoJob) => jobKey(job.kind, job.id);
/** As a monitor would make it. */
export const keyOfService = ({ unit }: DemoService) => jobKey('systemd', unit);

/** What a monitor tells once of jobs and services. */
export function jobFacts(jobs: readonly DemoJob[], services: readonly DemoService[]): JobFacts[] {
  return [
    ...jobs.map(
      (row): JobFacts => ({ key: keyOfJob(row), ...row.job, user: row.user, startTimeMs: row.startedMs }),
    ),
    ...services.map(
      (service): JobFacts => ({
        key: keyOfService(service),
        kind: 'systemd',
        id: service.unit,
        name: service.unit,
        user: 'root',
        startTimeMs: service.startedMs,
      }),
    ),
  ];
}

/** `cpuOf` gives a job's CPU in percent of one core, `serviceCpu` that of a service. */
export function jobRows(
  jobs: readonly DemoJob[],
  services: readonly DemoService[],
  cpuOf: (job: DemoJob) => number,
  serviceCpu: (service: DemoService) => number,
): JobSample[] {
  return [
    ...jobs.map((job) => ({
      key: keyOfJob(job),
      processCount: 1 + job.gpus.length * LOADERS_PER_GPU,
      cpuPercent: cpuOf(job),
      residentBytes: Math.round(job.residentBytes),
    })),
    ...services.map((service) => ({
      key: keyOfService(service),
      processCount: 1,
      cpuPercent: serviceCpu(service),
      residentBytes: service.residentBytes,
    })),
  ];
}
