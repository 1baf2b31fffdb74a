import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { COMMAND_NAME } from '../lib/command-name.ts';
import { visibleText } from '../lib/visible-text.ts';
import { type Buttons, createButtons } from './buttons.ts';
import { addHistoryRoutes } from './history-routes.ts';
import { isAllowedHost } from './host-check.ts';
import { addLedgerRoutes } from './ledger-routes.ts';
import { addListRoutes } from './list-routes.ts';
import { createLiveFeed } from './live/feed.ts';
import { type AppDependencies, addPageRoutes, type WebRooms } from './page-routes.ts';
import { answerPast } from './past-app.ts';
import { isApi, jsonError, messagePage, refuseInKind, unknownNode } from './replies.ts';
import { hasToken, wantsText } from './request.ts';
import { withAges } from './row-json.ts';
import { serveStatic } from './static-files.ts';
import { createWatching, type Watching } from './watching.ts';

export interface App {
  fetch: Hono['fetch'];
  /** Calls the app without a port. */
  request: Hono['request'];
  /** Open pages that follow changes. */
  readonly viewerCount: number;
  look: Watching['look'];
  /** A path that lets one browser press buttons, once. */
  link: Buttons['link'];
  /** The design or the head's problems are others now: open pages follow. */
  refresh(): void;
  /** Ends all event streams and timers. */
  close(): void;
}

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // Bars have their width in a style attribute.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  // One event stream for all tabs, and the page that stands in while the head is away.
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const secureHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  context.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  context.header('X-Content-Type-Options', 'nosniff');
  context.header('Referrer-Policy', 'no-referrer');
  context.header('Cross-Origin-Resource-Policy', 'same-origin');
  if (!context.res.headers.has('Cache-Control')) context.header('Cache-Control', 'no-store');
};

function refuseHosts(allowedHosts: readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    // A request may name a whole address, which counts more than its Host.
    const address = new URL(context.req.url);
    const named = context.req.header('host') ?? address.host;
    const host = isAllowedHost(named, allowedHosts) ? address.host : named;
    if (address.username !== '' || address.password !== '') {
      const message = 'An address with a user name or a password is not answered.';
      return isApi(context)
        ? jsonError(context, 400, 'bad-address', message)
        : context.text(`${message}\n`, 400);
    }
    if (isAllowedHost(host, allowedHosts)) return next();
    const message =
      `Requests for the host "${visibleText(host)}" are not answered. If that is this machine's name, ` +
      'add it to allowed-hosts in rollcall.toml.';
    return isApi(context)
      ? jsonError(context, 403, 'host-not-allowed', message)
      : context.text(`${message}\n`, 403);
  };
}

const NO_BUTTONS =
  "This browser may look, but not press buttons. Run this on the head's machine, in the folder of Rollcall, " +
  `and open the address that it prints: ${COMMAND_NAME} link`;

/** What the page's buttons do, for browsers that may press them. */
function addButtonRoutes(app: Hono, { dependencies, buttons }: WebRooms): void {
  app.get('/enter', (context) =>
    buttons.enter(context)
      ? context.redirect('/', 303)
      : context.html(messagePage('This address is used up', NO_BUTTONS), 403),
  );

  app.post('/nodes/:name/retry', (context) => {
    const name = context.req.param('name');
    if (!buttons.mayPress(context))
      return context.html(messagePage('Not from this browser', NO_BUTTONS), 403);
    if (!dependencies.retry(name)) return context.html(messagePage('Not found', unknownNode(name)), 404);
    return context.redirect(`/nodes/${encodeURIComponent(name)}`, 303);
  });
}

const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  // A proxy that buffers would hold back what is live.
  'X-Accel-Buffering': 'no',
};

/** The address that a request comes from; null for a Unix socket, or without a server. */
function clientOf({ env }: Context): string | null {
  const { incoming } = (env ?? {}) as Partial<HttpBindings>;
  return incoming?.socket.remoteAddress ?? null;
}

const MOST_SUBSCRIPTION_BYTES = 256 * 1024;

function addEventRoutes(app: Hono, { feed }: WebRooms): void {
  app.get('/events', (context) => {
    // A HEAD request is answered by this handler too, and nobody would ever end its stream.
    if (context.req.raw.method === 'HEAD') return context.body(null, 200, STREAM_HEADERS);
    const isCompressed = /\bgzip\b/.test(context.req.header('accept-encoding') ?? '');
    const stream = feed.open(clientOf(context), isCompressed);
    if (stream === null)
      return context.text('Too many pages are open at once.\n', 503, { 'Retry-After': '30' });
    const encoding: Record<string, string> = isCompressed ? { 'Content-Encoding': 'gzip' } : {};
    return context.body(stream, 200, { ...STREAM_HEADERS, ...encoding });
  });

  const tooLarge = bodyLimit({
    maxSize: MOST_SUBSCRIPTION_BYTES,
    onError: (context) => context.text('This says too much at once.\n', 413),
  });
  app.post('/events/:stream', tooLarge, async (context) => {
    const taken = feed.subscribe(context.req.param('stream'), await context.req.text());
    if (taken === null) return context.text('This is not what a page says that it shows.\n', 400);
    return taken ? context.body(null, 204) : context.text('There is no such stream.\n', 404);
  });
}

