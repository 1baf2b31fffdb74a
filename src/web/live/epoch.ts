import { randomBytes } from 'node:crypto';
import type { CompiledTemplates } from '../../lib/compiled-templates.ts';
import { createPageRenderer } from '../../render/page.ts';
import type { WebDependencies } from '../dependencies.ts';
import { encodeEvent, RELOAD } from './message.ts';
import { pageShares } from './page-shares.ts';
import { createPages, type Pages } from './pages.ts';
import { createRows, type Rows } from './rows.ts';
import { createTopics, type Topics } from './topics.ts';
import type { Viewer } from './viewers.ts';

export type EpochDependencies = Pick<
  WebDependencies,
  'version' | 'demo' | 'cluster' | 'problems' | 'ledger' | 'historySinceMs' | 'hasIdleBoard'
> & {
  templates(): CompiledTemplates;
};

/** All that is thrown away when the design changes. */
export interface Epoch {
  name: string;
  templates: CompiledTemplates;
  version: number;
  rows: Rows;
  pages: Pages;
  topics: Topics;
}

/** Throws where the templates cannot be shown. */
export function createEpoch(templates: CompiledTemplates, dependencies: EpochDependencies): Epoch {
  const { cluster } = dependencies;
  const renderer = createPageRenderer(templates);
  const rows = createRows(renderer, cluster);
  return {
    name: randomBytes(6).toString('hex'),
    templates,
    version: 1,
    rows,
    pages: createPages(renderer, cluster, rows, dependencies),
    topics: createTopics(cluster),
  };
}

/** What all viewers together have in sight. */
export function wanted(
  viewers: Iterable<Viewer>,
  of: (viewer: Viewer) => ReadonlyMap<string, number>,
): Set<string> {
  const keys = new Set<string>();
  for (const viewer of viewers) for (const key of of(viewer).keys()) keys.add(key);
  return keys;
}

/** The nodes whose rows a viewer has in sight; everything, where it has a view or a topic of all of them. */
export function nodesOf(epoch: Epoch, { rows, topics }: Viewer): Set<string | null> {
  const nodes = new Set<string | null>();
  for (const key of rows.keys()) {
    const node = epoch.rows.nodesInSight(key);
    if (node !== undefined) nodes.add(node);
  }
  for (const topic of topics.keys()) {
    const node = epoch.topics.nodeOf(topic);
    if (node !== undefined) nodes.add(node);
  }
  // Who looks at all of them has some in sight still: these are taken in first.
  return nodes;
}

/** Takes all that changed into what viewers have in sight, as the next version. */
export function takeIn(epoch: Epoch, viewers: ReadonlySet<Viewer>, nowMs: number): void {
  const version = epoch.version + 1;
  const changed = [
    epoch.pages.update(pageShares(viewers), version, nowMs),
    epoch.rows.update(
      wanted(viewers, ({ rows }) => rows),
      version,
      nowMs,
    ),
    epoch.topics.update(
      wanted(viewers, ({ topics }) => topics),
      version,
      nowMs,
    ),
  ];
  if (changed.includes(true)) epoch.version = version;
}

/** Whether a page or a topic that somebody has in sight is not as the cluster is now. */
export function isPending({ pages, topics }: Epoch, viewers: ReadonlySet<Viewer>): boolean {
  if (pages.arePending(wanted(viewers, (viewer) => viewer.pages))) return true;
  return topics.arePending(
    wanted(viewers, (viewer) => viewer.topics),
    performance.now(),
  );
}

/** Its page is made of another design: it is loaded anew. */
export function reload(viewer: Viewer): void {
  viewer.send(RELOAD);
  viewer.end();
}

/** Sends what a viewer has in sight and not seen yet; one that is behind gets the newest later, not all in between. */
export function deliver(epoch: Epoch, viewer: Viewer): void {
  const nowMs = performance.now();
  for (const [key, outer] of viewer.outerStructures)
    if (epoch.pages.isOutdated(key, outer)) return reload(viewer);
  const collect = (
    asked: ReadonlyMap<string, number>,
    change: (key: string, since: number) => string | null,
  ) => Array.from(asked, ([key, since]) => change(key, since)).filter((json) => json !== null);
  const rows = collect(viewer.rows, (key, since) => epoch.rows.changeJson(key, since, nowMs));
  const pages = collect(viewer.pages, epoch.pages.changeJson);
  const topics = collect(viewer.topics, epoch.topics.changeJson);
  if (rows.length + pages.length + topics.length === 0) return;
  const message = `{"rows":[${rows.join(',')}],"pages":[${pages.join(',')}],"topics":[${topics.join(',')}]}`;
  if (!viewer.send(encodeEvent(`${epoch.name}.${epoch.version}`, message))) return;
  for (const asked of [viewer.rows, viewer.pages, viewer.topics])
    for (const key of asked.keys()) asked.set(key, epoch.version);
}
