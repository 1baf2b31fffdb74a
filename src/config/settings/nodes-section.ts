import { z } from 'zod';
import type { Section } from './section.ts';

const SHORTEST_INTERVAL_SECONDS = 0.2;
const LONGEST_INTERVAL_SECONDS = 3_600;

/** The monitor keeps to the same limits. */
export const secondsSchema = z.coerce
  .number()
  .min(SHORTEST_INTERVAL_SECONDS, `must be at least ${SHORTEST_INTERVAL_SECONDS} s`)
  .max(LONGEST_INTERVAL_SECONDS, `must be at most ${LONGEST_INTERVAL_SECONDS} s`);

const SHORTEST_STAGE_SECONDS = 1;
const LONGEST_STAGE_SECONDS = 120;

/** How long each stage of a connection may take. */
const stageSecondsSchema = z.coerce
  .number()
  .min(SHORTEST_STAGE_SECONDS, `must be at least ${SHORTEST_STAGE_SECONDS} s`)
  .max(LONGEST_STAGE_SECONDS, `must be at most ${LONGEST_STAGE_SECONDS} s`);

/** It becomes a word of the bootstrap command, which no login shell may see anything in. */
const runtimeSchema = z
  .string()
  .regex(/^\/[\w.@+/-]+$/, 'must be an absolute path of letters, digits and . _ @ + - /');

const shape = {
  transport: z.enum(['auto', 'ssh2', 'openssh']).optional(),
  'interval-seconds': secondsSchema.optional(),
  'watched-interval-seconds': secondsSchema.optional(),
  'stage-seconds': stageSecondsSchema.optional(),
  runtime: runtimeSchema.optional(),
  tags: z.array(z.string().regex(/^[\w.:@+-]{1,40}$/, 'must be a word of at most 40 characters')).optional(),
  enabled: z.boolean().optional(),
};

/** `[nodes."gpu[01-16]"]`: settings for the nodes that a pattern names. */
export const nodesSection: Section<'named', typeof shape> = {
  name: 'nodes',
  kind: 'named',
  keys: '"PATTERN"',
  schema: z.strictObject(shape),
  means: 'settings of single nodes',
  afterRestart: 'none',
};

export interface NodeRule {
  pattern: string;
  settings: {
    transport?: 'auto' | 'ssh2' | 'openssh';
    intervalMs?: number;
    watchedIntervalMs?: number;
    stageMs?: number;
    runtime?: string;
    tags?: string[];
    enabled?: boolean;
  };
}

/** One `[nodes."PATTERN"]` as a rule; what it does not set stays as it is. */
export function toNodeRule([pattern, given]: [string, z.output<(typeof nodesSection)['schema']>]): NodeRule {
  const {
    'interval-seconds': interval,
    'watched-interval-seconds': watchedInterval,
    'stage-seconds': stage,
    transport,
    runtime,
    tags,
    enabled,
  } = given;
  const settings: NodeRule['settings'] = {};
  if (transport !== undefined) settings.transport = transport;
  if (interval !== undefined) settings.intervalMs = interval * 1000;
  if (watchedInterval !== undefined) settings.watchedIntervalMs = watchedInterval * 1000;
  if (stage !== undefined) settings.stageMs = stage * 1000;
  if (runtime !== undefined) settings.runtime = runtime;
  if (tags !== undefined) settings.tags = tags;
  if (enabled !== undefined) settings.enabled = enabled;
  return { pattern, settings };
}
