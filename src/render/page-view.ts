import type { ViewName } from '../lib/compiled-templates.ts';
import type { RowKind } from '../lib/row-kinds.ts';
import type { JobChart } from './job-charts.ts';
import { allNodes, isSingle, type PageRequest, pathOf } from './page-request.ts';
import { type ChoiceView, type ColumnView, sortChoices, viewColumns } from './table-columns.ts';
import { type ClusterTally, tallyCluster } from './tally.ts';

/** What a design can show around the rows. */
export interface PageView extends ClusterTally {
  /** For the window's title. */
  title: string;
  version: string;
  demo: boolean;
  problems: string[];
  view: ViewName;
  /** The one node that the page is about, or null. */
  onlyNode: string | null;
  /** The one user that the page is about, or null. */
  onlyUser: string | null;
  /** Nodes are a line each, which unfolds. */
  isCompact: boolean;
  /** As somebody chose; '' for what suits their number. */
  rows: PageRequest['rows'];
  /** The other way to show nodes; null where a page shows none. */
  rowsTitle: string | null;
  rowsHref: string;
  /** The headings of the view's table. */
  columns: ColumnView[];
  /** Where its figures of the last minutes are read. */
  recentPath: string | null;
  /** Where a job's figures of the last minutes are read, of its first nodes. */
  charts: JobChart[];
  /** What the ledger is asked of the one user, by day and of jobs that ended; null without a ledger. */
  ledgerDaysPath: string | null;
  ledgerJobsPath: string | null;
  /** What it is asked of the one job. */
  ledgerRecordPath: string | null;
  /** What it is asked for the board of idle GPUs; null where there is none. */
  ledgerIdlePath: string | null;
  tabs: LinkView[];
  /** What was searched for, as typed. */
  query: string;
  queryError: string | null;
  /** `23 of 1000 nodes`; null where nothing was searched for. */
  found: string | null;
  /** One-click searches: pressed ones are part of the query already. */
  quick: LinkView[];
  sorts: ChoiceView[];
  groups: ChoiceView[];
  /** A link to more rows than the page shows; null where it shows all. */
  moreHref: string | null;
  moreText: string;
  /** What of the rows is folded away, and where it is shown; null where nothing is. */
  foldedText: string | null;
  foldedHref: string | null;
  /** Why there is no row; null where there is one. */
  nothingText: string | null;
  /** Where a search is sent to. */
  searchPath: string;
}

export interface LinkView {
  title: string;
  href: string;
  /** The page is it already. */
  isCurrent: boolean;
}

/** What was found of the rows that a view lists. */
export interface Found {
  shown: number;
  matching: number;
  total: number;
  /** Services among the jobs that match, which are not shown. */
  folded: number;
  error: string | null;
}

export interface PageFacts {
  version: string;
  demo: boolean;
  problems: string[];
  request: PageRequest;
  found: Found;
  /** Names to sort and to group the view's rows by. */
  sorts: readonly string[];
  groups: readonly string[];
  charts: readonly JobChart[];
  hasLedger: boolean;
  hasIdleBoard: boolean;
}

const titles: Record<ViewName, string> = {
  nodes: 'Nodes',
  node: 'Node',
  gpus: 'GPUs',
  jobs: 'Jobs',
  job: 'Job',
  users: 'Users',
  user: 'User',
};

const tabViews = ['nodes', 'gpus', 'jobs', 'users'] as const;

/** The search goes along from view to view; order and groups are the view's own. */
function viewTabs({ view, query }: PageRequest): LinkView[] {
  return tabViews.map((name) => ({
    title: titles[name],
    href: pathOf({ ...allNodes, view: name, query }),
    isCurrent: `${name}` === view || name === `${view}s`,
  }));
}

const quickTerms = [
  { title: 'Only free', term: 'is:free' },
  { title: 'Only problems', term: 'is:problem' },
] as const;

