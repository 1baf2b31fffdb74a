import { headingHtml, isLight } from '../../../static/shared/rows.js';
import type { Cluster } from '../../cluster/cluster.ts';
import { escapeHtml } from '../../lib/escape-html.ts';
import type { RowKind } from '../../lib/row-kinds.ts';
import { withoutControls } from '../../lib/visible-text.ts';
import type { RowsByKind } from '../../query/columns.ts';
import { asksForFree } from '../../query/free-first.ts';
import { parseQuery } from '../../query/parse.ts';
import { isService } from '../../query/services.ts';
import type { PageRenderer } from '../../render/page.ts';
import { allNodes, type PageRequest } from '../../render/page-request.ts';
import { kindOf } from '../../render/page-view.ts';
import { isMeantKey } from '../../report/job-words.ts';
import type { NodeReport } from '../../report/node-report.ts';
import type { ClusterJob, ClusterUser } from '../../report/rows.ts';
import type { Entry } from '../wire.ts';
import { findRows, type Listing } from './find-rows.ts';
import type { Row } from './row-identities.ts';
import type { Rows } from './rows.ts';

/** So many nodes are on a page as a whole from the start. */
const WHOLE_NODES = 40;

export type AnyListing = Listing<RowsByKind[RowKind]>;

/** The rows that stand on a page. */
export interface PageLists {
  /** What was searched for is the view's own kind of rows; others stand beside it as they are. */
  list(kind: RowKind, request: PageRequest, nowMs: number): AnyListing;
  /** Numbers of the rows, and headings of their groups. */
  entriesOf(kind: RowKind, listing: AnyListing, request: PageRequest): Entry[];
  /** The rows of one part as HTML, in their groups. */
  partHtml(part: number, listing: AnyListing, request: PageRequest, version: number, nowMs: number): string;
}

/** Lists of the cluster's rows, at a page's pace. */
export function createPageLists(renderer: PageRenderer, cluster: Cluster, rows: Rows): PageLists {
  function listOne(name: string | null): AnyListing {
    const report = cluster.node(name ?? '')?.report;
    const shown: NodeReport[] = report ? [report] : [];
    const found = {
      shown: shown.length,
      matching: shown.length,
      total: cluster.nodes().length,
      folded: 0,
      error: null,
    };
    return { groups: [{ title: null, rows: shown }], found };
  }

  /** Two clusters may have jobs of the same number, and two containers the same first digits: all that are meant. */
  function listJob(key: string | null, nowMs: number): Listing<ClusterJob> {
    const { jobs } = cluster.rows(nowMs);
    const shown = key === null ? [] : jobs.filter((job) => isMeantKey(key, job.key));
    const { length } = shown;
    const found = { shown: length, matching: length, total: jobs.length, folded: 0, error: null };
    return { groups: [{ title: null, rows: shown }], found };
  }

  /** One who holds next to nothing is no row of the list, but may have jobs. */
  function listUser(name: string | null, nowMs: number): Listing<ClusterUser> {
    const { users, jobs } = cluster.rows(nowMs);
    const shown = users.filter(({ user }) => user === name);
    const matching = shown.length + jobs.filter(({ user }) => user === name).length;
    const found = { shown: matching, matching, total: users.length, folded: 0, error: null };
    return { groups: [{ title: null, rows: shown }], found };
  }

  function listJobsOf(name: string | null, nowMs: number): Listing<ClusterJob> {
    const { jobs } = cluster.rows(nowMs);
    const shown = jobs.filter((job) => job.user === name && !isService(job));
    const { length } = shown;
    const found = { shown: length, matching: length, total: jobs.length, folded: 0, error: null };
    return { groups: [{ title: null, rows: shown }], found };
  }

  function list(kind: RowKind, request: PageRequest, nowMs: number): AnyListing {
    if (request.view === 'user' && kind === 'users') return listUser(request.only, nowMs);
    if (request.view === 'user' && kind === 'jobs') return listJobsOf(request.only, nowMs);
    if (request.view === 'node' && kind === 'nodes') return listOne(request.only);
    if (request.view === 'job' && kind === 'jobs') return listJob(request.only, nowMs);
    return findRows(kind, kind === kindOf(request.view) ? request : allNodes, cluster.rows(nowMs));
  }

  function toRows(kind: RowKind, members: readonly unknown[], { query }: PageRequest): Row[] {
    const parsed = kind === 'nodes' ? parseQuery(query) : null;
    const isFreeFirst = parsed?.ok === true && asksForFree(parsed.query);
    return members.map((source) => ({ kind, source, isFreeFirst }) as Row);
  }

  function entriesOf(kind: RowKind, { groups }: AnyListing, request: PageRequest): Entry[] {
    return groups.flatMap(({ title, rows: members }) => {
      const ids = rows.idsOf(toRows(kind, members, request));
      return title === null ? ids : [title, ...ids];
    });
  }

  function partHtml(
    part: number,
    { groups }: AnyListing,
    request: PageRequest,
    version: number,
    nowMs: number,
  ): string {
    const { kind = 'nodes', tag = 'section' } = renderer.parts[part] ?? {};
    let whole = isLight(tag) ? Number.POSITIVE_INFINITY : WHOLE_NODES;
    const pieces = groups.flatMap(({ title, rows: members }) => [
      ...(title === null ? [] : [headingHtml(tag, escapeHtml(withoutControls(title)))]),
      ...toRows(kind, members, request).map((row) => {
        whole -= 1;
        return rows.html(part, row, whole >= 0, version, nowMs);
      }),
    ]);
    return pieces.join('\n');
  }

  return { list, entriesOf, partHtml };
}
