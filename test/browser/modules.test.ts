import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compileDesign } from '../../src/design/compile.ts';
import { createApp } from '../../src/web/app.ts';
import { CHROMIUM, hasChromium, launchChromium, listenForComplaints } from '../support/browser/chromium.ts';
import { type ServedApp, serveApp } from '../support/browser/served-app.ts';
import { createFakeCluster, type FakeCluster, fakeGpu, fakeNode } from '../support/fake-cluster.ts';
import { compileOwnDesign, otherViews, staticDir } from '../support/read-design.ts';

/** How the page's modules are loaded, in a real Chromium: by designs from before, and where a part cannot be had. */

const hot = (celsius: number) =>
  fakeNode('gpu01', {}, { gpus: [fakeGpu(0, { temperatureCelsius: celsius }), fakeGpu(1)] });

/** What designs named when each file in static/ was a script of its own. */
const SCRIPTS_OF_BEFORE =
  'usagebar scroll announce install stream times morph live fold charts heatmap-paint heatmap-box heatmap find find-keys find-mine';

function designOfBefore() {
  const html = readFileSync(join(staticDir, '../index-design.html'), 'utf8');
  const tags = SCRIPTS_OF_BEFORE.split(' ').map(
    (name) => `<script src="static/${name}.js" defer></script>\n`,
  );
  const [, before = '', behind = ''] =
    /^([\s\S]*)<script src="static\/usagebar\.js" defer><\/script>\n([\s\S]*)$/.exec(html) ?? [];
  expect(before).toContain('<script src="static/theme.js"></script>');
  return compileDesign(before + tags.join('') + behind, 'before.html', otherViews);
}

describe.skipIf(!hasChromium)(`modules of the page in Chromium (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let cluster: FakeCluster;
  let head: ServedApp;
  let complaints: string[] = [];
  const ends: (() => unknown)[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function open(templates = compileOwnDesign(), folder = staticDir): Promise<Page> {
    complaints = [];
    cluster = createFakeCluster([hot(71)]);
    head = await serveApp(
      createApp(Object.assign(cluster, { templates: () => templates, staticDir: folder })),
    );
    ends.push(() => head.close());
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    ends.push(() => context.close());
    const page = await context.newPage();
    listenForComplaints(page, head.origin, (text) => complaints.push(text));
    await page.goto(head.origin);
    return page;
  }

  async function isLive(page: Page): Promise<void> {
    await expect.poll(() => head.app.viewerCount).toBe(1);
    cluster.set(hot(64));
    await page.getByText('64 °C').first().waitFor();
  }

  test('a design that names the scripts of before loads each part once, and is live', async () => {
    const page = await open(designOfBefore());
    await isLive(page);
    await page.locator('.heatmap canvas').first().waitFor();
    await page.getByRole('button', { name: 'Help: search and keys' }).waitFor();
    const scripts = await page
      .locator('script')
      .evaluateAll((all) => all.map((script) => [script.getAttribute('src'), script.getAttribute('type')]));
    expect(scripts).toEqual([
      ['/static/theme.js', null],
      ['/static/usagebar.js', null],
      ['/static/live.js', 'module'],
    ]);
    expect(complaints).toEqual([]);
  });

  test.each(['workers/stream-worker.js', 'workers/tabs.js'])(
    'a tab opens a stream of its own where %s cannot be loaded',
    async (missing) => {
      const folder = mkdtempSync(join(tmpdir(), 'rollcall-static-'));
      ends.push(() => rmSync(folder, { recursive: true }));
      cpSync(staticDir, folder, { recursive: true });
      rmSync(join(folder, missing));
      await isLive(await open(compileOwnDesign(), folder));
    },
  );

  test('a tab opens a stream of its own where the worker says nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-static-'));
    ends.push(() => rmSync(folder, { recursive: true }));
    cpSync(staticDir, folder, { recursive: true });
    writeFileSync(join(folder, 'workers/stream-worker.js'), 'export {};\n');
    await isLive(await open(compileOwnDesign(), folder));
  });

  test('what is wrong with one part stays there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-static-'));
    ends.push(() => rmSync(folder, { recursive: true }));
    cpSync(staticDir, folder, { recursive: true });
    rmSync(join(folder, 'heat/map.js'));
    const page = await open(compileOwnDesign(), folder);
    await isLive(page);
    expect(await page.locator('.heatmap canvas').count()).toBe(0);
  });
});
