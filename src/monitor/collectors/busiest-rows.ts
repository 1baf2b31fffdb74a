/** Rows of a sample, and a word about those that were left out; null where none was. */
export interface NotedRows<Row> {
  rows: Row[];
  note: string | null;
}

/** The rows with the largest loads, in the order in which they stand, where there are more than fit. */
export function busiestRows<Row>(
  rows: readonly Row[],
  most: number,
  what: string,
  loadOf: (row: Row) => number,
): NotedRows<Row> {
  if (rows.length <= most) return { rows: [...rows], note: null };
  const loads = new Map(rows.map((row) => [row, loadOf(row)]));
  const busiest = new Set([...rows].sort((a, b) => (loads.get(b) ?? 0) - (loads.get(a) ?? 0)).slice(0, most));
  return {
    rows: rows.filter((row) => busiest.has(row)),
    note: `${rows.length - most} of ${rows.length} ${what} are left out, the busiest are told`,
  };
}
