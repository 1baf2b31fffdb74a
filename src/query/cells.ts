import type { QueryError } from './query.ts';

/** One character of a term, which knows where it stood and whether it was quoted. */
export interface Cell {
  character: string;
  at: number;
  isQuoted: boolean;
}

/** A term as it was written, without its minus. */
export interface RawTerm {
  at: number;
  /** Behind its last character. */
  end: number;
  isNegated: boolean;
  cells: readonly Cell[];
}

export interface RawTerms {
  terms: RawTerm[];
  /** Where a quote opens that nothing closes. */
  openQuoteAt: number | null;
}

const isBlank = (character: string) => /\s/.test(character);

/**
 * Splits a text at blanks. Quotes keep blanks, commas and colons as they are; within them a backslash makes the
 * next character ordinary. One pass; an open quote reaches to the end.
 */
export function splitTerms(text: string): RawTerms {
  const terms: RawTerm[] = [];
  let openQuoteAt: number | null = null;
  let at = 0;
  while (at < text.length) {
    if (isBlank(text.charAt(at))) {
      at += 1;
      continue;
    }
    const start = at;
    const isNegated = text.charAt(at) === '-';
    if (isNegated) at += 1;
    const cells: Cell[] = [];
    while (at < text.length && (openQuoteAt !== null || !isBlank(text.charAt(at)))) {
      const isQuoted: boolean = openQuoteAt !== null;
      if (text.charAt(at) === '"') openQuoteAt = isQuoted ? null : at;
      else {
        if (isQuoted && text.charAt(at) === '\\' && at + 1 < text.length) at += 1;
        cells.push({ character: text.charAt(at), at, isQuoted });
      }
      at += 1;
    }
    terms.push({ at: start, end: at, isNegated, cells });
  }
  return { terms, openQuoteAt };
}

/** The characters alone, without quotes and escapes. */
export const textOf = (cells: readonly Cell[]) => cells.map(({ character }) => character).join('');

/** Position of the first such character outside quotes, or -1. */
export function findPlain(cells: readonly Cell[], wanted: string): number {
  return cells.findIndex(({ character, isQuoted }) => !isQuoted && character === wanted);
}

/** Splits at commas outside quotes. */
export function splitAlternatives(cells: readonly Cell[]): Cell[][] {
  const alternatives: Cell[][] = [[]];
  for (const cell of cells) {
    if (cell.character === ',' && !cell.isQuoted) alternatives.push([]);
    else alternatives.at(-1)?.push(cell);
  }
  return alternatives;
}

/** How many cells at the beginning, all outside quotes, are letters. */
export function leadingLetters(cells: readonly Cell[]): number {
  const end = cells.findIndex(({ character, isQuoted }) => isQuoted || !/[a-z]/i.test(character));
  return end < 0 ? cells.length : end;
}

/** An error that points at these cells, or at `fallback` where there are none. */
export function errorAt(
  message: string,
  cells: readonly Cell[],
  fallback: { at: number; end: number },
): QueryError {
  const first = cells[0]?.at ?? fallback.at;
  const last = cells.at(-1)?.at ?? fallback.end - 1;
  return { message, at: first, length: Math.max(1, last + 1 - first) };
}
