import { z } from 'zod';
import { LARGEST_PID } from './constants.ts';
import { count, epochMs, text } from './figures.ts';
import { jobKeySchema } from './jobs.ts';

export const eventSeverities = ['info', 'warning', 'error', 'critical'] as const;

/** Something that happened on a node at one moment, such as an Xid message of the NVIDIA driver. */
export const nodeEventSchema = z.object({
  /** By the node's clock. */
  atMs: epochMs('gpus', 'atMs'),
  /** `xid`: NVIDIA's driver; `kernel`: other messages about a GPU. */
  kind: z.enum(['xid', 'kernel']).catch('kernel'),
  /** Number of the Xid. */
  code: count('gpus', 'code'),
  severity: z.enum(eventSeverities).catch('error'),
  /** The kernel's own words. */
  text: text(500),
  pciAddress: text(40).nullable().default(null),
  pid: z.number().int().min(0).max(LARGEST_PID).nullable().catch(null),
  /** Keys of the jobs that were on that GPU. */
  jobs: z.array(jobKeySchema).max(64).default([]),
});
export type NodeEvent = z.infer<typeof nodeEventSchema>;

/** What a monitor warns of; the head has the words for each. */
export const warningCodes = ['driver-mismatch'] as const;

/** A state of the node that a person should know of, as long as it lasts. */
export const nodeWarningSchema = z.object({
  code: z.enum(warningCodes),
  message: text(500),
});
export type NodeWarning = z.infer<typeof nodeWarningSchema>;
