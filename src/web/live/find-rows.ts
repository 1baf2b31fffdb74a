import type { RowKind } from '../../lib/compiled-templates.ts';
import type { NodeReport } from '../../protocol/node.ts';
import type { RowsByKind } from '../../query/columns.ts';
import { filterGpus, filterJobs, filterNodes, filterUsers } from '../../query/filter.ts';
import { groupRows, sortRows } from '../../query/order.ts';
import { parseQuery } from '../../query/parse.ts';
import { emptyQuery, type Query } from '../../query/query.ts';
import { type PageRequest, usualLimit } from '../../render/page-request.ts';
import type { Found } from '../../render/page-view.ts';
import type { ClusterRows } from './cluster.ts';

/** The rows that a page lists, as they were searched for, in order and in groups. */
export interface Listing<Row> {
  groups: { title: string | null; rows: Row[] }[];
  found: Found;
}

type Filter<Kind extends RowKind> = (
  query: Query,
  rows: readonly RowsByKind[Kind][],
  nodes: readonly NodeReport[],
) => RowsByKind[Kind][];

const filters: { [Kind in RowKind]: Filter<Kind> } = {
  nodes: filterNodes,
  gpus: filterGpus,
  jobs: filterJobs,
  users: filterUsers,
};

/** A row of several groups stands once, under all their names: what is live has one place on the page. */
function withoutRepeats<Row>(groups: readonly { title: string | null; rows: readonly Row[] }[]) {
  const titles = new Map<Row, string[]>();
  for (const { title, rows } of groups)
    for (const row of rows) titles.set(row, [...(titles.get(row) ?? []), title ?? 'others']);
  const merged = new Map<string, Row[]>();
  for (const [row, names] of titles) {
    const title = names.join(', ');
    const members = merged.get(title);
    if (members) members.push(row);
    else merged.set(title, [row]);
  }
  return Array.from(merged, ([title, rows]) => ({ title, rows }));
}

/** Takes rows until `limit` is reached. */
function cutGroups<Row>(groups: readonly { title: string | null; rows: Row[] }[], limit: number) {
  let left = limit;
  return groups.flatMap(({ title, rows }) => {
    const taken = rows.slice(0, Math.max(0, left));
    left -= taken.length;
    return taken.length > 0 ? [{ title, rows: taken }] : [];
  });
}

/** What cannot be understood is told, and the rows are shown as if it had not been asked for. */
export function findRows<Kind extends RowKind>(
  kind: Kind,
  { view, query, sort, group, limit }: PageRequest,
  cluster: ClusterRows,
): Listing<RowsByKind[Kind]> {
  const all = cluster[kind] as readonly RowsByKind[Kind][];
  const parsed = parseQuery(query);
  const filter: Filter<Kind> = filters[kind];
  const meant = filter(parsed.ok ? parsed.query : emptyQuery, all, cluster.nodes);
  const sorted = sort === '' ? null : sortRows(kind, meant, sort);
  const rows = sorted?.ok ? sorted.rows : meant;
  const grouped = group === '' ? null : groupRows(kind, rows, group, cluster.nodes);
  const groups = cutGroups(
    grouped?.ok ? withoutRepeats(grouped.groups) : [{ title: null, rows }],
    limit ?? usualLimit(view),
  );
  const errors = [parsed, sorted, grouped].flatMap((outcome) =>
    outcome?.ok === false ? [outcome.error.message] : [],
  );
  const shown = groups.reduce((sum, { rows: members }) => sum + members.length, 0);
  const found = { shown, matching: rows.length, total: all.length, error: errors.join(' ') || null };
  return { groups, found };
}
