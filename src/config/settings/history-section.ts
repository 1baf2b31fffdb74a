import { join } from 'node:path';
import { z } from 'zod';
import { pathSchema, type Section, secretOrFile, switchSchema } from './section.ts';

const days = () => z.coerce.number().int('must be whole days').min(1, 'must be at least 1 day').max(36_500);

const shape = {
  /** Whether former times are kept at all. */
  enabled: switchSchema().default(true),
  dir: pathSchema().optional(),
  'raw-days': days().default(3),
  'minute-days': days().default(14),
  'frame-days': days().default(30),
  'quarter-hour-days': days().default(180),
  /** For everybody who sees the page, who held GPUs idle this week. */
  'idle-board': switchSchema().default(false),
  /** A database instead of files. */
  ...secretOrFile('url'),
  'max-gigabytes': z.coerce.number().min(0.1).max(100_000).optional(),
};

const DATABASE = /^postgres(ql)?:\/\//;

/** `[history]`. */
export const historySection: Section<'table', typeof shape> = {
  name: 'history',
  kind: 'table',
  schema: z.strictObject(shape).refine(({ url }) => url === undefined || DATABASE.test(url), {
    path: ['url'],
    error: 'must be postgres://USER:PASSWORD@HOST:5432/DATABASE',
  }),
  means: 'what is kept of former times, where and for how long',
  afterRestart: 'all',
};

export interface HistoryConfig {
  folder: string;
  /** In days; null for ever. */
  keptDays: { raw: number; minute: number; frame: number; quarter: number; day: null };
  mostBytes: number | null;
  /** The page of users shows who held GPUs idle. */
  hasIdleBoard: boolean;
  /** Of a database that has it instead: a secret. */
  url: string | null;
}

/** Null where nothing is to be kept. `stateDir`: where its folder is, unless another one is named. */
export function toHistoryConfig(
  settings: z.output<(typeof historySection)['schema']>,
  stateDir: string,
): HistoryConfig | null {
  if (!settings.enabled) return null;
  const gigabytes = settings['max-gigabytes'];
  return {
    folder: settings.dir ?? join(stateDir, 'history'),
    keptDays: {
      raw: settings['raw-days'],
      minute: settings['minute-days'],
      frame: settings['frame-days'],
      quarter: settings['quarter-hour-days'],
      day: null,
    },
    mostBytes: gigabytes === undefined ? null : gigabytes * 1e9,
    hasIdleBoard: settings['idle-board'],
    url: settings.url ?? null,
  };
}
