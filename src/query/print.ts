import { findField } from './fields.ts';
import type { Query, Term, Test } from './query.ts';

const PLAIN = /^[\p{L}\p{N}_./@+][\p{L}\p{N}_./@+-]*$/u;

/** A text as a query needs it: in quotes where a blank, comma or sign of its own would mean something. */
export function quoteText(text: string): string {
  return PLAIN.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function printTest(test: Test, isChoice: boolean): string {
  if (test.kind === 'interval') return test.text;
  return `${test.isExact && !isChoice ? '=' : ''}${quoteText(test.text)}`;
}

function printTerm({ field, isNegated, tests }: Term): string {
  const isChoice = field !== null && findField(field)?.choices !== undefined;
  const values = tests.map((test) => printTest(test, isChoice)).join(',');
  return `${isNegated ? '-' : ''}${field === null ? '' : `${field}:`}${values}`;
}

/** The one way to write a query: what it gives, `parseQuery` reads back as the same. */
export function printQuery({ terms }: Query): string {
  return terms.map(printTerm).join(' ');
}
