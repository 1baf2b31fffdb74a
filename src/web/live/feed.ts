import type { CompiledTemplates } from '../../lib/compiled-templates.ts';
import { guarded } from '../../lib/guarded.ts';
import type { PageRequest } from '../../render/page-request.ts';
import { type ConnectionLimits, limitFor } from '../connection-limits.ts';
import {
  createEpoch,
  deliver,
  type EpochDependencies,
  isPending,
  nodesOf,
  reload,
  takeIn,
  wanted,
} from './epoch.ts';
import { createLooks } from './looks.ts';
import { encodeOpening, KEEPALIVE } from './message.ts';
import { readSubscription } from './subscription.ts';
import { createViewers, subscribe } from './viewers.ts';

/**
 * One feed for all viewers. Each says which rows, pages and topics it has in sight; those are rendered, once for all
 * of them, when they change, and only while somebody has them in sight. Pages are put together from the same rows,
 * so that a page and the stream that continues it have the same version.
 */
export interface LiveFeed {
  readonly viewerCount: number;
  /** The whole page; null where it is about one that does not exist, unless there `isRecord` of it. */
  renderPage(request: PageRequest, isRecord?: boolean): string | null;
  /** An event stream that tells nothing but its number until it is subscribed for; null where there are too many, in all or of this
   * client's (its address; null where nobody tells). `isCompressed`: as gzip. */
  open(client: string | null, isCompressed?: boolean): ReadableStream<Uint8Array> | null;
  /** What the browser behind a stream has in sight now. False where there is no such stream, null for rubbish. */
  subscribe(stream: string, body: string): boolean | null;
  /** Something beside the nodes is another now: the design, or what is wrong with the head. */
  refresh(): void;
  /** Ends all streams and timers. */
  close(): void;
}

export interface LiveFeedOptions {
  /** Changes are sent together at most this often. */
  flushMs?: number;
  keepaliveMs?: number;
  streams?: ConnectionLimits;
  backlogBytes?: number;
}

/** `look` hears what every viewer looks at (null: everything), until its result is called. */
export function createLiveFeed(
  dependencies: EpochDependencies,
  look: (node: string | null) => () => void,
  options: LiveFeedOptions = {},
): LiveFeed {
  const {
    flushMs = 100,
    keepaliveMs = 15_000,
    streams = { total: 500, perClient: 170 },
    backlogBytes = 1024 * 1024,
  } = options;
  const { cluster } = dependencies;
  let epoch = createEpoch(dependencies.templates(), dependencies);
  let deliveredVersion = 0;
  let refused: CompiledTemplates | null = null;
  let flushTimer: NodeJS.Timeout | null = null;
  let keepaliveTimer: NodeJS.Timeout | null = null;
  let prunedAtMs = performance.now();
  const looks = createLooks(look);

  const viewers = createViewers({
    backlogBytes,
    onChange(viewer, isThere) {
      looks.set(viewer, isThere ? [null] : []);
      if (viewers.count === 0) stopTimers();
      else keepaliveTimer ??= setInterval(() => guarded('the live pages', keepAlive, undefined), keepaliveMs);
    },
    onRoom: (viewer) => guarded('a live page', () => deliver(epoch, viewer), undefined),
  });

  const unsubscribe = cluster.subscribe(scheduleFlush);

  function scheduleFlush(): void {
    if (viewers.count === 0 || flushTimer) return;
    flushTimer = setTimeout(() => {
      flushTimer = null;
      guarded('the live pages', flush, undefined);
      // What is not due yet comes with one of the next rounds.
      if (cluster.isBehind || isPending(epoch, viewers.all)) scheduleFlush();
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
    prune(performance.now());
    epoch.pages.keepOnly(wanted(viewers.all, ({ pages }) => pages));
    // Sentences about the head's own files come without a node that changed.
    scheduleFlush();
  }

  function prune(nowMs: number): void {
    prunedAtMs = nowMs;
    epoch.rows.prune(nowMs);
  }

  /** A changed design makes all pages out of date; one that cannot be shown leaves the last good one in place. */
  function takeTemplates(): void {
    const templates = dependencies.templates();
    if (templates === epoch.templates || templates === refused) return;
    try {
      epoch = createEpoch(templates, dependencies);
    } catch {
      refused = templates;
      return;
    }
    for (const viewer of [...viewers.all]) reload(viewer);
  }

  /** Takes in all that changed, and sends every viewer what of it it has in sight. */
  function flush(): void {
    takeTemplates();
    const nowMs = performance.now();
    cluster.refresh(nowMs, (name) => looks.areAt(name));
    takeIn(epoch, viewers.all, nowMs);
    // A page that was loaded meanwhile may have taken in changes too.
    if (deliveredVersion === epoch.version) return;
    deliveredVersion = epoch.version;
    for (const viewer of [...viewers.all]) guarded('a live page', () => deliver(epoch, viewer), undefined);
  }

  function open(client: string | null, isCompressed = false): ReadableStream<Uint8Array> | null {
    let own = 0;
    for (const viewer of viewers.all) if (viewer.client === client) own += 1;
    if (viewers.count >= streams.total || own >= limitFor(client, streams)) return null;
    return viewers.open(client, isCompressed, (viewer) => viewer.send(encodeOpening(viewer.stream)));
  }

  function take(stream: string, body: string): boolean | null {
    const subscription = readSubscription(body);
    const viewer = viewers.byStream(stream);
    if (subscription === null) return null;
    if (viewer === undefined) return false;
    takeTemplates();
    if (subscription.epoch !== epoch.name) {
      reload(viewer);
      return true;
    }
    subscribe(viewer, subscription);
    looks.set(viewer, nodesOf(epoch, viewer));
    flush();
    if (viewers.all.has(viewer)) deliver(epoch, viewer);
    scheduleFlush();
    return true;
  }

  function renderPage(request: PageRequest, isRecord = false): string | null {
    takeTemplates();
    const nowMs = performance.now();
    cluster.refreshAll(nowMs);
    // Pages may be loaded for weeks by browsers that open no stream, and jobs come and go.
    if (nowMs - prunedAtMs >= keepaliveMs) prune(nowMs);
    epoch.version += 1;
    scheduleFlush();
    const stamp = `${epoch.name}.${epoch.version}`;
    return epoch.pages.html(request, epoch.version, nowMs, stamp, isRecord);
  }

  return {
    get viewerCount() {
      return viewers.count;
    },
    renderPage,
    open,
    subscribe: take,
    refresh: scheduleFlush,
    close() {
      unsubscribe();
      viewers.endAll();
    },
  };
}
