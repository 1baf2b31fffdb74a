import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ReportedGpu } from '../../src/protocol/reported-sample.ts';
import type { NodeReport } from '../../src/report/node-report.ts';
import {
  type BrowserHead,
  CHROMIUM,
  hasChromium,
  launchChromium,
  startBrowserHead,
} from '../support/browser/browser-head.ts';
import { fakeGpu, fakeNode, unreachable } from '../support/fake-cluster.ts';
import { randomCluster } from '../support/random-cluster.ts';

/** The heat map of all GPUs in a real Chromium, against the real web room and made-up nodes. */

const GIB = 1024 ** 3;
/** Colours that no theme has, so that what is read from the canvas says where it came from. */
const THEME = `:root { --heat-0: rgb(0,0,0); --heat-1: rgb(63,0,0); --heat-2: rgb(126,0,0); --heat-3: rgb(189,0,0);
  --heat-4: rgb(252,0,0); --heat-free: rgb(0,200,0); --heat-idle: rgb(0,0,250); --heat-sick: rgb(250,0,250);
  --heat-ink: rgb(10,20,30) }`;

const busy = (index: number, change: Partial<ReportedGpu> = {}) =>
  fakeGpu(index, { utilizationPercent: 100, memoryUsedBytes: 12 * GIB, temperatureCelsius: 95, ...change });

/** GPUs that are busy, free, held idle, lost and without figures. */
function oddNode(change: Partial<ReportedGpu> = {}): NodeReport {
  const none = {
    utilizationPercent: null,
    memoryUsedBytes: null,
    temperatureCelsius: null,
    powerWatts: null,
  };
  const gpus = [
    busy(0, change),
    fakeGpu(1),
    busy(2),
    fakeGpu(3, { ...none, health: 'lost' }),
    fakeGpu(4, none),
  ];
  const marks = [{ gpuIndex: 2, code: 'held-idle' as const, text: 'held' }];
  return fakeNode('gpu01', { marks }, { gpus, gpuProcesses: [] });
}

const canvas = (page: Page) => page.locator('.heatmap .heat-field canvas');
const line = (page: Page) => page.locator('.heat-line');

/** A pixel of the map as `r,g,b,a`, read from a copy: reading a canvas often makes Chromium complain. */
const pixelAt = (page: Page, x: number, y: number) =>
  canvas(page).evaluate(
    (map: HTMLCanvasElement, at) => {
      const copy = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
      const context = copy.getContext('2d', { willReadFrequently: true });
      context?.drawImage(map, -at.x, -at.y);
      return [...(context?.getImageData(0, 0, 1, 1).data ?? [])].join();
    },
    { x, y },
  );

/** At a share of a cell's width and height. Cells of a first line are 20 px, 22 px apart. */
const pixel = (page: Page, cell: number, x = 0.5, y = 0.5) =>
  pixelAt(page, Math.floor(22 * cell + 20 * x), Math.floor(20 * y));

/** The end of the scale; a gradient rounds. */
const HOT = /^25[0-2],0,0,255$/;
const middle = (cell: number) => ({ x: 22 * cell + 10, y: 10 });
const redOf = (text: string) => Number(text.split(',')[0]);

