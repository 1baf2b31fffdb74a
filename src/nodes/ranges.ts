/** Host ranges as Slurm and pdsh write them: `gpu[01-16,20]`, several brackets, zero padding kept. */

/** More names from one line are taken for a slip. */
export const MAX_NAMES_PER_LINE = 20_000;

export class NameRangeError extends Error {}

function expandPart(part: string): string[] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(part);
  if (!match?.[1]) throw new NameRangeError(`"${part}" is neither a number nor a range like 01-16`);
  const [, first, last = first] = match;
  const from = Number(first);
  const to = Number(last);
  if (to < from) throw new NameRangeError(`the range ${part} runs backwards; write ${last}-${first}`);
  if (to - from >= MAX_NAMES_PER_LINE)
    throw new NameRangeError(`the range ${part} has more than ${MAX_NAMES_PER_LINE} names`);
  return Array.from({ length: to - from + 1 }, (_, step) => String(from + step).padStart(first.length, '0'));
}

/** All names that a pattern stands for, in order; the pattern itself where it has no brackets. Throws `NameRangeError`. */
export function expandRanges(pattern: string): string[] {
  const open = pattern.indexOf('[');
  if (open < 0) {
    if (pattern.includes(']')) throw new NameRangeError('a ] has no [ before it');
    return [pattern];
  }
  const close = pattern.indexOf(']', open);
  if (close < 0) throw new NameRangeError('a [ has no ] behind it');
  const inside = pattern.slice(open + 1, close);
  if (inside === '') throw new NameRangeError('the brackets [] are empty');
  const middles = inside.split(',').flatMap((part) => expandPart(part.trim()));
  const tails = expandRanges(pattern.slice(close + 1));
  if (middles.length * tails.length > MAX_NAMES_PER_LINE) {
    throw new NameRangeError(`the line stands for more than ${MAX_NAMES_PER_LINE} names`);
  }
  const head = pattern.slice(0, open);
  return middles.flatMap((middle) => tails.map((tail) => head + middle + tail));
}
