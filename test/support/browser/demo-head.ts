import type { Browser } from 'playwright-core';
import { startDemo } from '../../../src/demo/demo.ts';
import { createState } from '../../../src/state/state.ts';
import type { App } from '../../../src/web/app.ts';
import type { FakeChange } from '../fake-cluster.ts';
import { type BrowserHead, startBrowserHead } from './browser-head.ts';

/** The paths of all views, over the demo's nodes. */
export const DEMO_VIEWS = [
  '/',
  '/?rows=compact',
  '/gpus',
  '/jobs',
  '/jobs/slurm%3A48120',
  '/users',
  '/users/mkaur',
  '/nodes/l40s-01',
];

/** A head with the demo's nodes at one moment; `around` as of `serveCluster`. */
export function startDemoHead(
  browser: Browser,
  around?: (app: App) => App,
  change: FakeChange = {},
): Promise<BrowserHead> {
  const state = createState(() => performance.now());
  const demo = startDemo(state.take);
  demo.stop(() => undefined);
  const { recent, recentPoint } = state;
  return startBrowserHead(browser, state.reports(), { recent, recentPoint, demo: true, ...change }, around);
}
