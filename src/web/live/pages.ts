import type { Cluster } from '../../cluster/cluster.ts';
import type { RowKind } from '../../lib/row-kinds.ts';
import { groupNames, sortNames } from '../../query/columns.ts';
import { jobCharts } from '../../render/job-charts.ts';
import type { PageRenderer } from '../../render/page.ts';
import { type PageRequest, pathOf, requestOf } from '../../render/page-request.ts';
import { kindOf, viewPage } from '../../render/page-view.ts';
import { tallyCluster } from '../../render/tally.ts';
import type { ClusterJob } from '../../report/rows.ts';
import type { WebDependencies } from '../dependencies.ts';
import type { Entry } from '../wire.ts';
import { createKeptPages, type KeptPage, pageChangeJson } from './kept-pages.ts';
import { takeRendering } from './message.ts';
import { type AnyListing, createPageLists } from './page-lists.ts';
import { createPageTurns } from './page-turns.ts';
import type { Rows } from './rows.ts';

/** Pages as they were last rendered: what stands around the rows, and which rows are where. */
export interface Pages {
  /** The whole page; null where nothing of now stands on it, unless there `isRecord` of it. */
  html(
    request: PageRequest,
    version: number,
    nowMs: number,
    stamp: string,
    isRecord?: boolean,
  ): string | null;
  /**
   * Renders the pages that are not as the cluster is now; false where nothing changed. Each at most once a second, and
   * all together within a share of the head's time: viewers may ask for as many searches as they like. Those come first
   * that have waited for longest, measured by `shares`: a page of somebody with a hundred waits a hundred times as long.
   */
  update(shares: ReadonlyMap<string, number>, version: number, nowMs: number): boolean;
  /** Whether one of them is not as the cluster is now. */
  arePending(keys: Iterable<string>): boolean;
  /** As JSON, what somebody needs of a page who has it up to `since`; null for nothing. */
  changeJson(key: string, since: number): string | null;
  /** Whether a page with this outer structure must be loaded anew. */
  isOutdated(key: string, outerStructure: string): boolean;
  /** Forgets the pages that nobody has in sight. */
  keepOnly(keys: ReadonlySet<string>): void;
  /** How many are kept. */
  readonly count: number;
}

type PagesDependencies = Pick<
  WebDependencies,
  'version' | 'demo' | 'problems' | 'ledger' | 'historySinceMs' | 'hasIdleBoard'
>;

/** The request that a page is kept under; null where a browser named none as pages name themselves. */
function requestUnder(key: string): PageRequest | null {
  const request = requestOf(key);
  return request !== null && pathOf(request) === key ? request : null;
}