describe.skipIf(!hasChromium)(`the heat map in Chromium (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let head: BrowserHead;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(() => head.close());

  async function start(nodes: NodeReport[]): Promise<void> {
    head = await startBrowserHead(browser, nodes);
  }

  /** A page with colours of its own, once the map is painted. */
  async function openMap(path = '/', metric?: string): Promise<Page> {
    const page = await head.open(path);
    await page.addStyleTag({ content: THEME });
    await canvas(page).waitFor();
    await page.evaluate(() => document.dispatchEvent(new CustomEvent('rollcall:theme')));
    if (metric) await page.locator('.heatmap select').selectOption(metric);
    await expect.poll(() => canvas(page).getAttribute('aria-label')).toContain(metric ?? 'utilization');
    return page;
  }

  test('colours every GPU by each metric, and tells its use by a shape', async () => {
    await start([oddNode()]);
    const page = await openMap();
    await expect.poll(() => pixel(page, 0)).toMatch(HOT);
    // Free is hollow, held idle has a dot, what is lost is a cross, without figures is hatched.
    expect(await pixel(page, 1)).toBe('0,0,0,0');
    expect(await pixel(page, 1, 0.5, 0)).toBe('0,200,0,255');
    expect(await pixel(page, 2)).toBe('0,0,250,255');
    expect(await pixel(page, 2, 0.05, 0.05)).toMatch(HOT);
    expect(await pixel(page, 3)).toMatch(/^250,0,250,/);
    expect(await pixel(page, 3, 0.5, 0.05)).toBe('0,0,0,0');
    expect(await pixel(page, 4, 0.25, 0.25)).toMatch(/^10,20,30,/);
    await page.locator('.heatmap select').selectOption('memory');
    await expect.poll(async () => redOf(await pixel(page, 0))).toBeLessThan(135);
    expect(redOf(await pixel(page, 0))).toBeGreaterThan(115);
    await page.locator('.heatmap select').selectOption('temperature');
    await expect.poll(() => pixel(page, 0)).toMatch(HOT);
    // A free GPU has a temperature too: 31 °C of 20 to 95.
    expect(redOf(await pixel(page, 1, 0.5, 0))).toBeGreaterThan(20);
    expect(redOf(await pixel(page, 1, 0.5, 0))).toBeLessThan(60);
    await page.locator('.heatmap select').selectOption('power');
    await expect.poll(async () => redOf(await pixel(page, 0))).toBeLessThan(30);
    const height = (await page.locator('.heatmap').boundingBox())?.height ?? 0;
    expect(height).toBeGreaterThan(60);
    // Its room is kept from the start, so that nothing below it moves once it comes.
    const early = await page.context().newPage();
    await early.addInitScript(() =>
      document.addEventListener('rollcall:want', (event) => event.stopImmediatePropagation()),
    );
    await early.goto(head.origin);
    expect((await early.locator('.heatmap').boundingBox())?.height).toBeCloseTo(height, 0);
    expect(await early.locator('.heatmap').innerHTML()).toBe('');
    await early.close();
    await page.reload();
    await expect.poll(() => canvas(page).getAttribute('aria-label')).toContain('5 GPUs by power');
    expect(await page.locator('.heatmap select').inputValue()).toBe('power');
    expect(head.complaints).toEqual([]);
  });

  test('says what it shows in words, to eyes, pointer and keyboard', async () => {
    await start([oddNode(), unreachable(fakeNode('gpu02'))]);
    const page = await openMap();
    expect(await canvas(page).getAttribute('aria-label')).toContain(
      '7 GPUs by utilization: 1 free, 1 busy, 1 held idle, 3 out of service, 1 not known',
    );
    await canvas(page).hover({ position: middle(0) });
    await expect.poll(() => line(page).textContent()).toBe('gpu01 · GPU 0 · about 100 % used · busy');
    await page.getByText('Colour:').hover();
    await expect.poll(() => line(page).textContent()).toContain('arrow keys');
    await page.locator('.heatmap select').focus();
    await page.keyboard.press('Tab');
    await expect.poll(() => line(page).textContent()).toContain('gpu01 · GPU 0');
    expect(await line(page).getAttribute('aria-live')).toBe('polite');
    await page.keyboard.press('ArrowRight');
    expect(await line(page).textContent()).toBe('gpu01 · GPU 1 · about 0 % used · free');
    await page.keyboard.press('PageDown');
    expect(await line(page).textContent()).toBe(
      'gpu02 · GPU 0 · no figure · out of service · node unreachable',
    );
    await page.keyboard.press('End');
    expect(await line(page).textContent()).toContain('gpu02 · GPU 1');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).toBe('#gpu02');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('gpu02');
    expect(head.complaints).toEqual([]);
  });

  test('a click leads to the node, on this page or on its own', async () => {
    await start([fakeNode('gpu01'), fakeNode('title', {}, { gpus: [busy(0)] })]);
    const page = await openMap();
    await canvas(page).click({ position: middle(1) });
    await expect.poll(() => new URL(page.url()).hash).toBe('#gpu01');
    await page.goto(`${head.origin}/jobs`);
    await canvas(page).waitFor();
    await expect.poll(() => canvas(page).getAttribute('aria-label')).toContain('3 GPUs');
    // Behind the gap between two nodes.
    await canvas(page).click({ position: { x: 2 * 22 + 7 + 10, y: 10 } });
    expect(head.complaints).toEqual([]);
    await page.waitForURL('**/nodes/title');
  });

  test('a change repaints its cell, and a new node finds its place', async () => {
    await start([oddNode()]);
    const page = await openMap();
    await expect.poll(() => pixel(page, 0)).toMatch(HOT);
    head.cluster.set(oddNode({ utilizationPercent: 10 }));
    await expect.poll(async () => redOf(await pixel(page, 0))).toBeLessThan(30);
    head.cluster.set(fakeNode('gpu02', {}, { gpus: [busy(0)], gpuProcesses: [] }));
    await expect.poll(() => canvas(page).getAttribute('aria-label')).toContain('6 GPUs');
    head.cluster.remove('gpu01');
    await expect.poll(() => canvas(page).getAttribute('aria-label')).toContain('1 GPUs');
    await expect.poll(() => pixel(page, 0)).toMatch(HOT);
    await page.setViewportSize({ width: 500, height: 800 });
    await expect.poll(() => canvas(page).evaluate((map: HTMLCanvasElement) => map.width)).toBeLessThan(500);
    await expect.poll(() => pixel(page, 0)).toMatch(HOT);
    expect(head.complaints).toEqual([]);
  });

  test('asks for all nodes only while it is in sight, open, and its tab is shown', async () => {
    const many = Array.from({ length: 12 }, (_, at) => fakeNode(`node${at}`));
    await start(many);
    const page = await openMap();
    const watchesAll = () => head.cluster.isWatched('no such node');
    // A page that was just loaded counts for some seconds as somebody who looks.
    await expect.poll(watchesAll, { timeout: 25_000 }).toBe(true);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await expect.poll(watchesAll, { timeout: 25_000 }).toBe(false);
    expect(head.app.viewerCount).toBe(1);
    await page.evaluate(() => scrollTo(0, 0));
    await expect.poll(watchesAll).toBe(true);
    await page.locator('.heatmap summary').click();
    await expect.poll(watchesAll).toBe(false);
    await page.locator('.heatmap summary').click();
    await expect.poll(watchesAll).toBe(true);
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await expect.poll(watchesAll).toBe(false);
    expect(head.complaints).toEqual([]);
  });

  test('where no node tells of itself there is no box, until one does', async () => {
    await start([fakeNode('cpu01', { state: 'connecting', hello: null, sample: null })]);
    const page = await head.open();
    await expect.poll(() => head.app.viewerCount).toBe(1);
    await page.getByRole('heading', { name: 'cpu01' }).waitFor();
    await expect.poll(() => head.cluster.isWatched('no such node'), { timeout: 25_000 }).toBe(false);
    expect(await page.locator('.heatmap').innerHTML()).toBe('');
    head.cluster.set(fakeNode('gpu01'));
    await canvas(page).waitFor();
    await expect.poll(() => canvas(page).getAttribute('aria-label')).toContain('2 GPUs');
    expect(head.complaints).toEqual([]);
  });

  test('on a page of found nodes the others are dimmed', async () => {
    const one = (name: string) => fakeNode(name, {}, { gpus: [busy(0)], gpuProcesses: [] });
    await start([one('a1'), one('b1')]);
    const page = await openMap('/?q=node:a');
    await expect.poll(() => pixel(page, 0)).toMatch(HOT);
    const alpha = Number((await pixelAt(page, 22 + 7 + 10, 10)).split(',')[3]);
    expect(alpha).toBeGreaterThan(30);
    expect(alpha).toBeLessThan(90);
    expect(head.complaints).toEqual([]);
  });

  test('8,000 GPUs that all change every second make no long task', async () => {
    const size = { nodes: 1_000, gpusPerNode: 8, processesPerNode: 2 };
    const seeds = [1, 2, 3, 4, 5].map((seed) => randomCluster({ ...size, seed }));
    await start(seeds[0] ?? []);
    const page = await openMap('/?limit=20');
    await expect.poll(() => canvas(page).getAttribute('aria-label')).toMatch(/^[78]\d\d\d GPUs/);
    const height = await canvas(page).evaluate((map) => map.clientHeight);
    expect(height).toBeLessThan(0.4 * 800);
    await page.evaluate(() => {
      const tasks: number[] = [];
      Object.assign(window, { tasks, figures: 0 });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      }).observe({ type: 'longtask' });
      document.addEventListener('rollcall:heat', () => {
        Object.assign(window, { figures: (window as unknown as { figures: number }).figures + 1 });
      });
    });
    const session = await page.context().newCDPSession(page);
    // Of this thread alone: others may keep the machine busy.
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const spentMs = async () => {
      const { metrics } = await session.send('Performance.getMetrics');
      const secondsOf = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
      return { script: secondsOf('ScriptDuration') * 1000, all: secondsOf('TaskDuration') * 1000 };
    };
    const heard = () => page.evaluate(() => (window as unknown as { figures: number }).figures);
    const before = await spentMs();
    const startMs = performance.now();
    for (const [at, nodes] of seeds.slice(1).entries()) {
      const had = await heard();
      for (const node of nodes) head.cluster.set(node);
      await expect.poll(heard, { timeout: 20_000 }).toBeGreaterThan(had);
      expect(at).toBeLessThan(5);
    }
    const after = await spentMs();
    const rounds = await heard();
    const tasks = await page.evaluate(() => (window as unknown as { tasks: number[] }).tasks);
    const seconds = (performance.now() - startMs) / 1000;
    const scriptMs = (after.script - before.script) / rounds;
    const allMs = (after.all - before.all) / rounds;
    const long = tasks.map(Math.round).join(', ') || 'none';
    console.log(
      `8,000 GPUs, ${rounds} repaints in ${seconds.toFixed(1)} s, of the page's thread each: ` +
        `${scriptMs.toFixed(1)} ms of script, ${allMs.toFixed(1)} ms in all; long tasks by the clock, in ms: ${long}`,
    );
    expect(scriptMs).toBeLessThan(100);
    expect(head.complaints).toEqual([]);
  });

  test('without JavaScript there is no box', async () => {
    await start([fakeNode('gpu01')]);
    const page = await head.open('/', { javaScriptEnabled: false });
    expect(await page.locator('.heatmap').count()).toBe(1);
    expect((await page.locator('.heatmap').boundingBox())?.height).toBe(0);
  });
});
