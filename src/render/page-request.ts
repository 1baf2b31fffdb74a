import type { SingleView, ViewName } from '../lib/compiled-templates.ts';

/** What a page shows: a view, what was searched for, and in which order. The address says all of it. */
export interface PageRequest {
  view: ViewName;
  /** The one node or user, or the key of the one job, that the page is about; null with the views of many. */
  only: string | null;
  /** As typed. */
  query: string;
  sort: string;
  group: string;
  /** Nodes as a line each or as a whole; '' for what suits their number. */
  rows: '' | 'compact' | 'full';
  /** Jobs that are services are listed too. */
  hasServices: boolean;
  /** Rows at most; null for as many as the view shows usually. */
  limit: number | null;
}

/** Nodes out of sight cost next to nothing, rows of a table do. */
export const usualLimit = (view: ViewName) => (view === 'nodes' ? 2_000 : 500);
const LARGEST_LIMIT = 20_000;
const LONGEST_WORD = 1_000;

const paths: Record<Exclude<ViewName, SingleView>, string> = {
  nodes: '/',
  gpus: '/gpus',
  jobs: '/jobs',
  users: '/users',
};

export const allNodes: PageRequest = {
  view: 'nodes',
  only: null,
  query: '',
  sort: '',
  group: '',
  rows: '',
  hasServices: false,
  limit: null,
};

/** Where the pages of one each lie. */
const folders: Record<SingleView, string> = { node: 'nodes', job: 'jobs', user: 'users' };

/** Whether a page of this view is about one, which its address names. */
export const isSingle = (view: ViewName): view is SingleView => Object.hasOwn(folders, view);

/** The page of a user, whoever that is. */
export const userPath = (name: string) => `/users/${encodeURIComponent(name)}`;

/** The page of a job, by its key among those of all nodes. */
export const jobPath = (key: string) => `/jobs/${encodeURIComponent(key)}`;

/** The request's address, always written the same way: pages with the same address are the same page. */
export function pathOf(request: PageRequest): string {
  const { view, only, query, sort, group, rows, hasServices, limit } = request;
  if (isSingle(view)) return `/${folders[view]}/${encodeURIComponent(only ?? '')}`;
  const words = new URLSearchParams();
  if (query) words.set('q', query);
  if (sort) words.set('sort', sort);
  if (group) words.set('group', group);
  if (rows) words.set('rows', rows);
  if (hasServices) words.set('services', 'shown');
  if (limit !== null) words.set('limit', String(limit));
  const text = words.toString();
  return paths[view] + (text && `?${text}`);
}

function limitOf(text: string | null): number | null {
  const limit = Number(text ?? '');
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, LARGEST_LIMIT) : null;
}

/** The request that an address within this head means; null where it is none of a page. */
export function requestOf(path: string): PageRequest | null {
  let url: URL;
  try {
    url = new URL(path, 'http://localhost');
  } catch {
    return null;
  }
  const word = (name: string) => (url.searchParams.get(name) ?? '').slice(0, LONGEST_WORD).trim();
  const [, list, one] = /^\/(nodes|jobs|users)\/([^/]+)$/.exec(url.pathname) ?? [];
  const single = (Object.keys(folders) as SingleView[]).find((name) => folders[name] === list);
  if (one !== undefined && single !== undefined) return singleRequest(single, one);
  const pathname = url.pathname === '/gpus.html' ? '/' : url.pathname;
  const view = (Object.keys(paths) as (keyof typeof paths)[]).find((name) => paths[name] === pathname);
  if (view === undefined) return null;
  return {
    view,
    only: null,
    query: word('q'),
    sort: word('sort'),
    group: word('group'),
    rows: rowsOf(word('rows')),
    hasServices: word('services') === 'shown',
    limit: limitOf(url.searchParams.get('limit')),
  };
}

const rowsOf = (word: string) => (word === 'compact' || word === 'full' ? word : '');

function singleRequest(view: SingleView, encoded: string): PageRequest | null {
  try {
    return { ...allNodes, view, only: decodeURIComponent(encoded) };
  } catch {
    return null;
  }
}
