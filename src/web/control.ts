import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { guarded, sayFault } from '../lib/guarded.ts';
import { filterNodes } from '../query/filter.ts';
import { parseQuery } from '../query/parse.ts';
import type { Query } from '../query/query.ts';
import type { HistoryStatus } from '../report/history.ts';
import type { NodeReport } from '../report/node-report.ts';
import type { App } from './app.ts';
import type { WebDependencies } from './dependencies.ts';
import { createRowWriter, streamOf } from './row-json.ts';

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
  /** Whether former times are kept. */
  historyStatus?(): HistoryStatus;
  /** Reports are told at most this often. */
  tellEveryMs?: number;
  /** Ends all monitors, then the head; one line for each node. */
  stop(onLine: (line: string) => void): Promise<void>;
}

const TELL_EVERY_MS = 500;

/** The node's report, or those of all that the query means, as of now; null where `only` is in the list no more. */
function reportsOf(
  { cluster }: ControlDependencies,
  only: string | null,
  query: Query,
): readonly NodeReport[] | null {
  cluster.catchUp(only ?? undefined);
  if (only === null) return filterNodes(query, cluster.reports());
  const report = cluster.node(only)?.report;
  return report ? [report] : null;
}

/** Calls back after every change of the node, or of any; the result ends that. */
function follow(
  { cluster, tellEveryMs = TELL_EVERY_MS }: ControlDependencies,
  only: string | null,
  onChange: () => void,
): () => void {
  let timer: NodeJS.Timeout | null = null;
  function tellNow(): void {
    timer = null;
    guarded('what a command follows', onChange, undefined);
  }
  const unsubscribe = cluster.subscribe((names) => {
    if (only === null || names.has(only)) timer ??= setTimeout(tellNow, tellEveryMs);
  });
  return () => {
    unsubscribe();
    if (timer) clearTimeout(timer);
  };
}

/** Who does not read is written what there is once he reads on, instead of all that he missed. */
function newestOnly(write: () => Promise<unknown>): () => void {
  let isAsked = false;
  let isWriting = false;
  async function writeAll(): Promise<void> {
    isWriting = true;
    try {
      while (isAsked) {
        isAsked = false;
        await write();
      }
    } finally {
      isWriting = false;
    }
  }
  return () => {
    isAsked = true;
    // A reader that has gone is noticed by the stream itself.
    if (!isWriting) writeAll().catch((error) => sayFault('what a command follows', error));
  };
}

/** Routes for the command line; everything else is passed on to `page`. */
export function createControlApp(deps: ControlDependencies, page: App): Hono {
  const app = new Hono();
  const write = createRowWriter(deps.cluster);
  app.get('/control/status', (context) => {
    deps.cluster.catchUp();
    const after = `],"problems":${JSON.stringify(deps.problems())},"history":${JSON.stringify(deps.historyStatus?.() ?? null)}}`;
    const body = streamOf(write('{"nodes":[', deps.cluster.reports(), after));
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
        const tell = newestOnly(async () => {
          const nodes = reportsOf(deps, only, parsed.query);
          if (nodes === null) finish();
          else for (const piece of write('{"nodes":[', nodes, ']}\n')) await out.write(piece);
        });
        const stop = follow(deps, only, tell);
        const finish = () => {
          stop();
          leave();
          resolve();
        };
        out.onAbort(finish);
        tell();
      });
      await ended;
    });
  });
  app.all('*', (context) => page.fetch(context.req.raw));
  return app;
}
