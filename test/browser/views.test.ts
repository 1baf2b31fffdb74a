import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compileDesign } from '../../src/design/compile.ts';
import { createApp } from '../../src/web/app.ts';
import { CHROMIUM, hasChromium, launchChromium, listenForComplaints } from '../support/browser/chromium.ts';
import { type ServedApp, serveApp } from '../support/browser/served-app.ts';
import {
  createFakeCluster,
  type FakeCluster,
  fakeGpu,
  fakeJob,
  fakeNode,
  unreachable,
} from '../support/fake-cluster.ts';
import { compileOwnDesign, otherViews, staticDir } from '../support/read-design.ts';

/** Views, searches, many nodes and many tabs, in a real Chromium. */

const original = fileURLToPath(new URL('../../../shared/fixtures/mtcmon/index-design.html', import.meta.url));

const hot = (name: string, celsius: number) =>
  fakeNode(name, {}, { gpus: [fakeGpu(0, { temperatureCelsius: celsius }), fakeGpu(1)] });

describe.skipIf(!hasChromium)(`views in Chromium (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let cluster: FakeCluster;
  let head: ServedApp;
  let templates = compileOwnDesign();
  let complaints: string[] = [];
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  async function start(nodes = [fakeNode('gpu01'), fakeNode('gpu02')]): Promise<void> {
    complaints = [];
    templates = compileOwnDesign();
    cluster = createFakeCluster(nodes);
    head = await serveApp(createApp(Object.assign(cluster, { templates: () => templates, staticDir })));
  }

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    await head.close();
  });

  async function openTab(context: BrowserContext, path: string): Promise<Page> {
    const page = await context.newPage();
    listenForComplaints(page, head.origin, (text) => complaints.push(text));
    await page.goto(`${head.origin}${path}`);
    return page;
  }

  async function openPage(path = '/'): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    contexts.push(context);
    const page = await openTab(context, path);
    await expect.poll(() => head.app.viewerCount).toBe(1);
    return page;
  }

  const rowsOf = (page: Page) => page.locator('.rows tbody tr:not(.group)');

  test('GPUs: each is a row, and follows', async () => {
    await start();
    const page = await openPage('/gpus');
    await expect.poll(() => rowsOf(page).count()).toBe(4);
    cluster.set(hot('gpu02', 91));
    await rowsOf(page).filter({ hasText: '91 °C' }).waitFor();
    cluster.set(unreachable(fakeNode('gpu01')));
    await expect.poll(() => rowsOf(page).filter({ hasText: 'out of service' }).count()).toBe(2);
    expect(complaints).toEqual([]);
  });

  test('jobs and users: who holds what', async () => {
    const job = {
      key: 'slurm:4711',
      kind: 'slurm' as const,
      id: '4711',
      name: 'resnet',
      user: 'alice',
      startTimeMs: 1_700_000_000_000,
      processCount: 1,
      cpuPercent: 312,
      residentBytes: 2 ** 34,
    };
    const working = (name: string) =>
      fakeNode(name, {}, { jobs: [job], gpuProcesses: [fakeJob(1, 0, { job: job.key })] });
    await start([working('gpu01'), fakeNode('gpu02')]);
    const page = await openPage('/jobs');
    const row = rowsOf(page).filter({ hasText: '4711' });
    await row.waitFor();
    expect(await row.textContent()).toContain('resnet');
    cluster.set(working('gpu02'));
    await expect.poll(() => row.textContent()).toContain('gpu02');
    await page.getByRole('link', { name: 'Users' }).click();
    await rowsOf(page).filter({ hasText: 'alice' }).waitFor();
    await page.getByRole('link', { name: 'alice' }).click();
    await page.getByRole('heading', { level: 2, name: 'alice' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/users/alice');
    await row.waitFor();
    await page.locator('.jobfacts a[href^="/jobs?"]').click();
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('user:=alice');
    await row.waitFor();
    expect(complaints).toEqual([]);
  });

  test('a search is in the address, and back and forward lead through them', async () => {
    await start();
    const page = await openPage();
    await page.locator('#query').fill('node:gpu02');
    await page.locator('#query').press('Enter');
    await page.waitForURL('**/?q=node*');
    await expect.poll(() => page.locator('.node').count()).toBe(1);
    await page.getByText('1 of 2 nodes', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'GPUs', exact: true }).click();
    await expect.poll(() => rowsOf(page).count()).toBe(2);
    await page.goBack();
    await expect.poll(() => page.locator('.node').count()).toBe(1);
    cluster.set(hot('gpu02', 71));
    await page.getByText('71 °C').waitFor();
    await page.goBack();
    await expect.poll(() => page.locator('.node').count()).toBe(2);
    await page.goForward();
    await expect.poll(() => page.locator('.node').count()).toBe(1);
    await page.goto(`${head.origin}/?q=usr:alice`);
    expect(await page.getByRole('alert').textContent()).toContain('usr');
    expect(await page.locator('.node').count()).toBe(2);
    expect(complaints).toEqual([]);
  });

  test('groups have headings, and a node changes its group', async () => {
    await start([hot('gpu01', 50), hot('gpu02', 60)]);
    const page = await openPage('/?group=state');
    const headings = () => page.locator('article > .group').allTextContents();
    expect(await headings()).toEqual(['live']);
    cluster.set(unreachable(hot('gpu01', 50)));
    await expect.poll(headings).toEqual(['live', 'unreachable']);
    expect(await page.locator('article > section h2').allInnerTexts()).toEqual(['gpu02', 'gpu01']);
    expect(complaints).toEqual([]);
  });

  test('one node in detail has charts', async () => {
    await start();
    const page = await openPage('/nodes/gpu01');
    await page.locator('.charts h3').first().waitFor();
    expect(complaints).toEqual([]);
  });

  test('a thousand nodes: those in sight are there, and scrolling shows the others, a bounded number at a time', async () => {
    const many = Array.from({ length: 1000 }, (_, number) => fakeNode(`n${number}`));
    await start(many);
    const page = await openPage('/?rows=full');
    expect(await page.locator('.unloaded').count()).toBeGreaterThan(900);
    await page.evaluate(() => {
      const halts: number[] = [];
      Object.assign(window, { halts });
      new PerformanceObserver((list) =>
        halts.push(...list.getEntries().map(({ duration }) => duration)),
      ).observe({
        type: 'longtask',
      });
    });
    for (const name of ['n400', 'n700', 'n999', 'n50']) {
      await page.locator(`#tableofcontents a`, { hasText: new RegExp(`${name}\\b`) }).click();
      await page.locator(`[id="${name}"] .gputable`).waitFor();
      cluster.set(hot(name, 77));
      await page.locator(`[id="${name}"]`).getByText('77 °C').waitFor();
    }
    let seen = 0;
    await page.mouse.move(900, 500);
    await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
    for (let step = 0; step < 80; step += 1) {
      await page.mouse.wheel(0, 2400);
      await page.waitForFunction(() => {
        const shown = document.elementFromPoint(innerWidth - 200, innerHeight - 50)?.closest('.node');
        return !shown?.classList.contains('unloaded');
      });
      seen = Math.max(seen, await page.locator('.node:not(.unloaded)').count());
    }
    // What was seen long ago becomes empty again, and is there when it is scrolled to once more.
    expect(seen).toBeGreaterThan(100);
    expect(seen).toBeLessThan(250);
    expect(await page.locator('[id="n1"].unloaded').count()).toBe(1);
    await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
    await page.locator('[id="n1"] .gputable').waitFor();
    const halts = await page.evaluate(() => (window as unknown as { halts: number[] }).halts);
    console.log(`long tasks while scrolling 1,000 nodes: ${halts.map(Math.round).join(', ') || 'none'} ms`);
    expect(complaints).toEqual([]);
  });

  test('eight tabs of a browser share one stream, each with what it shows', async () => {
    await start();
    const context = await browser.newContext();
    contexts.push(context);
    const paths = [
      '/',
      '/gpus',
      '/users',
      '/nodes/gpu01',
      '/?q=gpu02',
      '/',
      '/gpus?sort=-temp',
      '/nodes/gpu02',
    ];
    const tabs: Page[] = [];
    for (const path of paths) tabs.push(await openTab(context, path));
    await expect.poll(() => head.app.viewerCount).toBe(1);
    cluster.set(hot('gpu02', 83));
    for (const index of [0, 1, 4, 5, 6, 7]) await tabs[index]?.getByText('83 °C').first().waitFor();
    await tabs[0]?.close();
    cluster.set(hot('gpu02', 84));
    await tabs[7]?.getByText('84 °C').first().waitFor();
    expect(head.app.viewerCount).toBe(1);
    for (const tab of tabs.slice(1)) await tab.close();
    await expect.poll(() => head.app.viewerCount).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('a saved design shows at once on open pages; one with a mistake is named and changes nothing', async () => {
    await start();
    const page = await openPage();
    const design = readFileSync(new URL('../../index-design.html', import.meta.url), 'utf8');
    templates = compileDesign(design.replace('>Quick Access<', '>At hand<'), 'd', otherViews);
    head.app.refresh();
    await page.getByRole('heading', { name: 'At hand' }).waitFor();
    cluster.problemList = ['index-design.html:7: <p>: wrong. Mend it.'];
    head.app.refresh();
    await page.getByText('index-design.html:7').waitFor();
    await page.getByRole('heading', { name: 'At hand' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test.skipIf(!existsSync(original))(
    'the original design of MTCMon is live as it is, other views included (skipped: no ../shared/fixtures/mtcmon)',
    async () => {
      await start();
      templates = compileDesign(readFileSync(original, 'utf8'), 'original', otherViews);
      const page = await openPage();
      const node = page.locator('section', { has: page.locator('[id="gpu01"]') });
      await node.getByText('GeForce RTX 3090').first().waitFor();
      expect(await page.locator('#tableofcontents a').allTextContents()).toEqual(['gpu01', 'gpu02']);
      cluster.set(unreachable(fakeNode('gpu01')));
      await node.locator('.errormsg').getByText('refused').waitFor();
      await page.goto(`${head.origin}/gpus`);
      await expect.poll(() => rowsOf(page).count()).toBe(4);
      expect(complaints.filter((text) => !text.includes('404') && !text.includes('http'))).toEqual([]);
    },
  );
});
