import { z } from 'zod';
import type { jobColumnNames } from './columns.ts';
import { MAX_JOBS } from './constants.ts';
import { count, figures, table, text } from './figures.ts';
import { jobKinds } from './job-kinds.ts';

/** A job: what a process belongs to, by its control group or else by its session and user. */

const LONGEST_KEY = 300;

export const jobKeySchema = text(LONGEST_KEY);

/** What stays the same about one job of a node. */
export const jobFactsSchema = z.object({
  /** `slurm:4711`: kind and id. Names the job within its node. */
  key: jobKeySchema,
  kind: z.enum(jobKinds).catch('session'),
  id: text(LONGEST_KEY - 20),
  /** As the scheduler or container engine calls it. */
  name: text(200).nullable().default(null),
  user: text(100).nullable().default(null),
  /** When its oldest process on this node began, by the node's clock. */
  startTimeMs: count('processes', 'startTimeMs'),
});
export type JobFacts = z.infer<typeof jobFactsSchema>;

const LARGEST = Number.MAX_SAFE_INTEGER;

const isKey = (value: unknown) => typeof value === 'string' && value.length <= LONGEST_KEY;

/** Jobs of a node, summed over all their processes there. */
export const jobTableSchema = table(
  'processes',
  { key: isKey },
  MAX_JOBS,
  z.object({
    key: z.custom<string[]>(Array.isArray),
    processCount: figures('processes', 'processCount', 0, LARGEST, MAX_JOBS),
    cpuPercent: figures('processes', 'cpuPercent', 0, LARGEST, MAX_JOBS),
    residentBytes: figures('processes', 'residentBytes', 0, LARGEST, MAX_JOBS),
  } satisfies Record<(typeof jobColumnNames)[number], z.ZodType>),
);
type JobTable = z.infer<typeof jobTableSchema>;
export type JobSample = { [Name in keyof JobTable]: JobTable[Name][number] };
