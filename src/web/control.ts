import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import type { App } from './app.ts';
import type { WebDependencies } from './dependencies.ts';

/** What the Unix socket in the state folder serves beside the page's routes: only its owner gets there. */
export interface ControlDependencies extends Pick<WebDependencies, 'nodes' | 'problems'> {
  /** Ends all monitors, then the head; one line for each node. */
  stop(onLine: (line: string) => void): Promise<void>;
}

/** Routes for the command line; everything else is passed on to `page`. */
export function createControlApp(deps: ControlDependencies, page: App): Hono {
  const app = new Hono();
  app.get('/control/status', (context) => context.json({ nodes: deps.nodes(), problems: deps.problems() }));
  app.post('/control/stop', (context) =>
    stream(context, async (out) => {
      const writes: Promise<unknown>[] = [];
      await deps.stop((line) => writes.push(out.write(`${line}\n`)));
      await Promise.all(writes);
    }),
  );
  app.all('*', (context) => page.fetch(context.req.raw));
  return app;
}
