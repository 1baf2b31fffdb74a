import type { Context, Hono } from 'hono';
import type { Cluster } from '../cluster/cluster.ts';
import { type RowKind, rowKinds } from '../lib/row-kinds.ts';
import { complete } from '../query/complete.ts';
import { fields } from '../query/fields.ts';
import type { RowGroup } from '../query/order.ts';
import { type Vocabulary, vocabularyOf } from '../query/vocabulary.ts';
import { rowsCsv } from '../report/rows-csv.ts';
import { type Asked, type AskedError, listRows } from './listings.ts';
import { createRowWriter, streamOf } from './row-json.ts';
import type { FieldDescription } from './wire.ts';

/** `?q=`, `?sort=` and `?group=` of a request. */
export function askedOf({ req }: Context): Asked {
  const one = (name: keyof Asked) => req.query(name) ?? null;
  return { q: one('q'), sort: one('sort'), group: one('group') };
}

const codes: Record<AskedError['name'], string> = {
  q: 'bad-query',
  sort: 'bad-sort',
  group: 'bad-group',
};

/** A group's rows are told by their places in the list, so that nothing is said twice. */
function placesOf<Row>(rows: readonly Row[], groups: readonly RowGroup<Row>[]) {
  const places = new Map(rows.map((row, at) => [row, at]));
  return groups.map(({ title, rows: members }) => ({
    title,
    count: members.length,
    rows: members.flatMap((row) => places.get(row) ?? []),
  }));
}

/** What did not change since it was asked for last is not made, nor written as JSON, again. */
function answerLists(cluster: Cluster): (context: Context, kind: RowKind) => Response {
  const write = createRowWriter(cluster);
  return (context, kind) => {
    cluster.catchUp();
    const outcome = listRows(kind, cluster.currentRows(), askedOf(context));
    if (!outcome.ok) {
      const { name, message, at, length } = outcome.error;
      return context.json({ error: { code: codes[name], message, at, length } }, 400);
    }
    const { rows, groups } = outcome.listing;
    if (context.req.query('format') === 'csv')
      return context.body(rowsCsv(kind, rows), 200, { 'Content-Type': 'text/csv; charset=utf-8' });
    const grouped = groups ? `,"groups":${JSON.stringify(placesOf(rows, groups))}` : '';
    const body = streamOf(write(`{"${kind}":[`, rows, `]${grouped}}`));
    return context.body(body, 200, { 'Content-Type': 'application/json' });
  };
}

/** Who types asks several times a second, and a thousand reports take a quarter of one. */
const VOCABULARY_MS = 3_000;

function keepVocabulary(cluster: Cluster): () => Vocabulary {
  let kept: { value: Vocabulary; atMs: number } | null = null;
  return () => {
    const nowMs = performance.now();
    if (kept === null || nowMs - kept.atMs > VOCABULARY_MS) {
      cluster.catchUp();
      const { nodes, jobs } = cluster.currentRows();
      kept = { value: vocabularyOf(nodes, jobs), atMs: nowMs };
    }
    return kept.value;
  };
}

/** The language of searches, for a page's help. */
const describeFields = (): { fields: FieldDescription[] } => ({
  fields: fields.map(({ name, aliases, kind, help, example, choices = null }) => ({
    name,
    aliases,
    kind,
    help,
    example,
    choices,
  })),
});

/** The lists of nodes, GPUs, jobs and users, and what completes and explains a search text. */
export function addListRoutes(app: Hono, cluster: Cluster): void {
  const answer = answerLists(cluster);
  for (const kind of rowKinds) app.get(`/api/v1/${kind}`, (context) => answer(context, kind));

  const vocabulary = keepVocabulary(cluster);
  app.get('/api/v1/complete', (context) => {
    const text = context.req.query('q') ?? '';
    const caret = context.req.query('at');
    return context.json(complete(text, caret === undefined ? text.length : Number(caret), vocabulary()));
  });

  app.get('/api/v1/complete/fields', (context) => context.json(describeFields()));
}
