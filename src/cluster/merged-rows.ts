import { groupBy } from '../lib/group-by.ts';

/**
 * Rows that are put together of what several nodes have of them. A row is made anew only where one of its shares is
 * another object than the last time, so that what did not change stays the same object.
 */
export function createMergedRows<Share, Row>(
  keyOf: (share: Share) => string,
  merge: (shares: Share[]) => Row[],
  inOrder: (a: Row, b: Row) => number,
): (shares: readonly Share[]) => Row[] {
  let known = new Map<string, { shares: Share[]; rows: Row[] }>();

  return (shares) => {
    const now: typeof known = new Map();
    for (const [key, own] of groupBy(shares, keyOf)) {
      const before = known.get(key);
      const isSame = before !== undefined && haveSameElements(before.shares, own);
      now.set(key, isSame ? before : { shares: own, rows: merge([...own]) });
    }
    known = now;
    return Array.from(now.values(), ({ rows }) => rows)
      .flat()
      .sort(inOrder);
  };
}

const haveSameElements = (a: readonly unknown[], b: readonly unknown[]) =>
  a.length === b.length && a.every((element, at) => element === b[at]);