/** Pages of one design; versions are those of the feed. */
export function createPages(
  renderer: PageRenderer,
  cluster: Cluster,
  rows: Rows,
  dependencies: PagesDependencies,
): Pages {
  const { list, entriesOf, partHtml } = createPageLists(renderer, cluster, rows);
  const turns = createPageTurns({
    madeAtMs: (key) => pages.get(key)?.atMs,
    isCurrent: (key) => pages.get(key)?.madeOf === current,
    isPage: (key) => requestUnder(key) !== null,
  });
  const pages = createKeptPages(turns.isFollowed);
  /** What pages would be made of in this round. */
  let current = '';

  function viewOf(request: PageRequest, { found, groups }: AnyListing) {
    const kind = kindOf(request.view);
    const { version, demo } = dependencies;
    const names = request.only === null ? null : [];
    const jobs = request.view === 'job' ? groups.flatMap(({ rows: members }) => members as ClusterJob[]) : [];
    const facts = {
      version,
      demo,
      problems: dependencies.problems(),
      request,
      found,
      sorts: names ?? sortNames(kind),
      groups: names ?? groupNames(kind),
      charts: jobCharts(jobs),
      hasLedger: dependencies.ledger != null,
      hasIdleBoard: dependencies.hasIdleBoard ?? false,
    };
    return viewPage(facts, tallyCluster(cluster.nodes().map((node) => node.tally())));
  }

  /** A page of one that the cluster does not have. */
  function isNothing(request: PageRequest, nowMs: number): boolean {
    const { view, only } = request;
    if (view === 'node') return !cluster.node(only ?? '');
    return only !== null && list(kindOf(view), request, nowMs).found.matching === 0;
  }

  /** What a page is made of; it is not made anew while this stays. */
  const stateOf = (generation = cluster.generation) => `${generation} ${dependencies.problems().join('\n')}`;

  /** Takes in what the page shows now; true where something changed. */
  function take(page: KeptPage, version: number, nowMs: number): boolean {
    page.atMs = nowMs;
    page.madeOf = stateOf(cluster.rows(nowMs).generation);
    const { request } = page;
    const kind = kindOf(request.view);
    const listing = list(kind, request, nowMs);
    const kinds = new Set<RowKind>();
    const rendering = renderer.renderPage({
      page: viewOf(request, listing),
      part: (number) => {
        kinds.add(renderer.parts[number]?.kind ?? 'nodes');
        return '';
      },
      version: '',
      pageKey: '',
    });
    page.pieces = rendering.pieces;
    let changed = takeRendering(page, rendering, version);
    if (page.outerStructure !== rendering.outerStructure) changed = true;
    page.outerStructure = rendering.outerStructure;
    for (const shown of kinds) {
      const entries = entriesOf(shown, shown === kind ? listing : list(shown, request, nowMs), request);
      const known = page.orders.get(shown);
      if (known && sameEntries(known.entries, entries)) continue;
      page.orders.set(shown, { entries, version });
      changed = true;
    }
    if (changed && page.version !== version) {
      page.previousVersion = page.version;
      page.version = version;
      page.lastSet = [];
    }
    return changed;
  }

  /** True where it is another one than before. */
  function remake(key: string, version: number, nowMs: number): boolean {
    const known = pages.get(key);
    if (known) return take(known, version, nowMs);
    const request = requestUnder(key);
    if (request !== null) take(pages.keep(request, nowMs), version, nowMs);
    return request !== null;
  }

  return {
    html(request, version, nowMs, stamp, isRecord = false) {
      if (!isRecord && isNothing(request, nowMs)) return null;
      const page = pages.keep(request, nowMs);
      // A page that is loaded shows what is there now; with many viewers it was made a moment ago.
      if (page.madeOf !== stateOf()) take(page, version, nowMs);
      const listings = new Map<RowKind, AnyListing>();
      const listingOf = (kind: RowKind) => {
        const listing = listings.get(kind) ?? list(kind, request, nowMs);
        listings.set(kind, listing);
        return listing;
      };
      return renderer.renderPage({
        page: viewOf(request, listingOf(kindOf(request.view))),
        part: (number) =>
          partHtml(number, listingOf(renderer.parts[number]?.kind ?? 'nodes'), request, version, nowMs),
        version: stamp,
        pageKey: pathOf(request),
        sinceMs: dependencies.historySinceMs?.() ?? null,
      }).html;
    },
    update(shares, version, nowMs) {
      turns.follow(shares);
      current = stateOf();
      let changed = false;
      turns.giveTurns(nowMs, (key) => {
        if (remake(key, version, nowMs)) changed = true;
      });
      return changed;
    },
    arePending(keys) {
      const current = stateOf();
      return Array.from(keys).some((key) => {
        const known = pages.get(key);
        return known ? known.madeOf !== current : turns.isAwaited(key);
      });
    },
    changeJson(key, since) {
      const page = pages.get(key);
      return page ? pageChangeJson(key, page, rows, since) : null;
    },
    isOutdated(key, outerStructure) {
      const page = pages.get(key);
      return page !== undefined && page.outerStructure !== outerStructure;
    },
    keepOnly: pages.keepOnly,
    get count() {
      return pages.count;
    },
  };
}

const sameEntries = (a: readonly Entry[], b: readonly Entry[]) =>
  a.length === b.length && a.every((entry, at) => entry === b[at]);
