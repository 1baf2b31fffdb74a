import type { ViewName } from '../lib/compiled-templates.ts';
import { allNodes, type PageRequest, pathOf } from './page-request.ts';
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
  /** Where its figures of the last minutes are read. */
  recentPath: string | null;
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

export interface ChoiceView {
  value: string;
  title: string;
  isChosen: boolean;
}

/** What was found of the rows that a view lists. */
export interface Found {
  shown: number;
  matching: number;
  total: number;
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
}

const titles: Record<ViewName, string> = {
  nodes: 'Nodes',
  node: 'Node',
  gpus: 'GPUs',
  jobs: 'Jobs',
  users: 'Users',
};

const tabViews = ['nodes', 'gpus', 'jobs', 'users'] as const;

/** The search goes along from view to view; order and groups are the view's own. */
function viewTabs({ view, query }: PageRequest): LinkView[] {
  return tabViews.map((name) => ({
    title: titles[name],
    href: pathOf({ ...allNodes, view: name, query }),
    isCurrent: name === view || (name === 'nodes' && view === 'node'),
  }));
}

const quickTerms = [
  { title: 'Only free', term: 'is:free' },
  { title: 'Only problems', term: 'is:problem' },
] as const;

function quickLinks(request: PageRequest): LinkView[] {
  if (request.view === 'node') return [];
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

function nothing({ view, query }: PageRequest, { matching, total }: Found): string | null {
  if (matching > 0 || view === 'node') return null;
  const what = titles[view].toLowerCase().replace('gpus', 'GPUs');
  if (total > 0) return `Of ${total} ${what} none matches "${query}".`;
  if (view !== 'nodes') return `There are no ${what} at the moment.`;
  return 'There is no node in the node list. Add one per line to node-list.txt; it appears here within seconds.';
}

const PRODUCT = 'Rollcall';

function titleOf({ view, only }: PageRequest): string {
  const subject = only ?? (view === 'nodes' ? null : titles[view]);
  return subject === null ? PRODUCT : `${subject} · ${PRODUCT}`;
}

/** `tally`: of the whole cluster, whatever was searched for. Pure. */
export function viewPage(
  { version, demo, problems, request, found, sorts, groups }: PageFacts,
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
    onlyNode: only,
    recentPath: only === null ? null : `/api/v1/nodes/${encodeURIComponent(only)}/recent`,
    tabs: viewTabs(request),
    query,
    queryError: found.error,
    found:
      query === ''
        ? null
        : `${found.matching} of ${found.total} ${titles[view].toLowerCase().replace('gpus', 'GPUs')}`,
    quick: quickLinks(request),
    sorts: choices(sorts, sort, 'as listed'),
    groups: choices(groups, group, 'not grouped'),
    ...more(request, found),
    nothingText: nothing(request, found),
    searchPath: pathOf({ ...allNodes, view: view === 'node' ? 'nodes' : view }),
  };
}

/** A page with nothing on it, to try a design on. */
export function trialPage(view: ViewName): PageView {
  const found = { shown: 1, matching: 2, total: 3, error: 'x' };
  const request = { ...allNodes, view, only: view === 'node' ? 'x' : null, query: 'x' };
  const facts = { version: '', demo: true, problems: [''], request, found, sorts: ['x'], groups: ['x'] };
  return viewPage(facts, tallyCluster([]));
}
