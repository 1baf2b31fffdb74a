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

interface PastApp {
  request(input: Request): Response | Promise<Response>;
  close(): void;
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
  const kept = new Map<number, Promise<PastApp | null>>();

  async function make(minuteMs: number): Promise<PastApp | null> {
    const cluster = await history?.clusterAt(minuteMs);
    return cluster ? build(cluster) : null;
  }

  function appAt(minuteMs: number): Promise<PastApp | null> {
    const app = kept.get(minuteMs) ?? make(minuteMs);
    kept.delete(minuteMs);
    kept.set(minuteMs, app);
    const [oldest] = kept.keys();
    if (kept.size > MOST_KEPT && oldest !== undefined) drop(oldest);
    app.catch(() => kept.delete(minuteMs));
    return app;
  }

  function drop(minuteMs: number): void {
    void kept.get(minuteMs)?.then(
      (app) => app?.close(),
      () => undefined,
    );
    kept.delete(minuteMs);
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
    const minuteMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    try {
      const app = await appAt(minuteMs);
      if (app === null)
        return refuse(
          raw,
          404,
          'no-history',
          `Nothing is kept of ${new Date(minuteMs).toISOString().slice(0, 16)}Z.`,
        );
      const url = new URL(raw.url);
      url.searchParams.delete('at');
      return await told(await app.request(new Request(url, { headers: raw.headers })), minuteMs, url);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return refuse(raw, 503, 'history-failing', `History cannot be read: ${reason}`);
    }
  };

  return {
    middleware,
    close() {
      for (const minuteMs of [...kept.keys()]) drop(minuteMs);
    },
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
