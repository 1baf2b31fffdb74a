import { randomBytes } from 'node:crypto';
import type { CompiledTemplates } from '../lib/compiled-templates.ts';
import type { NodeReport } from '../protocol/node.ts';
import { countGpus } from '../protocol/gpu-use.ts';
import { createPageRenderer, fillAges, type PageRenderer, type PageRendering } from '../render/page.ts';
import { type NodeTally, viewPage } from '../render/page-view.ts';
import { viewNode } from '../render/view.ts';
import type { WebDependencies } from './dependencies.ts';
import {
  type Change,
  changeSince,
  encodeEvent,
  KEEPALIVE,
  type NodeChange,
  OPENING,
  RELOAD,
  takeRendering,
  type Versioned,
  withAge,
} from './live-message.ts';
import { createViewers, type Viewer } from './viewers.ts';

/**
 * One feed for all viewers: it keeps each node as it was last rendered, renders only nodes that changed, and
 * only while somebody looks; pages are put together from the same pieces, so that a page and the stream that
 * continues it have the same version.
 */
export interface LiveFeed {
  readonly viewerCount: number;
  /** The whole page, or that of one node; null where there is no such node. */
  renderPage(only: string | null): string | null;
  /** The events after `since` (`EPOCH.VERSION`); null where there are too many viewers already. */
  open(since: string | null, only: string | null): ReadableStream<Uint8Array> | null;
  /** Ends all streams and timers. */
  close(): void;
}

export interface LiveFeedOptions {
  /** Changes are sent together at most this often. */
  flushMs?: number;
  keepaliveMs?: number;
  maxViewers?: number;
  backlogBytes?: number;
}

interface KnownNode extends Versioned {
  id: number;
  /** When the sample was taken, by this process's monotonic clock. */
  sampledAtMs: number | null;
  tally: NodeTally;
}

interface KnownPage extends Versioned {
  outerStructure: string;
  outerVersion: number;
}

type FeedDependencies = Pick<
  WebDependencies,
  'version' | 'demo' | 'nodes' | 'node' | 'subscribe' | 'problems'
> & { templates(): CompiledTemplates };

/** All that is thrown away when the design changes. */
interface Epoch {
  name: string;
  templates: CompiledTemplates;
  renderer: PageRenderer;
  version: number;
  nodes: Map<string, KnownNode>;
  /** By the node a page is about; null for the page of all. */
  pages: Map<string | null, KnownPage>;
  order: string[];
  orderVersion: number;
}

interface Changes {
  nodes: Map<string, NodeChange>;
  pages: Map<string | null, Change>;
  order: boolean;
  reload: boolean;
}

const unrendered = { slots: [], parts: [], structure: 'none', version: 0, structureVersion: 0 };

function createEpoch(templates: CompiledTemplates): Epoch {
  return {
    name: randomBytes(6).toString('hex'),
    templates,
    renderer: createPageRenderer(templates),
    version: 0,
    nodes: new Map(),
    pages: new Map(),
    order: [],
    orderVersion: 0,
  };
}

