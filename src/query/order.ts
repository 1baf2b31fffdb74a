import { closestWord } from '../lib/closest-word.ts';
import { naturalKey } from '../lib/natural-key.ts';
import type { RowKind } from '../lib/row-kinds.ts';
import { visibleText } from '../lib/visible-text.ts';
import type { NodeReport } from '../report/node-report.ts';
import { columns, groupNames, type RowsByKind, type SortValue, sortNames } from './columns.ts';
import type { Outcome, QueryError } from './query.ts';

/** Sorting and grouping. Both keep the order of rows that are alike. */

const MAX_WORDS = 8;

function unknownName(what: string, name: string, at: number, known: readonly string[]): QueryError {
  const meant = closestWord(name, known);
  const found = name === '' ? 'There is no name here.' : `"${visibleText(name.slice(0, 40))}" is none.`;
  const remedy = meant === null ? '' : ` Did you mean ${meant}?`;
  return {
    message: `Rows can be ${what} by ${known.join(', ')}. ${found}${remedy}`,
    at,
    length: Math.max(1, name.length),
  };
}

/** Absent values come last in both directions, so they are kept apart from the comparison. */
function compareValues(a: SortValue, b: SortValue, isDescending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = a < b ? -1 : a > b ? 1 : 0;
  return isDescending ? -order : order;
}

const sortKey = (value: SortValue) => (typeof value === 'string' ? naturalKey(value) : value);

interface SortWord<Row> {
  read: (row: Row) => SortValue;
  isDescending: boolean;
}

function parseSort<Kind extends RowKind>(
  kind: Kind,
  text: string,
): Outcome<{ words: SortWord<RowsByKind[Kind]>[] }> {
  const table = columns[kind].sort;
  const words: SortWord<RowsByKind[Kind]>[] = [];
  let at = 0;
  for (const word of text.split(',').slice(0, MAX_WORDS)) {
    const isDescending = word.startsWith('-');
    const name = (isDescending ? word.slice(1) : word).toLowerCase();
    const read = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!read)
      return { ok: false, error: unknownName('sorted', name, at + Number(isDescending), sortNames(kind)) };
    words.push({ read, isDescending });
    at += word.length + 1;
  }
  return { ok: true, words };
}

/** `text`: names of `sortNames`, separated by commas, with a minus for the largest first: `-util`. */
export function sortRows<Kind extends RowKind>(
  kind: Kind,
  rows: readonly RowsByKind[Kind][],
  text: string,
): Outcome<{ rows: RowsByKind[Kind][] }> {
  const parsed = parseSort(kind, text);
  if (!parsed.ok) return parsed;
  const { words } = parsed;
  const keyed = rows.map((row) => ({ row, keys: words.map(({ read }) => sortKey(read(row))) }));
  keyed.sort((a, b) => {
    for (const [at, { isDescending }] of words.entries()) {
      const order = compareValues(a.keys[at] ?? null, b.keys[at] ?? null, isDescending);
      if (order !== 0) return order;
    }
    return 0;
  });
  return { ok: true, rows: keyed.map(({ row }) => row) };
}

export interface RowGroup<Row> {
  /** Null for rows that have no such thing. */
  title: string | null;
  rows: Row[];
}

/**
 * `name` is one of `groupNames`. Groups come in the natural order of their titles, the one without a title last; a row
 * that belongs to several things (a GPU with two users) is in the group of each. `nodes` tell tags and states.
 */
export function groupRows<Kind extends RowKind>(
  kind: Kind,
  rows: readonly RowsByKind[Kind][],
  name: string,
  nodes: readonly NodeReport[],
): Outcome<{ groups: RowGroup<RowsByKind[Kind]>[] }> {
  const table = columns[kind].group;
  const titlesOf = Object.hasOwn(table, name.toLowerCase()) ? table[name.toLowerCase()] : undefined;
  if (!titlesOf) return { ok: false, error: unknownName('grouped', name, 0, groupNames(kind)) };
  const known = new Map(nodes.map((node) => [node.name, node]));
  const groups = new Map<string | null, RowsByKind[Kind][]>();
  for (const row of rows) {
    const titles = new Set(titlesOf(row, (node) => known.get(node)));
    if (titles.size > 1) titles.delete(null);
    for (const title of titles.size === 0 ? [null] : titles) {
      const group = groups.get(title);
      if (group) group.push(row);
      else groups.set(title, [row]);
    }
  }
  const keyed = Array.from(groups, ([title, members]) => ({ title, rows: members, key: sortKey(title) }));
  keyed.sort((a, b) => compareValues(a.key, b.key, false));
  return { ok: true, groups: keyed.map(({ title, rows: members }) => ({ title, rows: members })) };
}
