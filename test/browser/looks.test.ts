import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type BrowserHead,
  CHROMIUM,
  chooseTheme,
  hasChromium,
  launchChromium,
  startBrowserHead,
  THEMES,
} from '../support/browser/browser-head.ts';
import { DEMO_VIEWS, startDemoHead } from '../support/browser/demo-head.ts';
import { fakeGpu, fakeNode, unreachable } from '../support/fake-cluster.ts';

/** What the page makes of its place: phones, very wide screens, paper, other zones, and a head that is gone. */

const PHONE = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };

describe.skipIf(!hasChromium)(`looks (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let head: BrowserHead;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(() => head.close());

  /** Ink of the first that fits, as the browser mixes it. */
  const colourOf = (page: Page, selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => getComputedStyle(element).color);

  test('on a phone the first row of data is within the first screen', async () => {
    head = await startDemoHead(browser);
    const rows: [string, string][] = [
      ['/', '.gputable tbody tr'],
      ['/?rows=compact', '.noderows > tbody > tr'],
      ['/gpus', '.gpurows > tbody > tr:not(.emptyrow)'],
      ['/jobs', '.jobrows > tbody > tr:not(.emptyrow)'],
      ['/users', '.userrows > tbody > tr:not(.emptyrow)'],
    ];
    for (const [path, row] of rows) {
      const page = await head.open(path, PHONE);
      await page.locator('.heatmap summary').waitFor();
      const box = await page.locator(row).first().boundingBox();
      expect((box?.y ?? 1000) + Math.min(box?.height ?? 0, 80), path).toBeLessThanOrEqual(640);
    }
  });

  test('a screen of 2,560 px is used: two nodes side by side, and tables as wide as the page', async () => {
    head = await startDemoHead(browser);
    const wide = { viewport: { width: 2560, height: 1300 } };
    const page = await head.open('/', wide);
    const boxes = await page
      .locator('article > .node')
      .evaluateAll((nodes) => nodes.slice(0, 2).map((node) => node.getBoundingClientRect().toJSON()));
    expect(boxes[1].y).toBe(boxes[0].y);
    expect(boxes[0].width).toBeGreaterThan(1000);
    expect(boxes[1].right).toBeGreaterThan(2500);
    for (const path of ['/?rows=compact', '/gpus', '/jobs', '/users']) {
      await page.goto(head.origin + path);
      expect((await page.locator('.rows').boundingBox())?.width, path).toBeGreaterThan(2400);
    }
    await page.goto(`${head.origin}/nodes/l40s-01`);
    expect((await page.locator('.node').boundingBox())?.width).toBeGreaterThan(2400);
  });

  test('on paper it is light, without anything to press and without what floats', async () => {
    head = await startDemoHead(browser);
    const page = await head.open('/', { viewport: { width: 1000, height: 1400 } });
    for (const theme of THEMES) {
      await page.emulateMedia({ media: 'screen' });
      await chooseTheme(page, theme);
      await page.emulateMedia({ media: 'print' });
      const ink = (await colourOf(page, '.node h2')).match(/\d+/g)?.map(Number) ?? [];
      expect(Math.max(...ink), theme).toBeLessThan(80);
      const paper = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      expect(Math.min(...(paper.match(/\d+/g)?.map(Number) ?? [])), theme).toBeGreaterThan(230);
    }
    for (const path of DEMO_VIEWS) {
      await page.emulateMedia({ media: 'screen' });
      await page.goto(head.origin + path);
      await page.emulateMedia({ media: 'print' });
      for (const control of await page
        .locator('button, select, input, .heatmap canvas, .views')
        .and(page.locator(':not(.chart-legend *)'))
        .all())
        expect(await control.isVisible(), path).toBe(false);
      const floating = await page.evaluate(() =>
        [...document.querySelectorAll('body *')]
          .filter((element) => ['sticky', 'fixed'].includes(getComputedStyle(element).position))
          .filter((element) => element.getClientRects().length > 0)
          .map((element) => element.outerHTML.slice(0, 80)),
      );
      expect(floating, path).toEqual([]);
    }
  });

  test('everything calls the product by its one name', async () => {
    head = await startDemoHead(browser);
    const page = await head.open('/');
    expect(await page.title()).toBe('Rollcall');
    expect(await page.locator('#title h1').textContent()).toBe('Rollcall');
    for (const [path, title] of [
      ['/gpus', 'GPUs · Rollcall'],
      ['/jobs', 'Jobs · Rollcall'],
      ['/nodes/l40s-01', 'l40s-01 · Rollcall'],
      ['/static/offline.html', 'The head cannot be reached · Rollcall'],
    ] as const) {
      await page.goto(head.origin + path);
      expect(await page.title()).toBe(title);
    }
    const manifest = await (await fetch(`${head.origin}/static/manifest.json`)).json();
    expect([manifest.name, manifest.short_name]).toEqual(['Rollcall', 'Rollcall']);
    const missing = await fetch(`${head.origin}/nodes/nowhere`, { headers: { accept: 'text/html' } });
    expect(await missing.text()).toContain('<title>Not found · Rollcall</title>');
  });

  test.each(['/', '/?rows=compact'])(
    'without its head nothing stays green at %s, and all is said to be old',
    async (path) => {
      head = await startDemoHead(browser);
      const page = await head.open(path);
      await expect.poll(() => head.app.viewerCount).toBe(1);
      const states = '.live .state, .counts .live, .counts .free .mark, #tableofcontents .live .mark';
      const inks = () =>
        page
          .locator(states)
          .evaluateAll((all) => [...new Set(all.map((each) => getComputedStyle(each).color))]);
      const good = await page.evaluate(() => {
        const probe = document.body.appendChild(document.createElement('i'));
        probe.style.color = 'var(--good)';
        return getComputedStyle(probe).color;
      });
      expect(await inks()).toContain(good);
      await head.cut();
      await page.getByText('Connection to the head lost').waitFor();
      expect(await inks()).not.toContain(good);
      expect(await inks()).toHaveLength(1);
      expect(await page.title()).toBe('(no connection) Rollcall');
      expect(await page.locator('link[type="image/svg+xml"]').getAttribute('href')).toContain('lost');
      const said = await page
        .locator('.live .state')
        .first()
        .evaluate((state) => getComputedStyle(state, '::after').content);
      expect(said).toContain('when last heard');
      await head.restore();
      await expect.poll(() => page.title(), { timeout: 60_000 }).toBe('Rollcall');
      expect(await inks()).toContain(good);
    },
  );

  test('times are those of the reader, with their zone; without JavaScript they are UTC, and say so', async () => {
    const events = [
      {
        atMs: 1_700_000_000_000,
        severity: 'critical' as const,
        text: 'Xid 79',
        jobs: [],
        code: null,
        gpuIndex: 0,
      },
    ];
    const node = fakeNode('gpu01', { events: events as never });
    head = await startBrowserHead(browser, [node]);
    const time = (page: Page) => page.locator('.events time');
    const tokyo = await head.open('/', { timezoneId: 'Asia/Tokyo' });
    await expect.poll(() => time(tokyo).textContent()).toMatch(/^2023-11-15 07:13:20 (?:GMT\+9|JST)$/);
    await expect.poll(() => head.app.viewerCount).toBe(1);
    head.cluster.set(
      fakeNode('gpu01', { events: [...events, { ...events[0], atMs: 1_700_000_060_000 }] as never }),
    );
    await expect.poll(() => time(tokyo).count()).toBe(2);
    await expect
      .poll(() => time(tokyo).first().textContent())
      .toMatch(/^2023-11-15 07:14:20 (?:GMT\+9|JST)$/);
    const plain = await head.open('/', { javaScriptEnabled: false, timezoneId: 'Asia/Tokyo' });
    expect(await time(plain).first().textContent()).toBe('2023-11-14 22:14:20 UTC');
    expect(await time(plain).first().getAttribute('datetime')).toBe('2023-11-14T22:14:20.000Z');
  });

  test('red is for trouble: full use has another colour than what failed, in all themes', async () => {
    const busy = fakeGpu(0, { utilizationPercent: 100, memoryUsedBytes: 24 * 1024 ** 3 });
    const [disk] = fakeNode('a').sample?.filesystems ?? [];
    if (!disk) throw new Error('no file system');
    const full = { ...disk, usedBytes: 99, availableBytes: 1, totalBytes: 100 };
    head = await startBrowserHead(browser, [
      fakeNode('gpu01', {}, { gpus: [busy], filesystems: [full] }),
      unreachable(fakeNode('gpu02')),
    ]);
    const page = await head.open('/');
    const fill = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((bar) => getComputedStyle(bar).backgroundColor);
    for (const theme of THEMES) {
      await chooseTheme(page, theme);
      const bad = await colourOf(page, '.unreachable .state');
      expect(await fill('.systable .trouble'), theme).toBe(bad);
      const [red = 0, green = 0] = (await fill('.gputable .full')).match(/\d+/g)?.map(Number) ?? [];
      // Between red and yellow: nothing that reads as an alarm.
      expect(green / red, theme).toBeGreaterThan(0.5);
    }
  });
});
