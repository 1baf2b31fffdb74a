import type { ClusterRows } from '../cluster/row-tables.ts';
import type { RowKind } from '../lib/row-kinds.ts';
import type { RowsByKind } from '../query/columns.ts';
import { filterGpus, filterJobs, filterNodes, filterUsers } from '../query/filter.ts';
import { asksForFree } from '../query/free-first.ts';
import { groupRows, type RowGroup, sortRows } from '../query/order.ts';
import { parseQuery } from '../query/parse.ts';
import type { Query, QueryError } from '../query/query.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { ClusterGpu, ClusterJob, ClusterUser } from '../report/rows.ts';

/** Rows as API, text and page show them: filtered, sorted and grouped alike. */

/** What was asked for, as it stands in an address; null or '' for nothing. */
export interface Asked {
  q: string | null;
  sort: string | null;
  group: string | null;
}

export type AskedName = keyof Asked;

/** Which of the texts is wrong, and how. */
export interface AskedError extends QueryError {
  name: AskedName;
  text: string;
}

export interface AskedRows<Row> {
  rows: Row[];
  /** Null unless asked for. A row can be in several. */
  groups: RowGroup<Row>[] | null;
  /** All nodes, whatever the query: `0 of 12`. */
  nodes: readonly NodeReport[];
}

export type ListingOutcome<Row> = { ok: true; listing: AskedRows<Row> } | { ok: false; error: AskedError };

type Lists = { [Kind in RowKind]: (rows: ClusterRows, query: Query) => RowsByKind[Kind][] };

const lists: Lists = {
  nodes: ({ nodes }, query): NodeReport[] => filterNodes(query, nodes),
  gpus: ({ gpus, nodes }, query): ClusterGpu[] => filterGpus(query, gpus, nodes),
  jobs: ({ jobs, nodes }, query): ClusterJob[] => filterJobs(query, jobs, nodes),
  users: ({ users, nodes }, query): ClusterUser[] => filterUsers(query, users, nodes),
};

/** Rows of a kind as asked for, or what is wrong with the question. */
export function listRows<Kind extends RowKind>(
  kind: Kind,
  rows: ClusterRows,
  { q, sort, group }: Asked,
): ListingOutcome<RowsByKind[Kind]> {
  const refuse = (name: AskedName, text: string | null, error: QueryError) => ({
    ok: false as const,
    error: { ...error, name, text: text ?? '' },
  });
  const parsed = parseQuery(q ?? '');
  if (!parsed.ok) return refuse('q', q, parsed.error);
  const { nodes } = rows;
  const found = lists[kind](rows, parsed.query);
  const order = sort || (kind === 'nodes' && asksForFree(parsed.query) ? '-free' : null);
  const sorted = order ? sortRows(kind, found, order) : { ok: true as const, rows: found };
  if (!sorted.ok) return refuse('sort', sort, sorted.error);
  if (!group) return { ok: true, listing: { rows: sorted.rows, groups: null, nodes } };
  const grouped = groupRows(kind, sorted.rows, group, nodes);
  if (!grouped.ok) return refuse('group', group, grouped.error);
  return { ok: true, listing: { rows: sorted.rows, groups: grouped.groups, nodes } };
}
