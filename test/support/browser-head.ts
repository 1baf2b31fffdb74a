import { accessSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import { type Browser, chromium } from 'playwright-core';
import { type App, createApp } from '../../src/web/app.ts';
import type { FakeCluster } from './fake-cluster.ts';
import { compileOwnDesign, staticDir } from './read-design.ts';

/** The real web room behind a port of this machine, for tests in Chromium. */

export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export const hasChromium = (() => {
  try {
    accessSync(CHROMIUM);
    return true;
  } catch {
    return false;
  }
})();

/** The page's themes; a fifth choice is that of the system. */
export const THEMES = ['yellow', 'blue', 'light', 'dark'];

const QUIET =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
/** Another name of this machine, over plain http: no secure context. */
export const PLAIN_HOST = 'head.example';

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [...QUIET.split(' '), `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`],
  });
}

export interface BrowserHead {
  readonly app: App;
  readonly origin: string;
  /** As if the cable was pulled out: the port answers nobody. */
  cut(): Promise<void>;
  /** The same head again, with its memory of what it sent. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

const templates = compileOwnDesign();

export function serveCluster(cluster: FakeCluster): Promise<BrowserHead> {
  const app = createApp(Object.assign(cluster, { templates: () => templates, staticDir }));
  const sockets = new Set<Socket>();
  return new Promise((resolve, reject) => {
    const server: ServerType = serve(
      { fetch: app.fetch, port: 0, hostname: '127.0.0.1' },
      ({ port }: AddressInfo) => resolve(headAt(port)),
    );
    server.on('error', reject);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });

    function cut(): Promise<void> {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of sockets) socket.destroy();
      return closed;
    }

    function headAt(port: number): BrowserHead {
      return {
        app,
        origin: `http://127.0.0.1:${port}`,
        cut,
        restore: () => new Promise<void>((done) => server.listen(port, '127.0.0.1', () => done())),
        close() {
          app.close();
          return cut();
        },
      };
    }
  });
}