function quickLinks(request: PageRequest): LinkView[] {
  if (isSingle(request.view)) return [];
  const words = request.query.split(/\s+/).filter((word) => word !== '');
  return quickTerms.map(({ title, term }) => {
    const isCurrent = words.includes(term);
    const query = isCurrent ? words.filter((word) => word !== term) : [...words, term];
    return { title, href: pathOf({ ...request, query: query.join(' ') }), isCurrent };
  });
}

function choices(names: readonly string[], chosen: string, none: string): ChoiceView[] {
  const listed = names.map((name) => ({ value: name, title: name, isChosen: name === chosen }));
  return [{ value: '', title: none, isChosen: chosen === '' }, ...listed];
}

function more(request: PageRequest, { shown, matching }: Found): Pick<PageView, 'moreHref' | 'moreText'> {
  if (shown >= matching) return { moreHref: null, moreText: '' };
  const limit = 2 * shown;
  return {
    moreHref: pathOf({ ...request, limit }),
    moreText: `${shown} of ${matching} are shown. Show ${Math.min(limit, matching)}`,
  };
}

const wordFor = (view: ViewName) => titles[view].toLowerCase().replace('gpus', 'GPUs');

/** Rows that nodes tell of can be missing because the nodes are. */
function whyNone(what: string, { nodeCount, liveNodes, downNodes, connectingNodes }: ClusterTally): string {
  if (nodeCount === 0) return 'There is no node in the node list.';
  const waited = `${connectingNodes} of ${nodeCount} nodes ${connectingNodes === 1 ? 'is' : 'are'} still connecting`;
  if (connectingNodes > 0) return `No ${what} yet: ${waited}.`;
  if (liveNodes === 0) return `No ${what} are known: none of ${nodeCount} nodes is live.`;
  const unknown = downNodes > 0 ? ` ${downNodes} ${downNodes === 1 ? 'node is' : 'nodes are'} down.` : '';
  if (what === 'GPUs') return `None of the ${liveNodes} live nodes has a GPU.${unknown}`;
  return `There are no ${what} at the moment.${unknown}`;
}

function nothing(
  { view, only, query }: PageRequest,
  { matching, total, folded }: Found,
  tally: ClusterTally,
): string | null {
  if (matching > 0 || view === 'node') return null;
  if (view === 'job')
    return `There is no job "${only}" now: it has ended, or its node does not tell of it yet.`;
  if (view === 'user') return `"${only}" holds nothing now.`;
  const what = wordFor(view);
  if (folded > 0) return `${query === '' ? 'All' : 'All that match'} are services.`;
  if (total > 0) return `Of ${total} ${what} none matches "${query}".`;
  if (view !== 'nodes') return whyNone(what, tally);
  return 'There is no node in the node list. Add one per line to node-list.txt; it appears here within seconds.';
}

/** Beyond so many nodes each is a line. */
const MOST_WHOLE_NODES = 30;

/** By the number of all nodes: a page does not change its looks while the number of those found does. */
function isCompact({ view, rows }: PageRequest, { total }: Found): boolean {
  return view === 'nodes' && (rows === 'compact' || (rows === '' && total > MOST_WHOLE_NODES));
}

function otherRows(request: PageRequest, found: Found): Pick<PageView, 'rowsTitle' | 'rowsHref'> {
  const is = isCompact(request, found);
  const other = { ...request, rows: is ? ('full' as const) : ('compact' as const) };
  // What comes by itself needs no word.
  const byItself = isCompact({ ...request, rows: '' }, found) !== is;
  return {
    rowsTitle: request.view !== 'nodes' ? null : is ? 'Nodes as a whole' : 'A line each',
    rowsHref: pathOf(byItself ? { ...request, rows: '' } : other),
  };
}

