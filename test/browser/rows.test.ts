import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { NodeReport } from '../../src/report/node-report.ts';
import {
  type BrowserHead,
  CHROMIUM,
  hasChromium,
  launchChromium,
  startBrowserHead,
} from '../support/browser/browser-head.ts';
import { fakeGpu, fakeJob, fakeNode, unreachable } from '../support/fake-cluster.ts';

/** Rows of nodes and GPUs in a real Chromium: lines that unfold, headings that sort, what is free, what is not there. */

const GIB = 1024 ** 3;
const many = (count: number) =>
  Array.from({ length: count }, (_, at) => fakeNode(`n${String(at).padStart(3, '0')}`));
const hot = (name: string, celsius: number) =>
  fakeNode(name, {}, { gpus: [fakeGpu(0, { temperatureCelsius: celsius }), fakeGpu(1)] });

/** A node with so many GPUs of which those at `busy` are taken. */
function withGpus(name: string, count: number, busy: readonly number[]): NodeReport {
  const gpus = Array.from({ length: count }, (_, index) =>
    fakeGpu(index, busy.includes(index) ? { utilizationPercent: 90 } : {}),
  );
  return fakeNode(name, {}, { gpus, gpuProcesses: busy.map((index) => fakeJob(100 + index, index)) });
}

const line = (page: Page, name: string) => page.locator(`.noderows > tbody > tr[id="${name}"]`);
const whole = (page: Page, name: string) => page.locator(`tr[id="${name}"] + .unfolded > td > .node`);

