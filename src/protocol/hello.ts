import { z } from 'zod';
import {
  LARGEST_PID,
  MAX_ARGUMENTS_LENGTH,
  MAX_EVENTS,
  MAX_GPU_PROCESSES,
  MAX_GPUS,
  MAX_JOBS,
  MAX_PROCESS_FACTS,
  MAX_WARNINGS,
} from './constants.ts';
import { nodeEventSchema, nodeWarningSchema } from './events.ts';
import { bytes, count, epochMs, list, text } from './figures.ts';
import { gpuFactsSchema } from './gpu-facts.ts';
import { jobFactsSchema, jobKeySchema } from './jobs.ts';
import { nvmlArchitectures } from './nvml.ts';
import { schedulerAnswerSchema, slurmPlaceSchema } from './scheduler.ts';

const pid = z.number().int().min(0).max(LARGEST_PID);

/** What stays the same about one process; `startTimeMs` is epoch time by the node's clock. */
export const processFactsSchema = z.object({
  pid,
  startTimeMs: epochMs('processes', 'startTimeMs'),
  user: text(100).nullable().default(null),
  /** Program name: the last part of argv[0], or the kernel's name for it in brackets. */
  command: text(256),
  /** argv from argv[1] on, secrets masked, joined by spaces, cut. Null where it cannot be read. */
  arguments: text(MAX_ARGUMENTS_LENGTH).nullable().default(null),
  /** Key of the job that it belongs to. */
  job: jobKeySchema.nullable().default(null),
});
export type ProcessFacts = z.infer<typeof processFactsSchema>;

/** First message of a monitor. It never waits for a GPU tool: `gpus` is null while unknown. */
export const helloSchema = z.object({
  type: z.literal('hello'),
  protocol: z.number().int(),
  build: text(64),
  nonce: text(64),
  pid: z.number().int().min(1),
  hostname: text(256),
  os: text(256),
  kernel: text(256),
  runtime: text(64),
  cpuModel: text(256).nullable().default(null),
  sockets: count('cpu', 'sockets'),
  cores: count('cpu', 'cores'),
  threads: count('cpu', 'threads'),
  memoryTotalBytes: bytes('memory', 'memoryTotalBytes'),
  swapTotalBytes: bytes('memory', 'swapTotalBytes'),
  /** The node's clock when it said hello: for the clock's offset only, never for ages. */
  clockMs: count('clock', 'clockMs'),
  bootTimeMs: count('clock', 'bootTimeMs'),
  /** Null where the node could not or must not write them; `notes` then says why. */
  logPath: text(4096).nullable().default(null),
  statusPath: text(4096).nullable().default(null),
  notes: z.array(text(500)).max(20).default([]),
  gpus: list('gpus', 'GPUs', gpuFactsSchema, MAX_GPUS).nullable(),
  /** The node has NVML, and waits for the helper that reads it on this processor. */
  nvmlFor: z.enum(nvmlArchitectures).nullable().default(null),
});
export type Hello = z.infer<typeof helloSchema>;

/** A pid that has a GPU's device file open. */
const gpuHolderSchema = z.object({
  gpuIndex: z.number().int().min(0).max(4095),
  pid,
});
export type GpuHolder = z.infer<typeof gpuHolderSchema>;

/**
 * Changes of what stays the same. `gpus`, `warnings` and `gpuHolders` replace their lists; `processes`, `jobs`
 * and `events` add to the known ones; `gone` and `goneJobs` name pids and jobs that will not be needed again.
 */
export const factsSchema = z.object({
  type: z.literal('facts'),
  gpus: list('gpus', 'GPUs', gpuFactsSchema, MAX_GPUS).nullable().optional(),
  processes: list('processes', 'processes', processFactsSchema, MAX_PROCESS_FACTS).optional(),
  gone: list('processes', 'gone', pid, MAX_PROCESS_FACTS).optional(),
  jobs: list('processes', 'jobs', jobFactsSchema, MAX_JOBS).optional(),
  goneJobs: list('processes', 'gone jobs', jobKeySchema, MAX_JOBS).optional(),
  /** Told where a GPU's memory is not explained by the processes that its driver lists. */
  gpuHolders: list('gpus', 'holders', gpuHolderSchema, MAX_GPU_PROCESSES).optional(),
  events: list('gpus', 'events', nodeEventSchema, MAX_EVENTS).optional(),
  warnings: list('gpus', 'warnings', nodeWarningSchema, MAX_WARNINGS).optional(),
  /** Null where there is no Slurm any more. */
  slurm: slurmPlaceSchema.nullable().optional(),
  /** Told where the head wants this monitor to ask. */
  schedulerAnswer: schedulerAnswerSchema.optional(),
});
export type Facts = z.infer<typeof factsSchema>;
