import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type BrowserHead,
  CHROMIUM,
  chooseTheme,
  hasChromium,
  launchChromium,
  THEMES,
} from '../support/browser/browser-head.ts';
import { DEMO_VIEWS, startDemoHead } from '../support/browser/demo-head.ts';
import { fakeNode, unreachable } from '../support/fake-cluster.ts';

/**
 * What axe finds in every view, theme and width, and in whatever state a page may be: nothing. Themes differ in
 * colours alone: in all but the first, what is looked at is contrast.
 */

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const WIDTHS = [360, 1280];

interface AxeResults {
  violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
}

describe.skipIf(!hasChromium)(`axe (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let head: BrowserHead;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    head = await startDemoHead(browser);
  });
  afterEach(() => head.close());

  /** What axe finds, a line each; `rules` unless all. */
  async function findFaults(page: Page, rules?: string[]): Promise<string[]> {
    if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource);
    const options = JSON.stringify({ resultTypes: ['violations'], runOnly: rules });
    const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${options})`);
    return violations.flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`),
    );
  }

  /** Looks at the page in every theme, which `use` sets. */
  async function expectNoFaults(page: Page, use: (page: Page, theme: string) => Promise<unknown>) {
    for (const [at, theme] of THEMES.entries()) {
      await use(page, theme);
      expect(await findFaults(page, at === 0 ? undefined : ['color-contrast']), theme).toEqual([]);
    }
  }

  describe.each(DEMO_VIEWS)('axe at %s', (path) => {
    test.each(WIDTHS)('%d px, in all themes', async (width) => {
      const page = await head.open(path, { viewport: { width, height: 740 } });
      if (/^\/(?:nodes|jobs)\/./.test(path)) await page.locator('.chart-legend button').first().waitFor();
      await expectNoFaults(page, chooseTheme);
    });
  });

  /** What a page may show beside figures: each is looked at in all themes. */
  const states: [string, string, (page: Page) => Promise<unknown>][] = [
    ['a node that is down', '/nodes/gpu02', (page) => page.getByText('Try again now').waitFor()],
    ['a search that is wrong', '/?q=usr%3Aalice', (page) => page.getByRole('alert').waitFor()],
    ['a search that finds nothing', '/jobs?q=nobody-at-all', (page) => page.locator('.emptyrow').waitFor()],
    [
      'groups and a chosen chip',
      '/gpus?q=is%3Afree&group=node',
      (page) => page.locator('.group').first().waitFor(),
    ],
    ['nodes in groups, one opened', '/?group=state', (page) => page.locator('summary').first().click()],
    [
      'a line that is unfolded',
      '/?rows=compact#gpu02',
      (page) => page.locator('.unfolded').getByText('Try again now').waitFor(),
    ],
    [
      'services among the jobs',
      '/jobs?services=shown',
      (page) => page.getByText('Fold services away').waitFor(),
    ],
    ['a table without rows', '/users?q=nobody-at-all', (page) => page.locator('.emptyrow').waitFor()],
    ['more than is shown', '/gpus?limit=2', (page) => page.locator('.more a').waitFor()],
    ['no such node', '/nodes/nowhere', (page) => page.getByText('There is no node').waitFor()],
    [
      'the page without a head',
      '/static/offline.html',
      async (page) => {
        await page.getByText('Nothing answers').waitFor();
        await head.cut();
      },
    ],
  ];
  test.each(states)('axe: %s', async (_, path, prepare) => {
    const broken = unreachable(fakeNode('gpu02'));
    head.cluster.set({ ...broken, lastLines: ['Connection closed', 'by remote host'] });
    head.cluster.problemList = ['node-list.txt line 7: no closing bracket'];
    const page = await head.open(path, { viewport: { width: 360, height: 740 } });
    await prepare(page);
    // Not all of these pages offer the choice.
    await expectNoFaults(page, (_page, theme) =>
      page.evaluate((name) => document.documentElement.setAttribute('data-theme', name), theme),
    );
  });

  test('axe: an empty list, and a connection that is lost', async () => {
    for (const name of head.cluster.names()) head.cluster.remove(name);
    const page = await head.open('/');
    await expect.poll(() => head.app.viewerCount).toBe(1);
    await page.getByText('There is no node in the node list').waitFor();
    await head.cut();
    await page.locator('.stream-lost').waitFor();
    await expectNoFaults(page, chooseTheme);
  });
});
