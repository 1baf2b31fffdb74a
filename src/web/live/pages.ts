import type { Cluster } from '../../cluster/cluster.ts';
import type { RowKind } from '../../lib/compiled-templates.ts';
import { escapeHtml } from '../../lib/escape-html.ts';
import { withoutControls } from '../../lib/visible-text.ts';
import type { RowsByKind } from '../../query/columns.ts';
import { groupNames, sortNames } from '../../query/columns.ts';
import { asksForFree } from '../../query/free-first.ts';
import { parseQuery } from '../../query/parse.ts';
import { jobCharts } from '../../render/job-charts.ts';
import type { PageRenderer } from '../../render/page.ts';
import { allNodes, type PageRequest, pathOf, requestOf } from '../../render/page-request.ts';
import { kindOf, viewPage } from '../../render/page-view.ts';
import { isLight } from '../../render/shell.ts';
import { tallyCluster } from '../../render/tally.ts';
import type { NodeReport } from '../../report/node-report.ts';
import type { ClusterJob } from '../../report/rows.ts';
import type { WebDependencies } from '../dependencies.ts';
import { findRows, type Listing } from './find-rows.ts';
import { changeKind, takeRendering, unrendered, type Versioned } from './message.ts';
import type { Row, Rows } from './rows.ts';

