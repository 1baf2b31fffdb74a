import type { ClusterRows } from '../../cluster/row-tables.ts';
import type { RowKind } from '../../lib/row-kinds.ts';
import type { RowsByKind } from '../../query/columns.ts';
import { parseQuery } from '../../query/parse.ts';
import { asksForServices, isService } from '../../query/services.ts';
import { type PageRequest, usualLimit } from '../../render/page-request.ts';
import type { Found } from '../../render/page-view.ts';
import type { ClusterJob } from '../../report/rows.ts';
import { type Asked, listRows } from '../listings.ts';

/** The rows that a page lists, as they were searched for, in order and in groups. */
export interface Listing<Row> {
  groups: { title: string | null; rows: Row[] }[];
  found: Found;
}

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

/** Services are no jobs to most who look: they are left out of the view of jobs unless somebody asks for them. */
function foldServices({ view, query, hasServices }: PageRequest): (row: unknown) => boolean {
  const parsed = parseQuery(query);
  if (view !== 'jobs' || hasServices || (parsed.ok && asksForServices(parsed.query))) return () => true;
  return (row) => !isService(row as ClusterJob);
}

const nothingAsked: Asked = { q: null, sort: null, group: null };

/** What cannot be understood is told, and the rows are shown as if it had not been asked for. */
export function findRows<Kind extends RowKind>(
  kind: Kind,
  request: PageRequest,
  cluster: ClusterRows,
): Listing<RowsByKind[Kind]> {
  const { view, query, sort, group, limit } = request;
  const asked = listRows(kind, cluster, { q: query, sort, group });
  const listed = asked.ok ? asked : listRows(kind, cluster, nothingAsked);
  const all = listed.ok ? listed.listing : { rows: [], groups: null };
  const isShown = foldServices(request);
  const rows = all.rows.filter(isShown);
  const groups = all.groups?.map((each) => ({ ...each, rows: each.rows.filter(isShown) }));
  const cut = cutGroups(groups ? withoutRepeats(groups) : [{ title: null, rows }], limit ?? usualLimit(view));
  const shown = cut.reduce((sum, { rows: members }) => sum + members.length, 0);
  const folded = all.rows.length - rows.length;
  const total = cluster[kind].length;
  return {
    groups: cut,
    found: { shown, matching: rows.length, total, folded, error: asked.ok ? null : asked.error.message },
  };
}
