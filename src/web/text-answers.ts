import type { Cluster } from '../cluster/cluster.ts';
import type { RowKind } from '../lib/row-kinds.ts';
import type { RowsByKind } from '../query/columns.ts';
import { renderGpusText } from '../render/text/gpus-text.ts';
import { renderJobsText } from '../render/text/jobs-text.ts';
import { renderStatusText } from '../render/text/nodes-text.ts';
import { renderGroups, renderQueryError } from '../render/text/query-text.ts';
import { renderUsersText } from '../render/text/users-text.ts';
import type { NodeReport } from '../report/node-report.ts';
import { type Asked, type ListingOutcome, listRows } from './listings.ts';
import { withAges } from './row-json.ts';

export interface TextAnswer {
  status: 200 | 400;
  text: string;
}

/** Without a query an empty list means an empty cluster, with one that nothing fits. */
function answerFor<Row>(
  outcome: ListingOutcome<Row>,
  q: string | null,
  render: (rows: readonly Row[]) => string,
): TextAnswer {
  if (!outcome.ok) return { status: 400, text: renderQueryError(outcome.error.text, outcome.error) };
  const { rows, groups } = outcome.listing;
  if (rows.length === 0 && q) return { status: 200, text: 'Nothing fits this search.\n' };
  return { status: 200, text: groups ? renderGroups(groups, render) : render(rows) };
}

type Renderers = { [Kind in RowKind]: (rows: readonly RowsByKind[Kind][]) => string };

const renderers: Renderers = {
  nodes: (rows: readonly NodeReport[]) => renderStatusText(rows),
  gpus: renderGpusText,
  jobs: renderJobsText,
  users: renderUsersText,
};

/** One of the views as text for a terminal; a bad question is told with its place and remedy. */
export function textFor<Kind extends RowKind>(view: Kind, cluster: Cluster, asked: Asked): TextAnswer {
  cluster.catchUp();
  const render = (rows: readonly RowsByKind[Kind][]) => renderers[view](withAges(cluster, rows));
  return answerFor(listRows(view, cluster.currentRows(), asked), asked.q, render);
}