function addApiRoutes(app: Hono, { dependencies }: WebRooms): void {
  const notFound = (context: Context, name: string) =>
    jsonError(context, 404, 'unknown-node', visibleText(unknownNode(name)));

  addLedgerRoutes(app, dependencies);
  addListRoutes(app, dependencies.cluster);
  addHistoryRoutes(app, dependencies);

  app.get('/api/v1/nodes/:name', (context) => {
    const name = context.req.param('name');
    dependencies.cluster.catchUp(name);
    const node = dependencies.cluster.node(name)?.report;
    const [aged] = withAges(dependencies.cluster, node ? [node] : []);
    return aged ? context.json(aged) : notFound(context, name);
  });

  app.post('/api/v1/nodes/:name/retry', (context) => {
    if (!hasToken(context.req, dependencies.token)) {
      context.header('WWW-Authenticate', 'Bearer');
      return jsonError(
        context,
        401,
        'token-needed',
        "Send Authorization: Bearer with the token in the head's state folder.",
      );
    }
    const name = context.req.param('name');
    dependencies.cluster.catchUp(name);
    const state = dependencies.cluster.node(name)?.report.state;
    const isTried = dependencies.retry(name);
    // A live node has nothing to try, nor has one that is left alone.
    if (isTried && state !== 'live') return context.json({ retrying: name, state: state ?? null }, 202);
    return state === undefined ? notFound(context, name) : context.json({ retrying: null, state });
  });
}

/** What charts are drawn from. */
function addRecentRoutes(app: Hono, { dependencies }: WebRooms): void {
  app.get('/api/v1/nodes/:name/recent', (context) => {
    const name = context.req.param('name');
    const since = context.req.query('since');
    const sinceMs = since === undefined ? null : Number(since);
    if (since?.trim() === '' || !Number.isFinite(sinceMs ?? 0)) {
      const message = 'since is a time in milliseconds, as in timesMs.';
      return context.json({ error: { code: 'bad-since', message } }, 400);
    }
    const recent = dependencies.cluster.recent(name, sinceMs);
    if (!recent) return jsonError(context, 404, 'unknown-node', visibleText(unknownNode(name)));
    return context.json(recent);
  });
}

function addHealthRoutes(app: Hono, { dependencies, feed }: WebRooms): void {
  app.get('/healthz', (context) => context.text('ok\n'));
  app.get('/readyz', (context) =>
    context.json({ ready: true, nodes: dependencies.cluster.names().length, viewers: feed.viewerCount }),
  );
}

function addStaticRoutes(app: Hono, { dependencies }: WebRooms): void {
  const send = async (context: Context, path: string) =>
    (await serveStatic(context, dependencies.staticDir, path)) ?? context.text('Not found.\n', 404);
  app.get('/static/*', (context) => send(context, decodePath(context.req.path.slice('/static/'.length))));
  app.get('/favicon.ico', (context) => send(context, 'favicon.ico'));
  // A service worker answers for what lies below its own address.
  app.get('/sw.js', (context) => send(context, 'sw.js'));
}

/** An empty path, which no file has, for one that cannot be decoded. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '';
  }
}

/** Answers for what no route knows, and for what went wrong. */
function addFallbacks(app: Hono): void {
  app.notFound((context) => {
    const message = `There is nothing at ${context.req.path}.`;
    if (isApi(context)) return jsonError(context, 404, 'not-found', message);
    if (wantsText(context.req)) return context.text(`${visibleText(message)}\n`, 404);
    return context.html(messagePage('Not found', message), 404);
  });
  app.onError((error, context) => {
    const message = `This request failed: ${error.message}`;
    if (isApi(context)) return jsonError(context, 500, 'internal', message);
    return context.text(`${visibleText(message)}\n`, 500);
  });
}

/** The whole web side of a head, without a port. Throws where the compiled design cannot be shown. */
export function createApp(dependencies: AppDependencies): App {
  const watching = createWatching(dependencies.watch);
  const feed = createLiveFeed(dependencies, watching.look, dependencies.live);
  const rooms = { dependencies, feed, watching, buttons: createButtons(dependencies.token) };
  const app = new Hono();
  app.use(secureHeaders);
  app.use(refuseHosts(dependencies.allowedHosts));
  // Its own list of types leaves event streams and images alone.
  app.use(compress());
  const past = answerPast(dependencies, (cluster) => createPastApp(dependencies, cluster), refuseInKind);
  app.use(past.middleware);
  addPageRoutes(app, rooms);
  addButtonRoutes(app, rooms);
  addEventRoutes(app, rooms);
  addApiRoutes(app, rooms);
  addRecentRoutes(app, rooms);
  addHealthRoutes(app, rooms);
  addStaticRoutes(app, rooms);
  addFallbacks(app);
  return {
    fetch: app.fetch,
    request: app.request,
    get viewerCount() {
      return feed.viewerCount;
    },
    look: watching.look,
    link: rooms.buttons.link,
    refresh: feed.refresh,
    close() {
      past.close();
      feed.close();
      watching.close();
    },
  };
}

/** The routes that show nodes, on a table that does not change. Nobody is told that somebody looks. */
function createPastApp(dependencies: AppDependencies, cluster: AppDependencies['cluster']) {
  const watching = createWatching(() => undefined);
  const ofThen = { ...dependencies, cluster, problems: () => [] };
  const feed = createLiveFeed(ofThen, watching.look, dependencies.live);
  const rooms = { dependencies: ofThen, feed, watching, buttons: createButtons(dependencies.token) };
  const app = new Hono();
  addPageRoutes(app, rooms);
  addApiRoutes(app, rooms);
  addFallbacks(app);
  return {
    request: (request: Request) => app.fetch(request),
    close() {
      feed.close();
      watching.close();
    },
  };
}
