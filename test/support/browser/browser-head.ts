import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { NodeReport } from '../../../src/report/node-report.ts';
import { type App, createApp } from '../../../src/web/app.ts';
import { createFakeCluster, type FakeChange, type FakeCluster } from '../fake-cluster.ts';
import { compileOwnDesign, staticDir } from '../read-design.ts';
import { CHROMIUM, hasChromium, launchChromium, listenForComplaints, PLAIN_HOST } from './chromium.ts';
import { type ServedApp, serveApp } from './served-app.ts';

/** The real web room with made-up nodes on a port of this machine, and pages of it in a real Chromium. */

export { CHROMIUM, hasChromium, launchChromium, PLAIN_HOST };

/** The page's themes; a fifth choice is that of the system. */
export const THEMES = ['yellow', 'blue', 'light', 'dark'];

export const chooseTheme = (page: Page, theme: string) => page.getByLabel('Theme').selectOption(theme);

const templates = compileOwnDesign();

/** `around`: what answers some of the requests instead of the app. */
export const serveCluster = (
  cluster: FakeCluster,
  around: (app: App) => App = (app) => app,
): Promise<ServedApp> =>
  serveApp(around(createApp(Object.assign(cluster, { templates: () => templates, staticDir }))));

export interface BrowserHead extends ServedApp {
  cluster: FakeCluster;
  /** What pages said on the console, requests that failed or left the machine. */
  complaints: string[];
  open(path?: string, options?: BrowserContextOptions): Promise<Page>;
}

export async function startBrowserHead(
  browser: Browser,
  nodes: NodeReport[],
  change: FakeChange = {},
  around?: (app: App) => App,
): Promise<BrowserHead> {
  const cluster = createFakeCluster(nodes, change);
  const served = await serveCluster(cluster, around);
  const contexts: { close(): Promise<void> }[] = [];
  const complaints: string[] = [];

  async function open(path = '/', options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    contexts.push(context);
    const page = await context.newPage();
    listenForComplaints(page, served.origin, (text) => complaints.push(text));
    await page.goto(served.origin + path);
    return page;
  }

  return {
    ...served,
    cluster,
    complaints,
    open,
    async close() {
      for (const context of contexts.splice(0)) await context.close();
      await served.close();
    },
  };
}
