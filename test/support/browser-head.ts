import { accessSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { NodeReport } from '../../src/protocol/node.ts';
import { type App, createApp } from '../../src/web/app.ts';
import type { WebDependencies } from '../../src/web/dependencies.ts';
import { createFakeCluster, type FakeCluster } from './fake-cluster.ts';
import { compileOwnDesign, staticDir } from './read-design.ts';

/** A head on a port of its own with made-up nodes, and pages of it in a real Chromium. */

export const CHROMIUM = '/usr/bin/chromium';
export const hasChromium = (() => {
  try {
    accessSync(CHROMIUM);
    return true;
  } catch {
    return false;
  }
})();

export function launchChromium(): Promise<Browser> {
  const args =
    '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
  return chromium.launch({ executablePath: CHROMIUM, args: args.split(' ') });
}

export interface BrowserHead {
  app: App;
  cluster: FakeCluster;
  origin: string;
  /** What pages said on the console, requests that failed or left the machine. */
  complaints: string[];
  open(path?: string, options?: BrowserContextOptions): Promise<Page>;
  close(): Promise<void>;
}

const templates = compileOwnDesign();

export async function startBrowserHead(
  browser: Browser,
  nodes: NodeReport[],
  change: Partial<WebDependencies> = {},
): Promise<BrowserHead> {
  const cluster = createFakeCluster(nodes, change);
  const app = createApp(Object.assign(cluster, { templates: () => templates, staticDir }));
  const sockets = new Set<Socket>();
  const contexts: { close(): Promise<void> }[] = [];
  const complaints: string[] = [];
  let server: ServerType | null = null;
  const port = await new Promise<number>((resolve) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (address: AddressInfo) =>
      resolve(address.port),
    );
    server.on('connection', (socket: Socket) => sockets.add(socket));
  });
  const origin = `http://127.0.0.1:${port}`;

  async function open(path = '/', options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    contexts.push(context);
    const page = await context.newPage();
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== origin) complaints.push(`request to ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} for ${response.url()}`);
    });
    await page.goto(origin + path);
    return page;
  }

  return {
    app,
    cluster,
    origin,
    complaints,
    open,
    async close() {
      for (const context of contexts.splice(0)) await context.close();
      app.close();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    },
  };
}