/** `look` hears what every viewer looks at, until its result is called. */
export function createLiveFeed(
  dependencies: FeedDependencies,
  look: (only: string | null) => () => void,
  options: LiveFeedOptions = {},
): LiveFeed {
  const { flushMs = 100, keepaliveMs = 15_000, maxViewers = 500, backlogBytes = 1024 * 1024 } = options;
  const ids = new Map<string, number>();
  let epoch = createEpoch(dependencies.templates());
  let refused: CompiledTemplates | null = null;
  let dirty = new Set<string>(dependencies.nodes().map(({ name }) => name));
  let membershipChanged = true;
  let flushTimer: NodeJS.Timeout | null = null;
  let keepaliveTimer: NodeJS.Timeout | null = null;

  const viewers = createViewers({
    backlogBytes,
    look,
    onChange(count) {
      if (count === 0) stopTimers();
      else keepaliveTimer ??= setInterval(keepAlive, keepaliveMs);
    },
  });

  const unsubscribe = dependencies.subscribe((names) => {
    for (const name of names) dirty.add(name);
    scheduleFlush();
  });

  function scheduleFlush(): void {
    if (viewers.count === 0 || flushTimer) return;
    flushTimer = setTimeout(() => {
      flushTimer = null;
      try {
        flush();
      } catch {
        // Whoever reloads is told what is wrong by the answer to that request.
        reloadAll();
      }
    }, flushMs);
  }

  /** Nobody looks any more: what is dirty stays so until somebody does. */
  function stopTimers(): void {
    if (flushTimer) clearTimeout(flushTimer);
    if (keepaliveTimer) clearInterval(keepaliveTimer);
    flushTimer = null;
    keepaliveTimer = null;
  }

  function keepAlive(): void {
    for (const viewer of viewers.all) viewer.send(KEEPALIVE);
    // Sentences about the head's own files come without a node that changed.
    scheduleFlush();
  }

  function idOf(name: string): number {
    const known = ids.get(name);
    if (known !== undefined) return known;
    ids.set(name, ids.size + 1);
    return ids.size;
  }

  function ageOf({ sampledAtMs }: KnownNode): number | null {
    return sampledAtMs === null ? null : performance.now() - sampledAtMs;
  }

  function takeReport(report: NodeReport, version: number): NodeChange {
    const { name, sampleAgeMs } = report;
    const known = epoch.nodes.get(name) ?? createNode(name);
    const change = takeRendering(known, epoch.renderer.renderNode(viewNode(report), known.id), version);
    known.sampledAtMs = sampleAgeMs === null ? null : performance.now() - sampleAgeMs;
    known.tally = { state: report.state, ...countGpus(report) };
    return withAge(known.id, sampleAgeMs, change);
  }

  function createNode(name: string): KnownNode {
    const tally: NodeTally = { state: 'connecting', total: 0, free: 0, busy: 0, heldIdle: 0, out: 0 };
    const node: KnownNode = { ...unrendered, id: idOf(name), sampledAtMs: null, tally };
    epoch.nodes.set(name, node);
    membershipChanged = true;
    return node;
  }

  /** Renders what is dirty and says what changed. */
  function takeNodes(version: number): Map<string, NodeChange> {
    const names = dirty;
    dirty = new Set();
    const changes = new Map<string, NodeChange>();
    for (const name of names) {
      const report = dependencies.node(name);
      if (report) changes.set(name, takeReport(report, version));
      else if (epoch.nodes.delete(name)) membershipChanged = true;
    }
    return changes;
  }

  function takeOrder(version: number): boolean {
    if (!membershipChanged) return false;
    membershipChanged = false;
    const order = dependencies.nodes().flatMap(({ name }) => (epoch.nodes.has(name) ? [name] : []));
    if (order.length === epoch.order.length && order.every((name, at) => name === epoch.order[at]))
      return false;
    epoch.order = order;
    epoch.orderVersion = version;
    return true;
  }

  function renderAround(only: string | null, nodes: (part: number) => string): PageRendering {
    const { version, demo } = dependencies;
    const facts = { version, demo, problems: dependencies.problems(), onlyNode: only };
    const tallies = [...epoch.nodes.values()].map(({ tally }) => tally);
    const query = only === null ? '' : `?node=${encodeURIComponent(only)}`;
    return epoch.renderer.renderPage({
      page: viewPage(facts, tallies),
      nodes,
      version: `${epoch.name}.${epoch.version}`,
      events: `/events${query}`,
    });
  }

  /** A page's values all travel with its parts: replaced parts shift the numbers of the rest. */
  function takePage(known: KnownPage, only: string | null, version: number): Change | null {
    const rendering = renderAround(only, () => '');
    if (known.outerStructure !== rendering.outerStructure) known.outerVersion = version;
    known.outerStructure = rendering.outerStructure;
    const change = takeRendering(known, rendering, version);
    return change?.parts ? { parts: change.parts, all: known.slots } : change;
  }

  function pageOf(only: string | null): KnownPage {
    const known = epoch.pages.get(only);
    if (known) return known;
    const page: KnownPage = { ...unrendered, outerStructure: '', outerVersion: 0 };
    epoch.pages.set(only, page);
    takePage(page, only, epoch.version);
    // What a viewer of one node has seen is not kept while it is away: the page of all knows for it.
    page.outerVersion = only === null ? epoch.version : pageOf(null).outerVersion;
    return page;
  }

  function takePages(version: number): Pick<Changes, 'pages' | 'reload'> {
    const wanted = new Set([...viewers.all].map(({ only }) => only));
    const changes: Pick<Changes, 'pages' | 'reload'> = { pages: new Map(), reload: false };
    pageOf(null);
    for (const [only, page] of epoch.pages) {
      if (only !== null && !wanted.has(only)) {
        epoch.pages.delete(only);
        continue;
      }
      const change = takePage(page, only, version);
      if (change) changes.pages.set(only, change);
      if (page.outerVersion === version) changes.reload = true;
    }
    return changes;
  }

  /** A changed design makes all pages out of date; one that cannot be shown leaves the last good one in place. */
  function takeTemplates(): void {
    const templates = dependencies.templates();
    if (templates === epoch.templates || templates === refused) return;
    try {
      epoch = createEpoch(templates);
    } catch {
      refused = templates;
      return;
    }
    dirty = new Set(dependencies.nodes().map(({ name }) => name));
    membershipChanged = true;
    reloadAll();
  }

  function reloadAll(): void {
    for (const viewer of viewers.all) viewer.send(RELOAD);
    viewers.endAll();
  }

  /** Takes in all that changed and sends it to all viewers that are up to date. */
  function flush(): void {
    takeTemplates();
    const version = epoch.version + 1;
    const nodes = takeNodes(version);
    const order = takeOrder(version);
    const changes: Changes = { nodes, order, ...takePages(version) };
    if (nodes.size === 0 && !order && changes.pages.size === 0 && !changes.reload) return;
    epoch.version = version;
    if (changes.reload) reloadAll();
    else broadcast(changes);
  }

  function broadcast(changes: Changes): void {
    const encoded = new Map<string | null, Uint8Array>();
    for (const viewer of viewers.all) {
      if (viewer.behind) continue;
      const bytes = encoded.get(viewer.only) ?? encodeChanges(changes, viewer.only);
      encoded.set(viewer.only, bytes);
      deliver(viewer, bytes);
    }
  }

  function deliver(viewer: Viewer, bytes: Uint8Array): void {
    viewer.behind = !viewer.send(bytes);
    if (!viewer.behind) viewer.version = epoch.version;
  }

  function encodeChanges({ nodes, pages, order }: Changes, only: string | null): Uint8Array {
    const seen =
      only === null ? [...nodes.values()] : [nodes.get(only)].filter((change) => change !== undefined);
    return encodeMessage(pages.get(only) ?? null, order ? orderFor(only) : null, seen);
  }

  function encodeMessage(page: Change | null, order: number[] | null, nodes: NodeChange[]): Uint8Array {
    const message = { ...(page && { page }), ...(order && { order }), nodes };
    return encodeEvent(`${epoch.name}.${epoch.version}`, JSON.stringify(message));
  }

  function orderFor(only: string | null): number[] {
    const names = only === null ? epoch.order : epoch.order.filter((name) => name === only);
    return names.map(idOf);
  }

  /** Everything that changed since the version that a viewer has. */
  function catchUp(viewer: Viewer): void {
    const since = viewer.version;
    const page = pageOf(viewer.only);
    if (page.outerVersion > since) {
      viewer.send(RELOAD);
      viewer.end();
      return;
    }
    const nodes: NodeChange[] = [];
    for (const [name, node] of epoch.nodes) {
      if (viewer.only !== null && viewer.only !== name) continue;
      const change = changeSince(node, since);
      const newer = change !== null || node.sampledAtMs !== null;
      if (newer) nodes.push(withAge(node.id, ageOf(node), change));
    }
    const pageChange = changeSince(page, since);
    const whole = pageChange?.parts ? { parts: pageChange.parts, all: page.slots } : pageChange;
    const order = epoch.orderVersion > since ? orderFor(viewer.only) : null;
    deliver(viewer, encodeMessage(whole, order, nodes));
  }

  function versionOf(since: string | null): number | null {
    const [name, version] = since?.split('.') ?? [];
    const number = Number(version);
    return name === epoch.name && Number.isInteger(number) && number <= epoch.version ? number : null;
  }

  function open(since: string | null, only: string | null): ReadableStream<Uint8Array> | null {
    if (viewers.count >= maxViewers) return null;
    flush();
    const version = versionOf(since);
    return viewers.open(only, version ?? 0, (viewer) => {
      // Before its first message a viewer has nothing waiting: whatever comes is taken.
      if (!viewer.behind) viewer.send(OPENING);
      if (version !== null) return catchUp(viewer);
      viewer.send(RELOAD);
      viewer.end();
    });
  }

  function renderPage(only: string | null): string | null {
    membershipChanged = true;
    flush();
    if (only !== null && !epoch.nodes.has(only)) return null;
    const names = only === null ? epoch.order : [only];
    const known = names.flatMap((name) => epoch.nodes.get(name) ?? []);
    const nodes = (part: number) =>
      known.map((node) => fillAges(node.parts[part] ?? '', ageOf(node))).join('\n');
    pageOf(only);
    return renderAround(only, nodes).html;
  }

  function close(): void {
    unsubscribe();
    viewers.endAll();
  }

  return {
    get viewerCount() {
      return viewers.count;
    },
    renderPage,
    open,
    close,
  };
}
