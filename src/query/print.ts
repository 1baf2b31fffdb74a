import { quoteText } from '../../static/shared/query-text.js';
import { findField } from './fields.ts';
import type { Query, Term, Test } from './query.ts';

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
