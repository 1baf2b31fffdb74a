import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { guarded } from '../lib/guarded.ts';
import { filterNodes } from '../query/filter.ts';
import { parseQuery } from '../query/parse.ts';
import type { Query } from '../query/query.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { App } from './app.ts';
import type { WebDependencies } from './dependencies.ts';
import { createRowJson } from './row-json.ts';

/** What the Unix socket in the state folder serves beside the page's routes: only its owner gets there. */

/** Passwords and passphrases that nodes wait for: asked for and told through this socket alone. */
export interface SecretDesk {
  questions(): { id: string; text: string; nodes: string[]; refused: boolean }[];
  /** False where nobody asked. */
  answer(questionId: string, secret: string): boolean;
}

const answerSchema = z.object({ id: z.string(), secret: z.string().min(1).max(4096) });

export interface ControlDependencies extends Pick<WebDependencies, 'cluster' | 'problems'> {
  secrets: SecretDesk;
  /** Every setting as it is in force; secrets without their values. */
  settings(): readonly object[];
  /** Reports are told at most this often. */
  tellEveryMs?: number;
  /** Ends all monitors, then the head; one line for each node. */
  stop(onLine: (line: string) => void): Promise<void>;
}

const TELL_EVERY_MS = 500;

/**
 * Calls back with the node's report, or all that the query means, now and after every change; the result ends that.
 * Where `only` is not in the list any more, it is told as null.
 */
function follow(
  { cluster, tellEveryMs = TELL_EVERY_MS }: ControlDependencies,
  only: string | null,
  query: Query,
  tell: (reports: NodeReport[] | null) => void,
): () => void {
  let timer: NodeJS.Timeout | null = null;
  function tellNow(): void {
    timer = null;
    guarded('what a command follows', tellReports, undefined);
  }
  function tellReports(): void {
    cluster.catchUp(only ?? undefined);
    const report = only === null ? null : cluster.node(only)?.report;
    tell(only === null ? filterNodes(query, cluster.reports()) : report ? [report] : null);
  }
  const unsubscribe = cluster.subscribe((names) => {
    if (only === null || names.has(only)) timer ??= setTimeout(tellNow, tellEveryMs);
  });
  tellNow();
  return () => {
    unsubscribe();
    if (timer) clearTimeout(timer);
  };
}

/** Who does not read has the newest value once he reads on, instead of all that were missed. */
function newestOnly<Value>(write: (value: Value) => Promise<unknown>): (value: Value) => void {
  let waiting: { value: Value } | null = null;
  let isWriting = false;
  async function writeAll(): Promise<void> {
    isWriting = true;
    while (waiting !== null) {
      const { value } = waiting;
      waiting = null;
      await write(value);
    }
    isWriting = false;
  }
  return (value) => {
    waiting = { value };
    // A reader that has gone is noticed by the stream itself.
    if (!isWriting) writeAll().catch(() => undefined);
  };
}

/** Routes for the command line; everything else is passed on to `page`. */
export function createControlApp(deps: ControlDependencies, page: App): Hono {
  const app = new Hono();
  const jsonOf = createRowJson(deps.cluster);
  app.get('/control/status', (context) => {
    deps.cluster.catchUp();
    const nodes = deps.cluster.reports().map(jsonOf).join(',');
    const body = `{"nodes":[${nodes}],"problems":${JSON.stringify(deps.problems())}}`;
    return context.body(body, 200, { 'Content-Type': 'application/json' });
  });
  app.get('/control/settings', (context) => context.json({ settings: deps.settings() }));
  app.post('/control/stop', (context) =>
    stream(context, async (out) => {
      const writes: Promise<unknown>[] = [];
      await deps.stop((line) => writes.push(out.write(`${line}\n`)));
      await Promise.all(writes);
    }),
  );
  app.get('/control/secrets', (context) => context.json({ questions: deps.secrets.questions() }));
  app.post('/control/secrets', async (context) => {
    const parsed = answerSchema.safeParse(await context.req.json().catch(() => null));
    if (!parsed.success) return context.json({ isTaken: false }, 400);
    return context.json({ isTaken: deps.secrets.answer(parsed.data.id, parsed.data.secret) });
  });
  app.post('/control/link', (context) => context.json({ path: page.link() }));
  app.get('/control/watch', (context) => {
    const only = context.req.query('node') ?? null;
    const parsed = parseQuery(context.req.query('q') ?? '');
    if (!parsed.ok) return context.json({ error: { code: 'bad-query', ...parsed.error } }, 400);
    return stream(context, async (out) => {
      const leave = page.look(only);
      const ended = new Promise<void>((resolve) => {
        const write = newestOnly((nodes: NodeReport[]) =>
          out.write(`{"nodes":[${nodes.map(jsonOf).join(',')}]}\n`),
        );
        const stop = follow(deps, only, parsed.query, (nodes) => {
          if (nodes === null) finish();
          else write(nodes);
        });
        const finish = () => {
          stop();
          leave();
          resolve();
        };
        out.onAbort(finish);
      });
      await ended;
    });
  });
  app.all('*', (context) => page.fetch(context.req.raw));
  return app;
}
