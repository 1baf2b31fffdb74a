import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pastPage } from '../../src/render/past-page.ts';
import type { App } from '../../src/web/app.ts';
import { expectFitAndFaultless } from '../support/browser/axe-themes.ts';
import { type BrowserHead, CHROMIUM, hasChromium, launchChromium } from '../support/browser/browser-head.ts';
import { startDemoHead } from '../support/browser/demo-head.ts';
import { createPastAnswers, type PastAnswers } from '../support/browser/past-answers.ts';

/** The time machine in a real Chromium. Pages of the past are those of now, made into ones of the past. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function answerPast(app: App): App {
  return {
    ...app,
    get viewerCount() {
      return app.viewerCount;
    },
    async fetch(request, ...rest) {
      const url = new URL(request.url);
      const at = url.searchParams.get('at');
      if (at === null) return app.fetch(request, ...rest);
      url.searchParams.delete('at');
      const headers = { accept: 'text/html', host: url.host };
      const now = await app.fetch(new Request(url, { headers }), ...rest);
      const html = pastPage(await now.text(), Date.parse(at), url.pathname + url.search);
      return new Response(html, { status: now.status, headers: new Headers(now.headers) });
    },
  };
}

describe.skipIf(!hasChromium)(`the time machine (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let head: BrowserHead;
  let past: PastAnswers;
  let sinceMs: number | null;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    past = createPastAnswers();
    sinceMs = Date.now() - 48 * HOUR;
    const historySinceMs = () => sinceMs;
    head = await startDemoHead(browser, (app) => answerPast(past.answer(app)), { historySinceMs });
  });
  afterEach(() => head.close());

  const atOf = (page: Page) => new URL(page.url()).searchParams.get('at');
  const minutesAgo = (page: Page) => (Date.now() - Date.parse(atOf(page) ?? '')) / MINUTE;
  const strip = (page: Page) => page.locator('.then-strip');
  const thenButton = (page: Page) => page.getByRole('button', { name: 'Then', exact: true });

  test('without history there is no button, and the keys do nothing', async () => {
    sinceMs = null;
    const page = await head.open('/gpus');
    await page.locator('.find-mine').waitFor();
    expect(await thenButton(page).count()).toBe(0);
    await page.keyboard.press('[');
    await page.keyboard.press('t');
    expect(await page.locator('.then-bar').count()).toBe(0);
    expect(atOf(page)).toBeNull();
  });

  test('the page of one job has none: it has its whole record', async () => {
    const page = await head.open('/jobs/slurm%3A48120');
    await page.locator('.chart-legend button').first().waitFor();
    expect(await thenButton(page).count()).toBe(0);
  });

  test.each(['/', '/gpus', '/jobs', '/users', '/nodes/l40s-01'])('%s has it', async (path) => {
    const page = await head.open(path);
    await thenButton(page).click();
    await page.getByRole('button', { name: '−10 min' }).click();
    await strip(page).waitFor();
    expect(new URL(page.url()).pathname).toBe(path);
    expect(minutesAgo(page)).toBeGreaterThan(9.9);
    expect(minutesAgo(page)).toBeLessThan(12);
    expect(await strip(page).textContent()).toMatch(/^This is \d{4}-\d\d-\d\d \d\d:\d\d:00 \S+ · Now$/);
    await page.locator('.then-bar').waitFor();
    expect(head.complaints).toEqual([]);
  });

  test('keys open it and go back and forward by a minute, but not while somebody types', async () => {
    const page = await head.open('/gpus?q=free%3A%3E%3D1');
    await thenButton(page).waitFor();
    await page.locator('#query').focus();
    await page.keyboard.press('[');
    expect(atOf(page)).toBeNull();
    await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
    await page.keyboard.press('[');
    await thenButton(page).waitFor();
    const first = Date.parse(atOf(page) ?? '');
    await page.keyboard.press('[');
    await expect.poll(() => Date.parse(atOf(page) ?? '')).toBe(first - MINUTE);
    await thenButton(page).waitFor();
    expect(new URL(page.url()).searchParams.get('q')).toBe('free:>=1');
    await page.keyboard.press('t');
    await page.getByRole('slider').waitFor();
    expect(await thenButton(page).getAttribute('aria-expanded')).toBe('true');
    await page.getByRole('button', { name: 'Close the bar of moments' }).click();
    expect(await page.locator('.then-bar').count()).toBe(0);
  });

  test('slider and field lead to their moments, and never beyond what is kept', async () => {
    const page = await head.open('/jobs');
    await thenButton(page).click();
    const slider = page.getByRole('slider');
    await expect.poll(() => slider.evaluate((element) => element === document.activeElement)).toBe(true);
    for (let step = 0; step < 5; step++) await page.keyboard.press('ArrowLeft');
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toMatch(/^\d{4}-/);
    await strip(page).waitFor();
    expect(minutesAgo(page)).toBeGreaterThan(4.9);
    expect(minutesAgo(page)).toBeLessThan(7);
    await slider.fill((await slider.getAttribute('min')) ?? '');
    await expect.poll(() => minutesAgo(page)).toBeGreaterThan(47 * 60);
    expect(Date.parse(atOf(page) ?? '')).toBeGreaterThanOrEqual(sinceMs ?? 0);
    await strip(page).waitFor();
    const wanted = new Date(Date.now() - 3 * HOUR);
    const text = new Date(wanted.getTime() - wanted.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
    await page.getByLabel('Day and time').fill(text);
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    await expect.poll(() => Math.round(minutesAgo(page) / 10)).toBe(18);
  });

  test('a page of the past is not live, stays there by its links, and leads back', async () => {
    const at = new Date(Math.floor((Date.now() - 5 * HOUR) / MINUTE) * MINUTE).toISOString();
    const asked: string[] = [];
    const page = await head.open('/static/offline.html');
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${head.origin}/gpus?at=${encodeURIComponent(at)}`);
    await thenButton(page).waitFor();
    await page.locator('.gpurows th a').last().click();
    await expect.poll(() => new URL(page.url()).pathname).toMatch(/^\/nodes\//);
    expect(Date.parse(atOf(page) ?? '')).toBe(Date.parse(at));
    await page.locator('.charts-told').getByText('One point per').waitFor();
    const words = past.asked[0];
    expect(Date.parse(words?.get('to') ?? '')).toBe(Date.parse(at));
    expect(await page.getByRole('button', { name: '1 h', exact: true }).getAttribute('aria-pressed')).toBe(
      'true',
    );
    await page.locator('.views a', { hasText: 'Jobs' }).click();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/jobs');
    await page.locator('#query').fill('slurm');
    await page.keyboard.press('Enter');
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('slurm');
    expect(Date.parse(atOf(page) ?? '')).toBe(Date.parse(at));
    expect(asked.filter((path) => path.startsWith('/events'))).toEqual([]);
    expect(head.app.viewerCount).toBe(0);
    await strip(page).getByRole('link', { name: 'Now' }).click();
    await expect.poll(() => head.app.viewerCount).toBe(1);
    expect(page.url()).toMatch(/\/jobs\?q=slurm/);
    expect(atOf(page)).toBeNull();
  });

  test.each([360, 1280])('axe finds nothing at %d px, in any theme', async (width) => {
    const page = await head.open(`/gpus?at=${new Date(Date.now() - HOUR).toISOString()}`, {
      viewport: { width, height: 740 },
    });
    await thenButton(page).click();
    await page.getByRole('slider').waitFor();
    await expectFitAndFaultless(page);
  });
});
