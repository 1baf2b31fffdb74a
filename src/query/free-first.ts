import type { Query } from './query.ts';

/** Whether a search asks for GPUs that are free: then what is free stands at the front. */
export function asksForFree({ terms }: Query): boolean {
  return terms.some(
    ({ field, isNegated, tests }) =>
      !isNegated && field === 'is' && tests.some((test) => test.kind === 'text' && test.text === 'free'),
  );
}
