/**
 * Host ranges as Slurm, pdsh and ClusterShell write them: `gpu[01-16,20],login1`. Several brackets, zero padding kept,
 * commas outside of brackets between names. Sizes are counted before any name is made.
 */

/** More names from one line are taken for a slip. */
export const MAX_NAMES_PER_LINE = 20_000;
/** A name has a few; each costs a pass over all names. */
const MAX_BRACKETS = 16;
/** Longer numbers cannot be counted exactly. */
const MAX_DIGITS = 15;
const SHOWN_LENGTH = 40;

export class NameRangeError extends Error {}

interface Span {
  from: number;
  to: number;
  width: number;
}

/** The numbers of one pair of brackets, and the text before it. */
interface Bracket {
  before: string;
  spans: Span[];
}

/** A name with brackets, read and counted. */
interface NamePattern {
  brackets: Bracket[];
  tail: string;
  size: number;
}

const shown = (text: string) => (text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text);

const tooManyNames = () => new NameRangeError(`the line stands for more than ${MAX_NAMES_PER_LINE} names`);

function readSpan(part: string): Span {
  const match = /^(\d+)(?:-(\d+))?$/.exec(part);
  if (!match?.[1]) throw new NameRangeError(`"${shown(part)}" is neither a number nor a range like 01-16`);
  const [, first, last = first] = match;
  if (first.length > MAX_DIGITS || last.length > MAX_DIGITS)
    throw new NameRangeError(`"${shown(part)}" has a number of more than ${MAX_DIGITS} digits`);
  const from = Number(first);
  const to = Number(last);
  if (to < from) throw new NameRangeError(`the range ${part} runs backwards; write ${last}-${first}`);
  return { from, to, width: first.length };
}

function readSpans(inside: string, room: number): { spans: Span[]; size: number } {
  const spans: Span[] = [];
  let size = 0;
  for (const part of inside.split(',')) {
    const span = readSpan(part.trim());
    spans.push(span);
    size += span.to - span.from + 1;
    if (size > room) throw tooManyNames();
  }
  return { spans, size };
}

function readPattern(name: string, room: number): NamePattern {
  const brackets: Bracket[] = [];
  let size = 1;
  let at = 0;
  for (let open = name.indexOf('['); open >= 0; open = name.indexOf('[', at)) {
    const before = name.slice(at, open);
    if (before.includes(']')) throw new NameRangeError('a ] has no [ before it');
    const close = name.indexOf(']', open);
    if (close < 0) throw new NameRangeError('a [ has no ] behind it');
    if (close === open + 1) throw new NameRangeError('the brackets [] are empty');
    if (brackets.length === MAX_BRACKETS)
      throw new NameRangeError(`a name has more than ${MAX_BRACKETS} pairs of brackets`);
    const { spans, size: count } = readSpans(name.slice(open + 1, close), room);
    brackets.push({ before, spans });
    size *= count;
    if (size > room) throw tooManyNames();
    at = close + 1;
  }
  const tail = name.slice(at);
  if (tail.includes(']')) throw new NameRangeError('a ] has no [ before it');
  if (size > room) throw tooManyNames();
  return { brackets, tail, size };
}

function numbersOf({ from, to, width }: Span): string[] {
  return Array.from({ length: to - from + 1 }, (_, step) => String(from + step).padStart(width, '0'));
}

function expandPattern({ brackets, tail }: NamePattern): string[] {
  let starts = [''];
  for (const { before, spans } of brackets) {
    const numbers = spans.flatMap(numbersOf);
    starts = starts.flatMap((start) => numbers.map((number) => start + before + number));
  }
  return starts.map((start) => start + tail);
}

/** The names between commas; those inside brackets belong to a range. Empty ones, as behind a last comma, are left out. */
export function splitNames(list: string): string[] {
  if (!list.includes(',')) return [list];
  const names: string[] = [];
  let start = 0;
  let isInside = false;
  for (let at = 0; at <= list.length; at++) {
    const character = list[at];
    if (character === '[') isInside = true;
    else if (character === ']') isInside = false;
    else if (character === undefined || (character === ',' && !isInside)) {
      const name = list.slice(start, at).trim();
      if (name !== '') names.push(name);
      start = at + 1;
    }
  }
  return names;
}

/**
 * All names that a pattern stands for, in order; the pattern itself where it has no brackets and no commas. `room` is
 * how many there may be. Throws `NameRangeError`.
 */
export function expandRanges(pattern: string, room = MAX_NAMES_PER_LINE): string[] {
  const names = splitNames(pattern);
  if (names.length > room) throw tooManyNames();
  const patterns: NamePattern[] = [];
  let left = room;
  for (const name of names) {
    const read = readPattern(name, left);
    left -= read.size;
    patterns.push(read);
  }
  return patterns.flatMap(expandPattern);
}
