import type { JobKind } from '../protocol/job-kinds.ts';
import type { TextTest } from './query.ts';

/** Id, name and key of a job, in this order. */
export function jobTexts(
  { id, name }: { id: string; name: string | null; kind: JobKind },
  key: string | null,
): readonly (string | null)[] {
  return [id, name, key];
}

const DIGITS = /^\d+$/;

/**
 * Digits alone are the whole id or a part of the name: who looks for job 12 does not mean 4712. Keys begin with the
 * kind, so they count only for what looks like one.
 */
export function matchesJob([id, name, key]: readonly (string | null)[], test: TextTest): boolean {
  const { text, isExact } = test;
  const equals = (value: string | null | undefined) => value?.toLowerCase() === text;
  if (equals(id) || equals(name) || equals(key)) return true;
  if (isExact) return false;
  const holds = (value: string | null | undefined) => value?.toLowerCase().includes(text) ?? false;
  return holds(name) || (!DIGITS.test(text) && holds(id)) || (text.includes(':') && holds(key));
}
