import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
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
import { compileOwnDesign, staticDir } from '../support/read-design.ts';

/** The page in a real Chromium, against the real web room and made-up nodes. */

let browser: Browser;
let cluster: FakeCluster;
let head: ServedApp;
let complaints: string[] = [];
const openContexts: { close(): Promise<void> }[] = [];

const templates = compileOwnDesign();

const listen = (port: number) =>
  serveApp(createApp(Object.assign(cluster, { templates: () => templates, staticDir })), port);

async function openPage(options: BrowserContextOptions = {}, path = '/'): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  openContexts.push(context);
  const page = await context.newPage();
  listenForComplaints(page, head.origin, (text) => complaints.push(text));
  await page.goto(`${head.origin}${path}`);
  return page;
}

/** The stream is open once a viewer is counted: what changes from now on travels live. */
async function openLivePage(path = '/'): Promise<Page> {
  const page = await openPage({}, path);
  await expect.poll(() => head.app.viewerCount).toBe(1);
  return page;
}

const hot = (name: string, celsius: number) =>
  fakeNode(name, {}, { gpus: [fakeGpu(0, { temperatureCelsius: celsius }), fakeGpu(1)] });

describe.skipIf(!hasChromium)(`the page in Chromium (skipped: no ${CHROMIUM})`, () => {
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  async function start(nodes = [fakeNode('gpu01'), fakeNode('gpu02')]): Promise<void> {
    complaints = [];
    cluster = createFakeCluster(nodes);
    head = await listen(0);
  }

  afterEach(async () => {
    for (const context of openContexts.splice(0)) await context.close();
    await head.close();
  });

  test('first paint, without a complaint and without a request that leaves the machine', async () => {
    await start();
    const page = await openLivePage();
    expect(await page.title()).toBe('Rollcall');
    await page.getByRole('heading', { name: 'gpu01' }).waitFor();
    const row = page.locator('[id="gpu01"] .gputable tbody tr').first();
    await expect
      .poll(() => row.textContent())
      .toContain('11181 (alice) · python · 5.5 GiB 1d7h16m23s · tree: CPU 3.1 cores');
    expect(await page.locator('.counts').textContent()).toMatch(/2 of 2 nodes live/);
    const bar = row.locator('.usagebar > span').first();
    expect(await bar.evaluate((span: HTMLElement) => span.style.width)).toBe('98%');
    expect(complaints).toEqual([]);
  });

  test('a live change appears without a reload, and keeps what was opened', async () => {
    await start();
    const page = await openLivePage();
    await page.evaluate(() => Object.assign(window, { mark: 'same page' }));
    const gpu = page.locator('[id="gpu01"] .gputable tbody tr').first();
    await gpu.locator('summary').click();
    await gpu.getByText('python train.py --epochs 40').waitFor();
    cluster.set(hot('gpu01', 83));
    await gpu.getByText('83 °C').waitFor();
    cluster.set(
      fakeNode('gpu01', {}, { gpuProcesses: [fakeJob(11_181, 0), fakeJob(99, 0, { user: 'carol' })] }),
    );
    await gpu.getByText('99 (carol)').waitFor();
    const details = gpu.locator('details').filter({ hasText: '11181 (alice)' });
    expect(await details.getAttribute('open')).toBe('');
    expect(await page.evaluate(() => 'mark' in window)).toBe(true);
    expect(complaints).toEqual([]);
  });

  test('a node goes away and comes back', async () => {
    await start();
    const page = await openLivePage();
    const node = page.locator('[id="gpu02"]');
    cluster.set(unreachable(fakeNode('gpu02')));
    await node.getByText('refused the connection').waitFor();
    expect(await node.getAttribute('class')).toContain('unreachable');
    expect(await node.locator('.age').textContent()).toMatch(/^6[5-9] s ago$/);
    expect(await node.locator('.gputable').count()).toBe(1);
    await page.getByText('1 of 2 nodes live').waitFor();
    const link = page.locator('#tableofcontents a', { hasText: 'gpu02' });
    expect(await link.textContent()).toContain('unreachable');
    cluster.set(fakeNode('gpu02'));
    await page.getByText('2 of 2 nodes live').waitFor();
    expect(await node.getAttribute('class')).toBe('node live');
    expect(await node.locator('.failure').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('nodes are added and removed in the order of the list', async () => {
    await start();
    const page = await openLivePage();
    const names = () => page.locator('article > section h2').allInnerTexts();
    const links = () => page.locator('#tableofcontents .name').allInnerTexts();
    cluster.set(fakeNode('gpu03'));
    await expect.poll(names).toEqual(['gpu01', 'gpu02', 'gpu03']);
    cluster.remove('gpu01');
    await expect.poll(names).toEqual(['gpu02', 'gpu03']);
    expect(await links()).toEqual(['gpu02', 'gpu03']);
    cluster.remove('gpu02');
    cluster.remove('gpu03');
    await page.getByText('There is no node in the node list').waitFor();
    cluster.set(hot('gpu09', 44));
    await expect.poll(names).toEqual(['gpu09']);
    await page.getByText('44 °C').waitFor();
    expect(complaints).toEqual([]);
  });

  test('what a node says stays text, on first paint and live', async () => {
    const evil = '<img src=x onerror="document.title=1">';
    const evilNode = (more: string) =>
      fakeNode(
        'gpu01',
        {},
        { gpuProcesses: [fakeJob(1, 0, { command: evil + more, user: evil, arguments: evil })] },
      );
    await start([evilNode('')]);
    const page = await openLivePage();
    const job = page.locator('.jobs b');
    expect(await job.textContent()).toBe(evil);
    cluster.set(evilNode(' live'));
    await expect.poll(() => job.textContent()).toBe(`${evil} live`);
    cluster.set({ ...unreachable(evilNode('')), message: evil, lastLines: [evil] });
    await expect.poll(() => page.locator('.lastlines').textContent()).toBe(evil);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toBe('Rollcall');
    expect(complaints).toEqual([]);
  });

  test('a phone shows it without scrolling sideways', async () => {
    const long = 'a-very-long-name-without-any-space-'.repeat(4);
    const wordy = fakeNode(
      long,
      {},
      { gpuProcesses: [fakeJob(1, 0, { command: long, user: long, arguments: long })] },
    );
    const filesystems = wordy.sample?.filesystems?.map((filesystem) => ({
      ...filesystem,
      mountPoint: `/${long}`,
    }));
    if (wordy.sample && filesystems) wordy.sample.filesystems = filesystems;
    // Long times, large figures and many arguments, as real nodes have them.
    const { topProcesses } = wordy.sample ?? {};
    topProcesses?.push({
      ...fakeJob(7, 0, { arguments: 'word '.repeat(40) }),
      startTimeMs: 1_600_000_000_000,
    });
    await start([
      fakeNode('gpu01'),
      wordy,
      { ...unreachable(fakeNode('gpu03')), lastLines: [long], message: long },
    ]);
    for (const width of [360, 700, 1000, 1280, 1920]) {
      const page = await openPage({ viewport: { width, height: 740 } });
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, `${width} px`).toBe(0);
      const tooWide = await page.evaluate(() =>
        [...document.querySelectorAll('tbody td, tbody th, .jobs li, p')]
          .filter((element) => {
            const spills = element.scrollWidth > element.clientWidth + 1;
            const isOut = element.getBoundingClientRect().right > innerWidth + 1;
            return isOut || (spills && getComputedStyle(element).overflowX === 'visible');
          })
          .map((element) => element.outerHTML.slice(0, 200)),
      );
      expect(tooWide, `${width} px`).toEqual([]);
    }
  });

  test('a stream that is cut says so, ages go on, and it catches up', async () => {
    await start();
    const page = await openLivePage();
    await head.cut();
    const notice = page.getByRole('status');
    await notice.waitFor();
    expect(await notice.textContent()).toMatch(/^Connection to the head lost, figures are \d+ s old/);
    await expect
      .poll(() => page.locator('[id="gpu01"]').getAttribute('class'), { timeout: 15_000 })
      .toContain('old');
    expect(await page.locator('[id="gpu01"] .age').textContent()).toMatch(/^[5-9] s ago$/);
    cluster.set(hot('gpu01', 91));
    cluster.set(fakeNode('gpu03'));
    await head.restore();
    await page.getByText('91 °C').waitFor();
    await page.getByRole('heading', { name: 'gpu03' }).waitFor();
    await expect.poll(() => notice.isHidden()).toBe(true);
    expect(await page.locator('[id="gpu01"]').getAttribute('class')).toBe('node live');
    // Chromium may look for a newer service worker just while nobody answers.
    const ofTheCut = (text: string) => text.includes('ERR_') || text.includes('when fetching the script');
    expect(complaints.filter((text) => !ofTheCut(text))).toEqual([]);
  });

  test('another head in its place makes the page anew', async () => {
    await start();
    const page = await openLivePage();
    const { port } = head;
    await head.cut();
    head.app.close();
    cluster = createFakeCluster([hot('gpu07', 55)]);
    head = await listen(port);
    await page.getByRole('heading', { name: 'gpu07' }).waitFor();
    await page.getByText('55 °C').waitFor();
  });

  test('an answer that is an error is tried again', async () => {
    await start();
    let refused = 0;
    const context = await browser.newContext();
    openContexts.push(context);
    // Requests of a shared worker cannot be answered here: this browser has none, as that of many phones.
    await context.addInitScript(() => Reflect.deleteProperty(globalThis, 'SharedWorker'));
    const page = await context.newPage();
    await page.route('**/events', (route) => {
      refused += 1;
      return refused < 3 ? route.fulfill({ status: 503, body: 'full' }) : route.continue();
    });
    await page.goto(`${head.origin}/`);
    await expect.poll(() => head.app.viewerCount, { timeout: 15_000 }).toBe(1);
    expect(refused).toBe(3);
    cluster.set(hot('gpu01', 72));
    await page.getByText('72 °C').waitFor();
  });

  test('the page of one node follows that node', async () => {
    await start();
    const page = await openLivePage('/nodes/gpu02');
    expect(await page.locator('article > section').count()).toBe(1);
    cluster.set(hot('gpu01', 99));
    cluster.set(hot('gpu02', 64));
    await page.getByText('64 °C').waitFor();
    expect(await page.getByText('99 °C').count()).toBe(0);
    await page.getByRole('link', { name: 'All nodes' }).click();
    await page.getByRole('heading', { name: 'gpu01' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('a hidden tab closes its stream, and catches up when shown', async () => {
    await start();
    const page = await openLivePage();
    const show = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { value, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await show(true);
    await expect.poll(() => head.app.viewerCount).toBe(0);
    cluster.set(hot('gpu01', 58));
    await show(false);
    await page.getByText('58 °C').waitFor();
  });

  test('a button tries a node again, for a browser that came through a link', async () => {
    await start([fakeNode('gpu01'), unreachable(fakeNode('gpu02'))]);
    const page = await openPage();
    expect(await page.locator('[id="gpu01"] .retry').count()).toBe(0);
    const button = page.locator('[id="gpu02"]').getByRole('button', { name: 'Try again now' });
    await button.click();
    await page.getByText('scripts/rollcall link').waitFor();
    expect(cluster.retried).toEqual([]);
    expect(complaints.splice(0).join('\n')).toContain('403');
    await page.goto(`${head.origin}${head.app.link()}`);
    expect(new URL(page.url()).search).toBe('');
    await button.click();
    await page.waitForURL('**/nodes/gpu02');
    expect(cluster.retried).toEqual(['gpu02']);
    expect(complaints).toEqual([]);
  });

  test('without JavaScript the page shows everything and refreshes itself', async () => {
    await start([fakeNode('gpu01'), unreachable(fakeNode('gpu02'))]);
    const page = await openPage({ javaScriptEnabled: false });
    await page.getByRole('heading', { name: 'gpu01' }).waitFor();
    await page.getByText('11181 (alice)').first().waitFor();
    await page.getByText(/^6\d s ago$/).waitFor();
    await page.locator('summary').first().click();
    await page.getByText('python train.py --epochs 40').first().waitFor();
    const refresh = await page.locator('meta[http-equiv="refresh"]').getAttribute('content');
    expect(refresh).toBe('60');
  });

  test('the design opens from disk as it is', async () => {
    await start();
    const context = await browser.newContext();
    openContexts.push(context);
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('requestfailed', (request) => errors.push(request.url()));
    await page.goto(new URL('../../index-design.html', import.meta.url).href);
    expect(await page.locator('article > section').count()).toBe(4);
    expect(await page.locator('#title').evaluate((title) => getComputedStyle(title).position)).toBe('sticky');
    expect(errors.filter((url) => !url.includes('manifest'))).toEqual([]);
  });
});