function folded(request: PageRequest, found: Found): Pick<PageView, 'foldedText' | 'foldedHref'> {
  const href = pathOf({ ...request, hasServices: !request.hasServices });
  if (request.view === 'jobs' && request.hasServices)
    return { foldedText: 'Fold services away', foldedHref: href };
  const count = found.folded;
  if (count === 0) return { foldedText: null, foldedHref: null };
  return {
    foldedText: `${count} ${count === 1 ? 'service is' : 'services are'} folded away. Show them`,
    foldedHref: href,
  };
}

/** The rows that a view is about. */
export const kindOf = (view: ViewName): RowKind => (isSingle(view) ? `${view}s` : view);

/** So far back the ledger is asked: what somebody compares, and what may have ended. */
const LEDGER_RANGE = '-30d';
const RECORD_RANGE = '-180d';

function ledgerPaths(
  { view, only }: PageRequest,
  { hasLedger, hasIdleBoard }: Pick<PageFacts, 'hasLedger' | 'hasIdleBoard'>,
) {
  const asked = (path: string, words: Record<string, string>) => `${path}?${new URLSearchParams(words)}`;
  const user = hasLedger && view === 'user' && only !== null ? only : null;
  const job = hasLedger && view === 'job' && only !== null ? only : null;
  return {
    ledgerDaysPath: user && asked('/api/v1/ledger', { by: 'day', user, from: LEDGER_RANGE }),
    ledgerJobsPath: user && asked('/api/v1/jobs', { user, from: LEDGER_RANGE, ended: '1' }),
    ledgerRecordPath: job && asked('/api/v1/jobs', { job, from: RECORD_RANGE }),
    ledgerIdlePath:
      view === 'users' && hasLedger && hasIdleBoard
        ? asked('/api/v1/ledger', { by: 'user', from: '-7d' })
        : null,
  };
}

const PRODUCT = 'Rollcall';

function titleOf({ view, only }: PageRequest): string {
  const subject = only ?? (view === 'nodes' ? null : titles[view]);
  return subject === null ? PRODUCT : `${subject} · ${PRODUCT}`;
}

/** `tally`: of the whole cluster, whatever was searched for. Pure. */
export function viewPage(
  { version, demo, problems, request, found, sorts, groups, charts, hasLedger, hasIdleBoard }: PageFacts,
  tally: ClusterTally,
): PageView {
  const { view, only, query, sort, group } = request;
  return {
    ...tally,
    title: titleOf(request),
    version,
    demo,
    problems,
    view,
    onlyNode: view === 'node' ? only : null,
    onlyUser: view === 'user' ? only : null,
    isCompact: isCompact(request, found),
    rows: request.rows,
    ...otherRows(request, found),
    columns: viewColumns(request),
    recentPath: view !== 'node' || only === null ? null : `/api/v1/nodes/${encodeURIComponent(only)}/recent`,
    charts: [...charts],
    ...ledgerPaths(request, { hasLedger, hasIdleBoard }),
    tabs: viewTabs(request),
    query,
    queryError: found.error,
    found: query === '' ? null : `${found.matching} of ${found.total} ${wordFor(view)}`,
    quick: quickLinks(request),
    sorts: sortChoices(kindOf(view), sorts, sort),
    groups: choices(groups, group, 'not grouped'),
    ...more(request, found),
    ...folded(request, found),
    nothingText: nothing(request, found, tally),
    searchPath: pathOf({ ...allNodes, view: kindOf(view) }),
  };
}

/** A page with nothing on it, to try a design on. */
export function trialPage(view: ViewName): PageView {
  const found = { shown: 1, matching: 2, total: 3, folded: 1, error: 'x' };
  const request = { ...allNodes, view, only: isSingle(view) ? 'x' : null, query: 'x' };
  const charts = [{ node: 'x', path: 'x', only: 'x' }];
  const facts = {
    version: '',
    demo: true,
    problems: [''],
    request,
    found,
    sorts: ['x'],
    groups: ['x'],
    charts,
    hasLedger: true,
    hasIdleBoard: true,
  };
  return viewPage(facts, tallyCluster([]));
}
