import { z } from 'zod';
import { cutText } from '../lib/cut-text.ts';
import type { RowValues } from './column-kinds.ts';
import { columnSchemas } from './column-schemas.ts';
import { MAX_JOBS } from './constants.ts';
import { epochMs, table, text } from './figures.ts';
import { jobKinds } from './job-kinds.ts';
import { jobFigureColumns } from './process-columns.ts';

/** A job: what a process belongs to, by its control group or else by its session and user. */

const LONGEST_KEY = 300;

export const jobKeySchema = text(LONGEST_KEY);

/** What stays the same about one job of a node. */
export const jobFactsSchema = z.object({
  /** `slurm:4711`: kind and id. Names the job within its node. */
  key: jobKeySchema,
  kind: z.enum(jobKinds).catch('session'),
  /** As people type it: an element of an array is `9_2` with Slurm. */
  id: text(LONGEST_KEY - 20),
  /** The scheduler's own number, where people know the job by another one: the same on all nodes. */
  number: text(40).nullable().optional(),
  /** As the scheduler or container engine calls it. */
  name: text(200).nullable().default(null),
  user: text(100).nullable().default(null),
  /** When its oldest process on this node began, by the node's clock. */
  startTimeMs: epochMs('processes', 'startTimeMs'),
});
export type JobFacts = z.infer<typeof jobFactsSchema>;

const isKey = (value: unknown) => typeof value === 'string';

/** Jobs of a node, summed over all their processes there. */
export const jobTableSchema = table(
  'processes',
  { key: isKey },
  MAX_JOBS,
  z.object({
    /** Cut as those of facts are, so that both name the same job. */
    key: z.custom<string[]>(Array.isArray).transform((keys) => keys.map((key) => cutText(key, LONGEST_KEY))),
    ...columnSchemas('processes', jobFigureColumns, MAX_JOBS),
  }),
);
export type JobSample = { key: string } & RowValues<typeof jobFigureColumns>;
