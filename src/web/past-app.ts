import type { MiddlewareHandler } from 'hono';
import { parseTime } from '../lib/parse-time.ts';
import { visibleText } from '../lib/visible-text.ts';
import { pastPage } from '../render/past-page.ts';
import type { WebDependencies } from './dependencies.ts';

/** `?at=`: pages, lists and texts as of a minute that is over, by the very routes that show now. */

/** What of the page's routes has a former time. */
const TIMED =
  /^\/(?:(?:gpus|jobs|users)(?:\/[^/]+)?|nodes\/[^/]+|api\/v1\/(?:nodes(?:\/[^/]+)?|gpus|jobs|users))?$/;
const MINUTE_MS = 60_000;
/** Searching and leafing through one minute asks for it again and again. */
const MOST_KEPT = 4;

/** So long after it has begun every node has told something of a minute, and after its end all of it. */
const TOLD_AFTER_MS = 15_000;
/** A minute of which something may still come is looked at again after that. */
const GROWING_KEPT_MS = 5_000;
/** Each is a whole cluster in memory, and many may ask for as many minutes. */
const MOST_MADE_AT_ONCE = 2;

interface PastApp {
  request(input: Request): Response | Promise<Response>;
  close(): void;
}

interface Kept {
  app: Promise<PastApp | null>;
  /** Epoch ms until when it may be shown. */
  untilMs: number;
  /** Requests that it answers now. */
  uses: number;
  isDropped: boolean;
}

/**
 * Answers what is asked with `at`; everything else goes on. `build` makes an app of a table that does not change;
 * `wordsFor` says in the way of the asked route what is wrong.
 */
export function answerPast(
  { history }: Pick<WebDependencies, 'history'>,
  build: (cluster: WebDependencies['cluster']) => PastApp,
  refuse: (request: Request, status: 400 | 404 | 503, code: string, message: string) => Response,
): { middleware: MiddlewareHandler; close(): void } {
  const kept = new Map<number, Kept>();
  const inTurn = limitAtOnce(MOST_MADE_AT_ONCE);

  async function make(minuteMs: number): Promise<PastApp | null> {
    const cluster = await history?.clusterAt(minuteMs);
    return cluster ? build(cluster) : null;
  }

  function keptAt(minuteMs: number): Kept {
    const nowMs = Date.now();
    const before = kept.get(minuteMs);
    if (before !== undefined && nowMs >= before.untilMs) drop(minuteMs, before);
    const isComplete = nowMs >= minuteMs + MINUTE_MS + TOLD_AFTER_MS;
    const one = kept.get(minuteMs) ?? {
      app: inTurn(() => make(minuteMs)),
      untilMs: isComplete ? Number.POSITIVE_INFINITY : nowMs + GROWING_KEPT_MS,
      uses: 0,
      isDropped: false,
    };
    kept.delete(minuteMs);
    kept.set(minuteMs, one);
    const [oldest] = kept;
    if (kept.size > MOST_KEPT && oldest !== undefined) drop(...oldest);
    return one;
  }

  function drop(minuteMs: number, one: Kept): void {
    if (kept.get(minuteMs) === one) kept.delete(minuteMs);
    one.isDropped = true;
    if (one.uses === 0) end(one);
  }

  function end({ app }: Kept): void {
    void app.then(
      (made) => made?.close(),
      () => undefined,
    );
  }

  /** Null where nothing is kept of that minute. It stays open until it has answered. */
  async function answerAt(minuteMs: number, request: Request): Promise<Response | null> {
    const one = keptAt(minuteMs);
    one.uses += 1;
    try {
      const app = await one.app;
      return app && (await told(await app.request(request), minuteMs, new URL(request.url)));
    } catch (error) {
      drop(minuteMs, one);
      throw error;
    } finally {
      one.uses -= 1;
      if (one.uses === 0 && one.isDropped) end(one);
    }
  }

  const middleware: MiddlewareHandler = async (context, next) => {
    const { raw } = context.req;
    const text = context.req.query('at');
    if (text === undefined || raw.method !== 'GET' || !TIMED.test(context.req.path)) return next();
    if (!history)
      return refuse(
        raw,
        404,
        'history-off',
        'Nothing is kept of former times here: [history] enabled = false.',
      );
    const nowMs = Date.now();
    let atMs: number;
    try {
      atMs = parseTime(text, nowMs);
    } catch (error) {
      return refuse(raw, 400, 'bad-at', `at: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (atMs > nowMs) return refuse(raw, 400, 'bad-at', `at: "${visibleText(text)}" is yet to come`);
    // Of a minute that has just begun most nodes have told nothing yet.
    const minuteMs = minuteOf(Math.min(atMs, nowMs - TOLD_AFTER_MS));
    const url = new URL(raw.url);
    url.searchParams.delete('at');
    try {
      const answer = await answerAt(minuteMs, new Request(url, { headers: raw.headers }));
      if (answer !== null) return answer;
      const minute = new Date(minuteMs).toISOString().slice(0, 16);
      return refuse(raw, 404, 'no-history', `Nothing is kept of ${minute}Z.`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return refuse(raw, 503, 'history-failing', `History cannot be read: ${reason}`);
    }
  };

  return {
    middleware,
    close() {
      for (const one of [...kept]) drop(...one);
    },
  };
}

const minuteOf = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS;

/** Runs what it is given, so many at once; what is more waits for its turn. */
function limitAtOnce(most: number): <Result>(action: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (action) => {
    // Whoever ends hands its place on.
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await action();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

/** Says of which moment it is. */
async function told(response: Response, atMs: number, { pathname, search }: URL): Promise<Response> {
  const type = response.headers.get('content-type') ?? '';
  const headers = new Headers(response.headers);
  headers.delete('content-length');
  if (type.startsWith('text/html'))
    return new Response(pastPage(await response.text(), atMs, pathname + search), {
      status: response.status,
      headers,
    });
  if (type.startsWith('application/json') && response.status === 200) {
    const body = await response.text();
    return new Response(body.startsWith('{') ? `{"atMs":${atMs},${body.slice(1)}` : body, { headers });
  }
  return response;
}