/** Pages as they were last rendered: what stands around the rows, and which rows are where. */
export interface Pages {
  /** The whole page; null where there is no such node. */
  html(request: PageRequest, version: number, nowMs: number, stamp: string): string | null;
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

/** An element of a live list: a row's number, or a heading. */
type Entry = number | string;

interface KnownPage extends Versioned {
  request: PageRequest;
  pieces: Record<number, string>;
  outerStructure: string;
  orders: Map<RowKind, { entries: Entry[]; version: number }>;
  /** What of the cluster it was made of. */
  madeOf: string;
  atMs: number;
}

type PagesDependencies = Pick<WebDependencies, 'version' | 'demo' | 'problems'>;

const PAGE_MS = 1_000;
/** Rendering pages takes this long at a time, and then rests for so many times as long as it took. */
const ROUND_MS = 50;
const REST_TIMES = 4;
/** Pages that were loaded are kept for the streams that continue them; of those that nobody follows, the last ones. */
const MOST_LOADED = 32;
/** So many nodes are on a page as a whole from the start. */
const WHOLE_NODES = 40;

/** The request that a page is kept under; null where a browser named none as pages name themselves. */
function requestUnder(key: string): PageRequest | null {
  const request = requestOf(key);
  return request !== null && pathOf(request) === key ? request : null;
}

type AnyListing = Listing<RowsByKind[RowKind]>;

export function createPages(
  renderer: PageRenderer,
  cluster: Cluster,
  rows: Rows,
  dependencies: PagesDependencies,
): Pages {
  /** In the order in which they were asked for last. */
  const pages = new Map<string, KnownPage>();
  let followed: ReadonlyMap<string, number> = new Map();
  /** Since when somebody asks for a page that was not made yet; null where it is none. */
  const askedAtMs = new Map<string, number | null>();
  let restsUntilMs = 0;

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

  /** Two clusters may have jobs of the same number: all that have the key. */
  function listJob(key: string | null, nowMs: number): Listing<ClusterJob> {
    const { jobs } = cluster.rows(nowMs);
    const shown = jobs.filter((job) => job.key === key);
    const { length } = shown;
    const found = { shown: length, matching: length, total: jobs.length, folded: 0, error: null };
    return { groups: [{ title: null, rows: shown }], found };
  }

  /** What was searched for is the view's own kind of rows; others stand beside it as they are. */
  function list(kind: RowKind, request: PageRequest, nowMs: number): AnyListing {
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

  /** The rows of one part, in their groups. */
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
      ...(title === null ? [] : [headingHtml(tag, title)]),
      ...toRows(kind, members, request).map((row) => {
        whole -= 1;
        return rows.html(part, row, whole >= 0, version, nowMs);
      }),
    ]);
    return pieces.join('\n');
  }

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
    };
    return viewPage(facts, tallyCluster(cluster.nodes().map(({ tally }) => tally)));
  }

  /** What a page is made of; it is not made anew while this stays. */
  const stateOf = (generation = cluster.generation) => `${generation} ${dependencies.problems().join('\n')}`;

  /** Takes in what the page shows now; true where something changed. */
  function take(page: KnownPage, version: number, nowMs: number): boolean {
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

  function pageOf(request: PageRequest, version: number, nowMs: number): KnownPage {
    const key = pathOf(request);
    const known = pages.get(key);
    if (known) {
      pages.delete(key);
      pages.set(key, known);
      return known;
    }
    const page: KnownPage = {
      ...unrendered,
      request,
      pieces: {},
      outerStructure: '',
      orders: new Map(),
      madeOf: '',
      atMs: nowMs,
    };
    pages.set(key, page);
    forgetOldest();
    take(page, version, nowMs);
    return page;
  }

  function forgetOldest(): void {
    let loaded = 0;
    for (const key of pages.keys()) if (!followed.has(key)) loaded += 1;
    for (const key of pages.keys()) {
      if (loaded <= MOST_LOADED) return;
      if (followed.has(key)) continue;
      pages.delete(key);
      loaded -= 1;
    }
  }

  /** Which of those that are followed are new; the path of one is read once. */
  function noteAsked(nowMs: number): void {
    for (const key of askedAtMs.keys()) if (!followed.has(key) || pages.has(key)) askedAtMs.delete(key);
    for (const key of followed.keys()) {
      if (!pages.has(key) && !askedAtMs.has(key)) askedAtMs.set(key, requestUnder(key) && nowMs - PAGE_MS);
    }
  }

  /** The keys of pages that are another now, those first whose turn it is. */
  function dueKeys(nowMs: number): string[] {
    const current = stateOf();
    const due: { key: string; waited: number }[] = [];
    for (const [key, share] of followed) {
      const page = pages.get(key);
      const sinceMs = page ? page.atMs : askedAtMs.get(key);
      if (sinceMs == null || page?.madeOf === current || nowMs - sinceMs < PAGE_MS) continue;
      due.push({ key, waited: (nowMs - sinceMs) / share });
    }
    return due.sort((a, b) => b.waited - a.waited).map(({ key }) => key);
  }

  /** True where it is another one than before. */
  function remake(key: string, version: number, nowMs: number): boolean {
    const known = pages.get(key);
    if (known) return take(known, version, nowMs);
    const request = requestUnder(key);
    if (request !== null) pageOf(request, version, nowMs);
    return request !== null;
  }

  function ordersSince(page: KnownPage, since: number) {
    const orders: Partial<Record<RowKind, Entry[]>> = {};
    const names: Record<number, string> = {};
    for (const [kind, { entries, version }] of page.orders) {
      if (version <= since) continue;
      orders[kind] = entries;
      Object.assign(names, rows.namesSince(entries, since));
    }
    return Object.keys(orders).length > 0 ? { orders, names } : {};
  }

  return {
    html(request, version, nowMs, stamp) {
      if (request.view === 'node' && !cluster.node(request.only ?? '')) return null;
      if (request.view === 'job' && listJob(request.only, nowMs).found.matching === 0) return null;
      const page = pageOf(request, version, nowMs);
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
      }).html;
    },
    update(shares, version, nowMs) {
      followed = shares;
      if (nowMs < restsUntilMs) return false;
      const startMs = performance.now();
      let changed = false;
      noteAsked(nowMs);
      for (const key of dueKeys(nowMs)) {
        if (remake(key, version, nowMs)) changed = true;
        if (performance.now() - startMs > ROUND_MS) break;
      }
      restsUntilMs = nowMs + REST_TIMES * (performance.now() - startMs);
      return changed;
    },
    arePending(keys) {
      const current = stateOf();
      // What is no path of a page will never be one.
      return Array.from(keys).some((key) => {
        const known = pages.get(key);
        return known ? known.madeOf !== current : askedAtMs.get(key) !== null;
      });
    },
    changeJson(key, since) {
      const page = pages.get(key);
      const kind = page ? changeKind(page, since) : null;
      if (!page || kind === null) return null;
      // Replaced pieces shift the numbers of the values behind them: all values travel with them.
      const change =
        kind === 'whole'
          ? { pieces: page.pieces, all: page.slots }
          : kind === 'all'
            ? { all: page.slots }
            : { set: page.lastSet };
      return JSON.stringify({ key, ...change, ...ordersSince(page, since) });
    },
    isOutdated(key, outerStructure) {
      const page = pages.get(key);
      return page !== undefined && page.outerStructure !== outerStructure;
    },
    keepOnly(keys) {
      for (const key of pages.keys()) if (!keys.has(key)) pages.delete(key);
    },
    get count() {
      return pages.size;
    },
  };
}

const sameEntries = (a: readonly Entry[], b: readonly Entry[]) =>
  a.length === b.length && a.every((entry, at) => entry === b[at]);

/** A heading over the rows of a group, fit for where they stand. `static/live.js` makes the same one. */
function headingHtml(tag: string, title: string): string {
  const text = escapeHtml(withoutControls(title));
  if (tag === 'tr') return `<tr class="group"><th colspan="99" scope="colgroup">${text}</th></tr>`;
  if (tag === 'li') return `<li class="group">${text}</li>`;
  return `<h2 class="group">${text}</h2>`;
}
