import { isOfScheduler, type JobKind } from '../protocol/job-kinds.ts';
import { isMeantKey } from '../report/job-words.ts';
import type { TextTest } from './query.ts';

/** Id, name, key and the scheduler's own number of a job, in this order. */
export function jobTexts(
  { id, name, kind }: { id: string; name: string | null; kind: JobKind },
  key: string | null,
): readonly (string | null)[] {
  return [id, name, key, key !== null && isOfScheduler(kind) ? key.slice(kind.length + 1) : null];
}

const DIGITS = /^\d+$/;
/** `9_2` of Slurm, `815[7]` of PBS, Torque and LSF, `4711.3` of Grid Engine: an element of 9, 815, 4711. */
const ELEMENT = /^(\d+)[_[.]/;

/**
 * Digits alone are the whole id, the array's where it is an element of one, or a part of the name: who looks for job 12
 * does not mean 4712. Keys begin with the kind, so they count only for what looks like one.
 */
export function matchesJob(
  [id, name, key, number]: readonly (string | null)[],
  { text, isExact }: TextTest,
): boolean {
  const equals = (value: string | null | undefined) => value?.toLowerCase() === text;
  if (equals(id) || equals(name) || equals(number)) return true;
  if (key && isMeantKey(text, key.toLowerCase())) return true;
  if (isExact) return false;
  if (ELEMENT.exec(id ?? '')?.[1] === text) return true;
  const holds = (value: string | null | undefined) => value?.toLowerCase().includes(text) ?? false;
  return holds(name) || (!DIGITS.test(text) && holds(id)) || (text.includes(':') && holds(key));
}
