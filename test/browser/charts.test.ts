import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RecentFigures } from '../../src/report/series.ts';
import { createState, type State } from '../../src/state/state.ts';
import { createApp } from '../../src/web/app.ts';
import { CHARTS_PAGE, chartedSample, collectors, drawnColumns, GIB } from '../support/browser/charts-page.ts';
import { CHROMIUM, hasChromium, launchChromium, listenForComplaints } from '../support/browser/chromium.ts';
import { type ServedApp, serveApp } from '../support/browser/served-app.ts';
import { createFakeCluster, fakeNode } from '../support/fake-cluster.ts';
import { compileOwnDesign, staticDir } from '../support/read-design.ts';

/** The charts in a real Chromium: the real web room and state, on a page of their own. */

const templates = compileOwnDesign();

/** What the browser's driver says of the service worker that these tests block. */
const BLOCKED = 'Service Worker registration blocked by Playwright';

describe.skipIf(!hasChromium)(`charts in Chromium (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let state: State;
  let head: ServedApp;
  let complaints: string[] = [];
  let asked: string[] = [];
  const contexts: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    complaints = [];
    asked = [];
    state = createState(() => performance.now());
    state.take({ kind: 'listed', nodes: [{ name: 'gpu01' }] });
    const way = { node: 'gpu01', sshWords: ['ssh', 'gpu01'], host: 'gpu01', port: 22 };
    state.take({ kind: 'connected', name: 'gpu01', connection: { way, transport: 'ssh2', logPath: null } });
    const { recent, recentPoint } = state;
    const cluster = createFakeCluster([fakeNode('gpu01')], { recent, recentPoint });
    head = await serveApp(createApp(Object.assign(cluster, { templates: () => templates, staticDir })));
  });

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    await head.close();
  });

  /** The last 15 minutes, a sample every 10 s. */
  function fillPast(gpuCount: number, cpuOf: (secondsAgo: number) => number | null, fields: object = {}) {
    for (let ago = 890; ago >= 10; ago -= 10) {
      if (cpuOf(ago) === null) continue;
      state.take({
        kind: 'past-sample',
        name: 'gpu01',
        sample: chartedSample(gpuCount, cpuOf(ago), fields),
        atMs: Date.now() - ago * 1000,
      });
    }
    state.take({
      kind: 'message',
      name: 'gpu01',
      message: chartedSample(gpuCount, cpuOf(0), fields),
      faults: [],
    });
  }

  async function openCharts(options: BrowserContextOptions = {}): Promise<Page> {
    // A service worker would ask the head for pages that are answered here.
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      serviceWorkers: 'block',
      ...options,
    });
    contexts.push(context);
    await context.addInitScript(() => localStorage.setItem('rollcall-theme', 'system'));
    const page = await context.newPage();
    listenForComplaints(page, head.origin, (text) => {
      if (text !== BLOCKED) complaints.push(text);
    });
    page.on('request', (request) => {
      if (request.url().includes('/recent')) asked.push(new URL(request.url()).search);
    });
    const policy = (await head.app.request('/')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self'");
    await page.route('**/charts-test.html', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: CHARTS_PAGE,
        headers: { 'content-security-policy': policy },
      }),
    );
    await page.goto(`${head.origin}/charts-test.html`);
    return page;
  }

  const chart = (page: Page, title: string) =>
    page
      .locator('.chart')
      .filter({ has: page.getByRole('heading', { name: title, exact: false }) })
      .first();
  const legend = (page: Page, title: string) => chart(page, title).locator('.chart-legend');
  const send = (page: Page, detail: RecentFigures | undefined) =>
    page.evaluate((figures) => {
      document.dispatchEvent(new CustomEvent('rollcall:recent', { detail: figures }));
    }, detail);
  const textOf = async (page: Page, title: string) => (await legend(page, title).textContent()) ?? '';

  test('are filled from the first second, each with unit, age and a table', async () => {
    fillPast(2, () => 42);
    const page = await openCharts();
    await legend(page, 'CPU').first().waitFor();
    const titles = await page
      .locator('.chart h3')
      .evaluateAll((all) => all.map((one) => one.firstChild?.textContent?.trim()));
    expect(titles).toEqual([
      'GPU utilization',
      'GPU memory',
      'GPU temperature',
      'GPU power',
      'CPU',
      'Memory',
      'Network',
      'Disks',
      'Busiest disk',
      'CPU of jobs, each with all its processes',
      'Memory of jobs',
    ]);
    await expect
      .poll(() => page.locator('.chart:has(h3:text("Network")) .chart-legend').textContent())
      .toBe('Received5 KiB/sSent7 KiB/s');
    const cpu = page.locator('.chart').nth(4);
    expect(await cpu.locator('.chart-legend').textContent()).toBe('CPU42%');
    expect(await cpu.locator('.chart-age').textContent()).toMatch(/^\d+ s ago$/);
    expect(await textOf(page, 'GPU utilization')).toBe('GPU 00%GPU 17%');
    const columns = await drawnColumns(chart(page, 'GPU utilization'));
    expect(columns.length).toBeGreaterThan(200);
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const faults = await page.evaluate<string[]>(
      `axe.run('.charts').then(({ violations }) => violations.map((one) => one.id + ' ' + one.nodes[0].html))`,
    );
    expect(faults).toEqual([]);
    await cpu.locator('summary').click();
    await expect.poll(() => cpu.locator('tr').nth(1).textContent()).toMatch(/^CPU42%\d+ s ago$/);
    expect(complaints).toEqual([]);
  });

  test('a live point moves the value, and a new job appears', async () => {
    fillPast(1, () => 42);
    const page = await openCharts();
    const cpu = page.locator('.chart').nth(4).locator('.chart-legend');
    await expect.poll(() => cpu.textContent()).toBe('CPU42%');
    const jobs = { key: ['slurm:7', 'slurm:8'], cpuPercent: [310, 95.5], residentBytes: [GIB, null] };
    state.take({ kind: 'message', name: 'gpu01', message: chartedSample(1, 77.5, { jobs }), faults: [] });
    await send(page, state.recentPoint('gpu01'));
    await expect.poll(() => cpu.textContent()).toBe('CPU77.5%');
    expect(await textOf(page, 'CPU of jobs')).toBe('slurm 73.1 coresslurm 81.0 cores');
    const colourOf = (title: string, job: string) =>
      legend(page, title).locator('li', { hasText: job }).locator('line').getAttribute('stroke');
    expect(await colourOf('CPU of jobs', 'slurm 7')).not.toBe(await colourOf('CPU of jobs', 'slurm 8'));
    expect(await colourOf('Memory of jobs', 'slurm 7')).toBe(await colourOf('CPU of jobs', 'slurm 7'));
    const other = state.recentPoint('gpu01');
    await send(page, other && { ...other, node: 'gpu02', timesMs: [Date.now() + 500] });
    expect(asked).toEqual(['']);
    expect(complaints).toEqual([]);
  });

  test('points that were missed are asked for', async () => {
    const past = chartedSample(1, 10);
    state.take({ kind: 'past-sample', name: 'gpu01', sample: past, atMs: Date.now() - 300_000 });
    const page = await openCharts();
    const cpu = page.locator('.chart').nth(4).locator('.chart-legend');
    await expect.poll(() => cpu.textContent()).toMatch(/^CPU10%5 min ago$|^CPU10%$/);
    for (const ago of [60, 50, 40])
      state.take({
        kind: 'past-sample',
        name: 'gpu01',
        sample: chartedSample(1, 20),
        atMs: Date.now() - ago * 1000,
      });
    state.take({ kind: 'message', name: 'gpu01', message: chartedSample(1, 30), faults: [] });
    await send(page, state.recentPoint('gpu01'));
    await expect.poll(() => cpu.textContent()).toBe('CPU30%');
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatch(/^\?since=\d+$/);
    expect(complaints).toEqual([]);
  });

  test('an absence is a gap', async () => {
    fillPast(1, (ago) => (ago > 300 && ago < 600 ? null : 50));
    const page = await openCharts();
    const isGap = (x: number) => x > 0.45 && x < 0.62;
    await expect.poll(async () => (await drawnColumns(chart(page, 'CPU'))).length).toBeGreaterThan(100);
    const columns = await drawnColumns(chart(page, 'CPU'));
    expect(columns.filter(isGap)).toEqual([]);
    expect(columns.some((x) => x < 0.4) && columns.some((x) => x > 0.7)).toBe(true);
  });

  test('what is missing says why', async () => {
    const gpus = {
      index: [0, 1],
      health: ['ok', 'lost'],
      error: [null, 'GPU is lost'],
      utilizationPercent: [5, null],
    };
    const failing = { ...collectors, network: { ok: false, ms: 1, error: 'no <b>/proc/net/dev</b>' } };
    fillPast(2, () => 1, { gpus, network: null, jobs: { key: [] }, collectors: failing });
    const page = await openCharts();
    const why = (title: string) => chart(page, title).locator('.chart-missing').textContent();
    await expect.poll(() => why('Network')).toBe('no <b>/proc/net/dev</b>');
    expect(await why('GPU utilization')).toBe('GPU 1: GPU is lost');
    expect(await why('GPU power')).toBe("GPU 0: the node's driver does not tell it; GPU 1: GPU is lost");
    expect(await why('CPU of jobs')).toBe('no job runs here');
    expect(await page.getByRole('heading', { name: 'Memory of jobs' }).count()).toBe(0);
    expect(await chart(page, 'Network').locator('canvas').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('colours follow the theme and the page', async () => {
    fillPast(1, () => 42);
    const stroke = (page: Page) =>
      legend(page, 'GPU utilization').locator('line').first().getAttribute('stroke');
    const light = await openCharts({ colorScheme: 'light' });
    await legend(light, 'GPU utilization').waitFor();
    const lightColour = await stroke(light);
    await light.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(() => stroke(light)).not.toBe(lightColour);
    expect((await drawnColumns(chart(light, 'CPU'))).length).toBeGreaterThan(100);
    await light.emulateMedia({ colorScheme: 'light' });
    await expect.poll(() => stroke(light)).toBe(lightColour);
    await light.evaluate(() => {
      document.documentElement.className = 'own';
      document.dispatchEvent(new CustomEvent('rollcall:theme'));
    });
    await expect.poll(() => stroke(light)).toBe('rgb(1, 2, 3)');
    expect(complaints).toEqual([]);
  });

  test('fit a phone, and grow with the window', async () => {
    fillPast(64, () => 42);
    const page = await openCharts({ viewport: { width: 360, height: 740 } });
    await legend(page, 'GPU utilization').waitFor();
    const overflow = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    const width = () =>
      chart(page, 'GPU utilization')
        .locator('.uplot')
        .evaluate((plot) => plot.clientWidth);
    expect(await overflow()).toBe(0);
    expect(await width()).toBeLessThanOrEqual(360);
    await page.setViewportSize({ width: 1400, height: 900 });
    await expect.poll(width).toBeGreaterThan(400);
    expect(await overflow()).toBe(0);
    await page.setViewportSize({ width: 360, height: 740 });
    await expect.poll(width).toBeLessThanOrEqual(360);
    expect(await overflow()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('64 GPUs stay usable: names, patterns, hiding one, values under the cursor', async () => {
    fillPast(64, () => 42);
    const page = await openCharts();
    const list = legend(page, 'GPU utilization');
    await expect.poll(() => list.locator('li').count()).toBe(64);
    expect((await list.boundingBox())?.height).toBeLessThan(200);
    const lines = list.locator('line');
    const look = async (at: number) => {
      const line = lines.nth(at);
      return `${await line.getAttribute('stroke')} ${await line.getAttribute('stroke-dasharray')}`;
    };
    expect(new Set(await Promise.all(Array.from({ length: 24 }, (_, at) => look(at)))).size).toBe(24);
    const button = list.getByRole('button', { name: /^GPU 63/ });
    await button.click();
    expect(await button.getAttribute('aria-pressed')).toBe('false');
    const started = Date.now();
    for (let at = 0; at < 5; at++) {
      state.take({ kind: 'message', name: 'gpu01', message: chartedSample(64, at), faults: [] });
      await send(page, state.recentPoint('gpu01'));
    }
    expect(Date.now() - started).toBeLessThan(5_000);
    await chart(page, 'GPU utilization').locator('.u-over').hover();
    await expect
      .poll(() => chart(page, 'GPU utilization').locator('.chart-age').textContent())
      .toMatch(/^at /);
    await expect.poll(() => chart(page, 'GPU memory').locator('.chart-age').textContent()).toMatch(/^at /);
    expect(complaints).toEqual([]);
  });

  test('a hidden tab draws nothing, and catches up when shown', async () => {
    fillPast(1, () => 42);
    const page = await openCharts();
    const cpu = page.locator('.chart').nth(4).locator('.chart-legend');
    await expect.poll(() => cpu.textContent()).toBe('CPU42%');
    const show = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { value, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await show(true);
    state.take({ kind: 'message', name: 'gpu01', message: chartedSample(1, 88), faults: [] });
    await send(page, state.recentPoint('gpu01'));
    expect(await cpu.textContent()).toBe('CPU42%');
    await show(false);
    await expect.poll(() => cpu.textContent()).toBe('CPU88%');
  });

  test('an answer that is an error is told, and tried again', async () => {
    fillPast(1, () => 42);
    const context = await browser.newContext({ serviceWorkers: 'block' });
    contexts.push(context);
    await context.addInitScript(() => localStorage.setItem('rollcall-theme', 'system'));
    const page = await context.newPage();
    let refused = 0;
    await page.route('**/charts-test.html', (route) =>
      route.fulfill({ contentType: 'text/html', body: CHARTS_PAGE }),
    );
    await page.route('**/recent*', (route) =>
      refused++ === 0 ? route.fulfill({ status: 503, body: 'busy' }) : route.continue(),
    );
    await page.goto(`${head.origin}/charts-test.html`);
    await page.getByText('could not be loaded: the head answers 503').waitFor();
    await legend(page, 'GPU utilization').waitFor();
    expect(await page.locator('.charts-note').textContent()).toBe('');
  });

  test('a page without charts loads nothing of them', async () => {
    const page = await openCharts();
    // What the page with charts asks for must not be taken for this one's.
    await page.waitForLoadState('networkidle');
    await page.route('**/plain.html', (route) =>
      route.fulfill({ contentType: 'text/html', body: CHARTS_PAGE.replace('class="charts"', '') }),
    );
    await page.goto(`${head.origin}/plain.html`);
    await page.waitForLoadState('networkidle');
    // Also what the browser had still and asked for no more.
    const loaded = await page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname),
    );
    expect(loaded).toContain('/static/page/when-needed.js');
    expect(loaded.filter((path) => /uplot|recent\?|\/recent$|charts|heat\/(?!room)/.test(path))).toEqual([]);
  });
});
