import type { System } from '../../system.ts';

/** Node.js raises its own limit of open files; this stays far below the usual 4,096. */
const USUAL = 1500;

/**
 * How many files of /proc stay open between readings. Where the login may open few, the half is left to tools, the log
 * and the latest sample.
 */
export function mostKeptDescriptors({ tryReadText }: Pick<System, 'tryReadText'>): number {
  const limit = /^Max open files\s+(\d+)/m.exec(tryReadText('/proc/self/limits') ?? '')?.[1];
  return limit === undefined ? USUAL : Math.min(USUAL, Math.floor(Number(limit) / 2));
}
