import type { ProcessFacts } from '../protocol/hello.ts';
import type { TopProcessSample } from '../protocol/sample.ts';
import { type DemoService, keyOfJob, keyOfService } from './job-rows.ts';
import type { DemoJob } from './jobs.ts';
import { type Noise, tenths } from './noise.ts';

/** The processes of a simulated node as a monitor tells them: one of each job, one of each service. */

/** Services first. */
export const processFacts = (jobs: readonly DemoJob[], services: readonly DemoService[]): ProcessFacts[] => [
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

/** The ten that use most CPU. */
export function topProcessRows(
  jobs: readonly DemoJob[],
  services: readonly DemoService[],
  noise: Noise,
): TopProcessSample[] {
  const ofServices = services.map((service) => ({
    pid: service.pid,
    state: 'S',
    cpuPercent: serviceCpu(service, noise),
    residentBytes: service.residentBytes,
  }));
  const ofJobs = jobs.map((job) => ({
    pid: job.pid,
    state: 'R',
    cpuPercent: tenths(noise(Math.min(110, job.cpuPercent), 6)),
    residentBytes: Math.round(job.residentBytes * 0.4),
  }));
  return [...ofJobs, ...ofServices].sort((a, b) => b.cpuPercent - a.cpuPercent).slice(0, 10);
}

/** In percent of one core. */
export const serviceCpu = ({ unit }: DemoService, noise: Noise) =>
  tenths(unit === 'docker.service' ? noise(2, 1) : noise(0.7, 0.4));
