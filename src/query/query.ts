/** What a search text means. Made by `parseQuery`, used by everything else of this room. */
export interface Query {
  /** All of them hold. */
  terms: readonly Term[];
}

export interface Term {
  /** Name in the table of fields; null for plain words. */
  field: string | null;
  isNegated: boolean;
  /** One of them holds. Never empty. */
  tests: readonly Test[];
}

export type Test = TextTest | IntervalTest;

export interface TextTest {
  kind: 'text';
  /** In lower case. */
  text: string;
  /** The whole text instead of a part of it. */
  isExact: boolean;
}

export interface IntervalTest {
  kind: 'interval';
  /** As it was written, in lower case: `>=2`, `40g..80g`. */
  text: string;
  /** In the field's own unit; infinite where there is no such end. */
  low: number;
  high: number;
  isLowOpen: boolean;
  isHighOpen: boolean;
}

/** Why a text is no query: `message` ends with the remedy; `at` and `length` count UTF-16 units of the text. */
export interface QueryError {
  message: string;
  at: number;
  length: number;
}

export type Outcome<Value> = ({ ok: true } & Value) | { ok: false; error: QueryError };

export const emptyQuery: Query = { terms: [] };