describe.skipIf(!hasChromium)(`rows (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let head: BrowserHead;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(() => head.close());

  describe('of more than thirty nodes', () => {
    test('are a line each; thirty are shown as a whole, and so are all for whoever wants that', async () => {
      head = await startBrowserHead(browser, many(31));
      const page = await head.open();
      expect(await page.locator('.noderows > tbody > tr').count()).toBe(31);
      expect(await page.locator('.node').count()).toBe(0);
      const cells = await line(page, 'n004').locator('th, td').allInnerTexts();
      expect(cells.slice(0, 6).map((text) => text.trim())).toEqual([
        'n004',
        '● live',
        '1/2',
        'alice',
        '15.1%',
        '72.7%',
      ]);
      expect(cells[6]).toMatch(/^\d+ s ago$/);
      await page.getByRole('link', { name: 'Nodes as a whole' }).click();
      await expect.poll(() => page.locator('article > .node').count()).toBe(31);
      head.cluster.remove('n030');
      await page.goto(`${head.origin}/`);
      expect(await page.locator('article > .node').count()).toBe(30);
      expect(head.complaints).toEqual([]);
    });

    test('unfold by a click, and fold again; what is unfolded is live, the others are not sent', async () => {
      head = await startBrowserHead(browser, many(40));
      const page = await head.open();
      await expect.poll(() => head.app.viewerCount).toBe(1);
      const html = await page.content();
      expect(html).not.toContain('11181 (alice)');
      const link = line(page, 'n003').locator('.unfold');
      expect(await link.getAttribute('aria-expanded')).toBe('false');
      await line(page, 'n003').locator('.state').click();
      await whole(page, 'n003').getByText('11181 (alice)').first().waitFor();
      expect(await link.getAttribute('aria-expanded')).toBe('true');
      head.cluster.set(hot('n003', 83));
      await whole(page, 'n003').getByText('83 °C').waitFor();
      // One element has the name, whatever else shows the node.
      expect(await page.locator('[id="n003"]').count()).toBe(1);
      await link.click();
      expect(await page.locator('.unfolded').count()).toBe(0);
      expect(await link.getAttribute('aria-expanded')).toBe('false');
      await link.click();
      await whole(page, 'n003').getByText('83 °C').waitFor();
      expect(head.complaints).toEqual([]);
    });

    test('unfold by keys, and stay open where rows come, go and move, and when the page comes back', async () => {
      head = await startBrowserHead(browser, many(40));
      const page = await head.open('/?sort=-cpu');
      await expect.poll(() => head.app.viewerCount).toBe(1);
      const link = line(page, 'n002').locator('.unfold');
      await link.focus();
      await page.keyboard.press('Enter');
      await whole(page, 'n002').getByText('11181 (alice)').first().waitFor();
      await page.keyboard.press('Space');
      expect(await page.locator('.unfolded').count()).toBe(0);
      await page.keyboard.press('Space');
      await whole(page, 'n002').waitFor();
      const busy = fakeNode(
        'n002',
        {},
        { cpu: { totalPercent: 99, corePercents: [], load1: 1, load5: 1, load15: 1 } },
      );
      head.cluster.set(busy);
      head.cluster.remove('n001');
      head.cluster.set(fakeNode('n999'));
      await expect.poll(() => page.locator('.noderows > tbody > tr').first().getAttribute('id')).toBe('n002');
      await whole(page, 'n002').getByText('99.0%').waitFor();
      expect(await line(page, 'n001').count()).toBe(0);
      await line(page, 'n999').waitFor({ state: 'attached' });
      expect(await link.getAttribute('aria-expanded')).toBe('true');
      await page.reload();
      await whole(page, 'n002').getByText('11181 (alice)').first().waitFor();
      head.cluster.remove('n002');
      await expect.poll(() => page.locator('.unfolded').count()).toBe(0);
      expect(head.complaints).toEqual([]);
    });

    test('are there again when they are folded and unfolded at once', async () => {
      head = await startBrowserHead(browser, many(40));
      const page = await head.open('/');
      await expect.poll(() => head.app.viewerCount).toBe(1);
      const link = line(page, 'n002').locator('.unfold');
      await link.click();
      await whole(page, 'n002').getByText('11181 (alice)').first().waitFor();
      for (let times = 0; times < 3; times += 1) {
        await link.evaluate((element: HTMLElement) => {
          element.click();
          element.click();
        });
        await whole(page, 'n002').getByText('11181 (alice)').first().waitFor();
      }
      expect(head.complaints).toEqual([]);
    });

    test('unfold by an address with the name, when it is loaded and later', async () => {
      head = await startBrowserHead(browser, many(120));
      const page = await head.open('/#n100');
      await whole(page, 'n100').getByText('11181 (alice)').first().waitFor();
      await expect
        .poll(() => line(page, 'n100').evaluate((row) => row.getBoundingClientRect().top))
        .toBeLessThan(200);
      expect(await line(page, 'n100').evaluate((row) => row.getBoundingClientRect().top)).toBeGreaterThan(60);
      await page.evaluate(() => {
        location.hash = '#n050';
      });
      await whole(page, 'n050').getByText('11181 (alice)').first().waitFor();
      expect(head.complaints).toEqual([]);
    });

    test('without JavaScript their names lead to the nodes', async () => {
      head = await startBrowserHead(browser, many(31));
      const page = await head.open('/', { javaScriptEnabled: false });
      await page.getByRole('link', { name: 'n007' }).click();
      expect(new URL(page.url()).pathname).toBe('/nodes/n007');
      await page.getByText('11181 (alice)').first().waitFor();
    });

    test('a node that is down says so with its cause, and is not green', async () => {
      head = await startBrowserHead(browser, [...many(31), unreachable(fakeNode('gone'))]);
      const page = await head.open();
      expect((await line(page, 'gone').locator('td').allInnerTexts()).slice(0, 2)).toEqual([
        '▲ unreachable refused',
        '–/2',
      ]);
      await line(page, 'gone').locator('.unfold').click();
      await whole(page, 'gone').getByText('refused the connection').waitFor();
    });
  });

  test('headings sort, first by what is looked for, then the other way round; also without JavaScript', async () => {
    const sized = (name: string, freeGib: number) =>
      fakeNode(
        name,
        {},
        {
          gpus: [fakeGpu(0, { memoryUsedBytes: (24 - freeGib) * GIB, memoryFreeBytes: freeGib * GIB })],
          gpuProcesses: [],
        },
      );
    head = await startBrowserHead(browser, [sized('a', 8), sized('b', 20), sized('c', 2)]);
    for (const javaScriptEnabled of [true, false]) {
      const page = await head.open('/gpus', { javaScriptEnabled });
      const names = () => page.locator('.gpurows tbody th').allInnerTexts();
      const heading = page.getByRole('columnheader', { name: 'Free' });
      expect(await heading.getAttribute('aria-sort')).toBeNull();
      await heading.getByRole('link').click();
      await expect.poll(names).toEqual(['b', 'a', 'c']);
      expect(new URL(page.url()).search).toBe('?sort=-mem');
      expect(await heading.getAttribute('aria-sort')).toBe('descending');
      await heading.getByRole('link').click();
      await expect.poll(names).toEqual(['c', 'a', 'b']);
      expect(await heading.getAttribute('aria-sort')).toBe('ascending');
      expect(await page.locator('[aria-sort]').count()).toBe(1);
    }
    const page = await head.open('/gpus');
    await page.getByLabel('Sort by').selectOption({ label: 'memory, most free first' });
    await page.waitForURL('**/gpus?sort=-mem');
    await expect.poll(() => page.locator('.gpurows tbody th').allInnerTexts()).toEqual(['b', 'a', 'c']);
    for (const path of ['/jobs', '/users', '/?rows=compact']) {
      await page.goto(`${head.origin}${path}`);
      expect(await page.locator('.rows > thead a').count(), path).toBeGreaterThan(4);
    }
    expect(head.complaints).toEqual([]);
  });

  test('"only free" leads with what is free: the nodes with most, and their free GPUs first', async () => {
    head = await startBrowserHead(browser, [
      withGpus('one', 4, [0, 1, 3]),
      withGpus('none', 2, [0, 1]),
      withGpus('three', 4, [1]),
      withGpus('two', 4, [0, 2]),
    ]);
    const page = await head.open();
    await page.getByRole('link', { name: 'Only free' }).click();
    const names = () => page.locator('article > .node h2').allInnerTexts();
    await expect.poll(names).toEqual(['three', 'two', 'one']);
    const gpus = (name: string) => page.locator(`[id="${name}"] .gputable tbody th`).allInnerTexts();
    expect(await gpus('three')).toEqual(['0', '2', '3', '1']);
    expect(await gpus('two')).toEqual(['1', '3', '0', '2']);
    await expect.poll(() => head.app.viewerCount).toBe(1);
    head.cluster.set(withGpus('one', 4, []));
    await expect.poll(names).toEqual(['one', 'three', 'two']);
    await page.goto(head.origin);
    expect(await gpus('two')).toEqual(['0', '1', '2', '3']);
    expect(head.complaints).toEqual([]);
  });

  test('tables without rows say why, where the rows would be', async () => {
    const waiting = (name: string) => fakeNode(name, { state: 'connecting', hello: null, sample: null });
    head = await startBrowserHead(browser, [waiting('a'), waiting('b')]);
    const page = await head.open('/gpus');
    const place = page.locator('.rows > tbody > .emptyrow');
    expect(await place.textContent()).toBe('No GPUs yet: 2 of 2 nodes are still connecting.');
    await expect.poll(() => head.app.viewerCount).toBe(1);
    for (const name of ['a', 'b']) head.cluster.set(fakeNode(name, {}, { gpus: [], gpuProcesses: [] }));
    await expect.poll(() => place.textContent()).toBe('None of the 2 live nodes has a GPU.');
    head.cluster.set(fakeNode('c'));
    await expect.poll(() => place.count()).toBe(0);
    await page.goto(`${head.origin}/gpus?q=gpu%3Ah100`);
    expect(await place.textContent()).toBe('Of 2 GPUs none matches "gpu:h100".');
    await page.goto(`${head.origin}/users?q=nobody`);
    expect(await place.textContent()).toContain('none matches "nobody"');
    expect(head.complaints).toEqual([]);
  });

  test('a cluster without GPUs has totals and a heat map of its nodes', async () => {
    const bare = (name: string, percent: number) =>
      fakeNode(
        name,
        {},
        {
          gpus: [],
          gpuProcesses: [],
          cpu: { totalPercent: percent, corePercents: [], load1: 1, load5: 1, load15: 1 },
        },
      );
    head = await startBrowserHead(browser, [bare('a', 100), bare('b', 0), unreachable(bare('c', 50))]);
    const page = await head.open();
    const canvas = page.locator('.heat-field canvas');
    await expect
      .poll(() => canvas.getAttribute('aria-label'))
      .toBe('3 nodes by CPU: 2 live, 1 out of reach. Arrow keys move, Enter opens the node');
    await page.getByText('All nodes as a heat map').waitFor();
    expect(await page.locator('.counts').textContent()).toMatch(
      /32\.0 of 64 cores used\s+372\.0 of 512\.0 GiB RAM used/,
    );
    expect(await page.locator('.counts').textContent()).not.toContain('GPU');
    await canvas.focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    expect(await page.locator('.heat-line').textContent()).toBe('a · about 100 % of its cores used · live');
    await page.locator('.heatmap select').selectOption('ram');
    await expect.poll(() => canvas.getAttribute('aria-label')).toContain('3 nodes by RAM');
    await canvas.focus();
    await page.keyboard.press('Home');
    await expect
      .poll(() => page.locator('.heat-line').textContent())
      .toContain('about 73 % of its memory used');
    // With the first GPU it is one of GPUs.
    head.cluster.set(fakeNode('d'));
    await page.getByText('All GPUs as a heat map').waitFor();
    await expect.poll(() => canvas.getAttribute('aria-label')).toContain('2 GPUs by utilization');
    expect(head.complaints).toEqual([]);
  });
});
