import { z } from 'zod';
import { MAX_ANSWER_PARTS, MAX_GPUS, MAX_SCHEDULER_NODES } from './constants.ts';
import { text } from './figures.ts';

/**
 * What a batch scheduler says of its nodes. One monitor of each cluster asks it, for all of them; which one is the
 * head's choice.
 */

const index = z.number().int().min(0).max(4095);

/** Where a node stands in a cluster of Slurm; told by its own monitor. */
export const slurmPlaceSchema = z.object({
  cluster: text(100),
  /** Name of the host, as Slurm's nodes are usually called. */
  nodeName: text(256),
  /** Its login has a scontrol to ask. */
  canAsk: z.boolean(),
  /** N of each GPU's device file (`/dev/nvidiaN`), where that is known. */
  gpuMinors: z
    .array(z.object({ index, minor: index }))
    .max(MAX_GPUS)
    .default([]),
});
export type SlurmPlace = z.infer<typeof slurmPlaceSchema>;

/** GPUs of one node that one job has. */
const allocationSchema = z.object({
  /** The scheduler's indexes, which need not be those of the driver. */
  gpus: z.array(index).max(MAX_GPUS),
  /** The job's number, the id that people type, and whose it is; null where that is not told. */
  number: text(40).nullable().default(null),
  id: text(100).nullable().default(null),
  user: text(100).nullable().default(null),
});
export type SchedulerAllocation = z.infer<typeof allocationSchema>;

export const schedulerNodeSchema = z.object({
  name: text(256),
  hostname: text(256).nullable().default(null),
  /** Slurm's own words, such as `IDLE+DRAIN`. */
  state: text(200),
  reason: text(300).nullable().default(null),
  partitions: z.array(text(100)).max(64).default([]),
  reservation: text(200).nullable().default(null),
  /** How many GPUs the scheduler gives out there. */
  gpuCount: z.number().int().min(0).max(4096),
  allocations: z.array(allocationSchema).max(MAX_GPUS).default([]),
});
export type SchedulerNode = z.infer<typeof schedulerNodeSchema>;

/**
 * One part of an answer; they follow each other, counted from 0. An answer of no parts is the same as the last one. With an
 * `error` there was none.
 */
export const schedulerAnswerSchema = z.object({
  cluster: text(100),
  part: z.number().int().min(0).max(MAX_ANSWER_PARTS),
  parts: z.number().int().min(0).max(MAX_ANSWER_PARTS),
  nodes: z.array(schedulerNodeSchema).max(MAX_SCHEDULER_NODES),
  error: text(500).nullable().default(null),
});
export type SchedulerAnswer = z.infer<typeof schedulerAnswerSchema>;

/** What the API says of a node that a scheduler has. */
export interface NodeScheduler {
  cluster: string;
  /** Null while nothing is known, or nothing new enough. */
  state: string | null;
  /** Why an administrator took it out. */
  reason: string | null;
  partitions: string[];
  reservation: string | null;
  /** It gives the node's GPUs to nobody now. */
  isDrained: boolean;
  /** The node that was asked. */
  askedBy: string | null;
  ageMs: number | null;
  /** Why nothing counts that the scheduler said; null where it does. */
  problem: string | null;
}

/** A GPU that a scheduler has given to a job. All null where it does not tell to which. */
export interface GpuAllocation {
  /** As in `ClusterJob`. */
  jobKey: string | null;
  jobId: string | null;
  user: string | null;
}
