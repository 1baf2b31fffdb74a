import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectFitAndFaultless } from '../support/browser/axe-themes.ts';
import { type BrowserHead, CHROMIUM, hasChromium, launchChromium } from '../support/browser/browser-head.ts';
import { drawnColumns } from '../support/browser/charts-page.ts';
import { startDemoHead } from '../support/browser/demo-head.ts';
import { createPastAnswers, type PastAnswers } from '../support/browser/past-answers.ts';

/** Charts over a range, in a real Chromium, with a past that is a formula. */

const NODE = '/nodes/l40s-01';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe.skipIf(!hasChromium)(`ranges of charts (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let head: BrowserHead;
  let past: PastAnswers;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    past = createPastAnswers();
    head = await startDemoHead(browser, past.answer);
  });
  afterEach(() => head.close());

  const grid = (page: Page) => page.locator('.charts-grid:visible');
  const chart = (page: Page, title: string): Locator =>
    grid(page)
      .locator('.chart')
      .filter({ has: page.locator('h3', { hasText: title }) })
      .first();
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const words = (page: Page) => new URL(page.url()).searchParams;
  const told = (page: Page) => page.locator('.charts-told');

  async function openLive(path = NODE, options = {}): Promise<Page> {
    const page = await head.open(path, options);
    await page.locator('.chart-legend button').first().waitFor();
    return page;
  }

  async function openDay(options = {}): Promise<Page> {
    const page = await openLive(NODE, options);
    await button(page, '24 h').click();
    await told(page).getByText('One point per').waitFor();
    return page;
  }

  /** Draws the mouse over the chart, in parts of its width. */
  async function drag(page: Page, title: string, from: number, to: number): Promise<void> {
    const over = chart(page, title).locator('.u-over');
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    if (!box) throw new Error(`${title} is not in sight`);
    await page.mouse.move(box.x + box.width * from, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * ((from + to) / 2), box.y + 60);
    await page.mouse.move(box.x + box.width * to, box.y + 60);
    await page.mouse.up();
  }

  test('nothing is asked while nobody presses a button', async () => {
    const page = await openLive();
    expect(await button(page, '15 min').getAttribute('aria-pressed')).toBe('true');
    expect(past.asked).toEqual([]);
    const loaded = await page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname),
    );
    expect(loaded).not.toContain('/static/history/range-charts.js');
    expect(head.complaints).toEqual([]);
  });

  test('a button shows its range, with no more points than pixels, and stands in the address', async () => {
    const page = await openDay();
    const asked = past.asked.at(-1);
    expect(asked?.get('node')).toBe('l40s-01');
    expect(asked?.get('from')).toBe('-1d');
    const width = (await chart(page, 'CPU').locator('.u-over').boundingBox())?.width ?? 0;
    expect(DAY / Number(asked?.get('step'))).toBeLessThanOrEqual(2 * width);
    expect(DAY / Number(asked?.get('step'))).toBeGreaterThan(width / 4);
    expect(words(page).get('from')).toBe('-1d');
    expect(await button(page, '24 h').getAttribute('aria-pressed')).toBe('true');
    expect(await told(page).textContent()).toMatch(
      /^One point per \d+ min, the mean of what was kept per 10 s\. Bands reach from the least to the most\.$/,
    );
    expect(await chart(page, 'GPU utilization').locator('.chart-legend li').count()).toBe(2);
    expect((await drawnColumns(chart(page, 'CPU'))).length).toBeGreaterThan(100);
    await page.reload();
    await told(page).getByText('One point per').waitFor();
    expect(await button(page, '24 h').getAttribute('aria-pressed')).toBe('true');
    await button(page, '15 min').click();
    await page.locator('.charts-told').waitFor({ state: 'detached' });
    expect(page.url()).toBe(head.origin + NODE);
    expect(await grid(page).locator('.chart', { hasText: 'Network' }).count()).toBe(1);
    expect(head.complaints).toEqual([]);
  });

  test('the band reaches from the least to the most, below the line of the mean', async () => {
    const page = await openDay();
    const heights = await chart(page, 'CPU').evaluate((section) => {
      const canvas = section.querySelector('canvas');
      const over = section.querySelector('.u-over');
      if (!canvas || !over) return null;
      const ratio = canvas.width / canvas.getBoundingClientRect().width;
      const box = over.getBoundingClientRect();
      const top = (box.top - canvas.getBoundingClientRect().top) * ratio;
      const left = (box.left - canvas.getBoundingClientRect().left + box.width / 2) * ratio;
      const data = canvas.getContext('2d')?.getImageData(Math.round(left), 0, 1, canvas.height).data ?? [];
      // Where something stands in the column that is not the grid's, in percent of the scale.
      const inked = [];
      for (let y = 0; y < canvas.height; y++)
        if ((data[4 * y + 3] ?? 0) > 45) inked.push(100 - ((y - top) / (box.height * ratio)) * 100);
      return {
        most: Math.max(...inked.filter((at) => at < 99)),
        least: Math.min(...inked.filter((at) => at > 1)),
      };
    });
    // The mean lies between 40 and 60, the band 20 to each side.
    expect((heights?.most ?? 0) - (heights?.least ?? 0)).toBeGreaterThan(34);
    expect((heights?.most ?? 0) - (heights?.least ?? 0)).toBeLessThan(46);
    await chart(page, 'CPU').locator('.u-over').hover();
    await expect
      .poll(() => chart(page, 'CPU').locator('.chart-legend').textContent())
      .toMatch(/^CPU\d\d(\.\d)?%\d\d(\.\d)?% to \d\d(\.\d)?%$/);
    expect(await chart(page, 'CPU').locator('.chart-age').textContent()).toMatch(/^at \d{4}-\d\d-\d\d /);
    await chart(page, 'CPU').locator('summary').click();
    expect(await chart(page, 'CPU').locator('tr').nth(1).textContent()).toMatch(
      /^CPU2\d(\.\d)?%5\d(\.\d)?%80%$/,
    );
    const hide = chart(page, 'CPU').locator('.chart-legend button');
    await hide.click();
    expect(await hide.getAttribute('aria-pressed')).toBe('false');
    expect(head.complaints).toEqual([]);
  });

  test('dragging zooms all charts once, back and a double click lead back', async () => {
    const page = await openDay();
    await drag(page, 'CPU', 0.25, 0.75);
    await expect.poll(() => words(page).get('to')).toMatch(/^\d{4}-.*Z$/);
    await expect.poll(() => past.asked.length).toBe(2);
    const length = Date.parse(words(page).get('to') ?? '') - Date.parse(words(page).get('from') ?? '');
    expect(length / DAY).toBeGreaterThan(0.45);
    expect(length / DAY).toBeLessThan(0.55);
    expect(await page.locator('.ranges-words').textContent()).toMatch(/^\d{4}-.* to \d{4}-/);
    await button(page, 'Back to the range before').click();
    expect(words(page).get('from')).toBe('-1d');
    await drag(page, 'GPU utilization', 0.4, 0.6);
    await expect.poll(() => words(page).get('to')).not.toBeNull();
    await chart(page, 'GPU utilization').locator('.u-over').dblclick();
    await expect.poll(() => words(page).get('from')).toBe('-1d');
    expect(head.complaints).toEqual([]);
  });

  test('dragging in the live charts leads into the past too', async () => {
    const page = await openLive();
    await drag(page, 'CPU', 0.2, 0.6);
    await told(page).getByText('One point per 10 s.').waitFor();
    const length = Date.parse(words(page).get('to') ?? '') - Date.parse(words(page).get('from') ?? '');
    expect(length).toBeGreaterThan(5 * MINUTE);
    expect(length).toBeLessThan(7 * MINUTE);
    await button(page, 'Back to the range before').click();
    await page.locator('.charts-told').waitFor({ state: 'detached' });
    expect(page.url()).toBe(head.origin + NODE);
  });

  test('keys move and zoom while the charts have the focus', async () => {
    const page = await openDay();
    await grid(page).focus();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => words(page).get('to')).not.toBeNull();
    const end = Date.parse(words(page).get('to') ?? '');
    expect(Math.abs(Date.now() - 12 * HOUR - end)).toBeLessThan(10 * MINUTE);
    await page.keyboard.press('+');
    const lengthOf = () =>
      Date.parse(words(page).get('to') ?? '') - Date.parse(words(page).get('from') ?? '');
    await expect.poll(lengthOf).toBe(12 * HOUR);
    await page.keyboard.press('-');
    await expect.poll(lengthOf).toBe(24 * HOUR);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => words(page).get('to')).toBeNull();
    expect(words(page).get('from')).toBe('-1d');
    await page.getByRole('heading', { level: 1 }).click();
    await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
    await page.keyboard.press('ArrowLeft');
    expect(words(page).get('to')).toBeNull();
    expect(head.complaints).toEqual([]);
  });

  test('null is a gap, and history begins where it does', async () => {
    const now = Date.now();
    past.formula.sinceMs = now - 18 * HOUR;
    past.formula.gapMs = [now - 12 * HOUR, now - 6 * HOUR];
    const page = await openDay();
    expect(await told(page).textContent()).toMatch(/History begins at \d{4}-\d\d-\d\d \d\d:\d\d/);
    const columns = await drawnColumns(chart(page, 'CPU'));
    const isIn = (from: number, to: number) => columns.some((x) => x > from && x < to);
    // Of the chart's width, the axis takes the first fifth or sixth.
    expect([isIn(0.22, 0.3), isIn(0.45, 0.55), isIn(0.65, 0.75), isIn(0.9, 0.99)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  test('what happened is a line with its text', async () => {
    const event = { node: 'l40s-01', kind: 'xid', severity: 'critical' } as const;
    past.formula.events = [
      { ...event, atMs: Date.now() - 20 * HOUR, gpuIndex: 1, text: 'Xid 79 <b>fell off</b>' },
      { ...event, atMs: Date.now() - 4 * HOUR, gpuIndex: null, kind: 'state', text: 'unreachable' },
    ];
    const page = await openDay();
    const lines = (title: string) => chart(page, title).locator('.chart-event');
    await expect.poll(() => lines('GPU utilization').count()).toBe(2);
    expect(await lines('CPU').count()).toBe(1);
    await lines('GPU utilization').first().hover();
    await lines('GPU utilization').first().getByText('GPU 1: Xid 79 <b>fell off</b>').waitFor();
    await page.getByText('2 events').click();
    await page.getByRole('button', { name: /unreachable/ }).focus();
    await lines('CPU').first().locator('p').waitFor();
    expect(await lines('CPU').first().locator('p').textContent()).toMatch(/unreachable$/);
    expect(head.complaints).toEqual([]);
  });

  test('an error is told in its own words, and another range is another question', async () => {
    const page = await openLive();
    past.formula.error = { status: 400, code: 'bad-step', message: 'step=1 is no step.' };
    await button(page, '1 h').click();
    await page.getByText('This range could not be loaded: step=1 is no step.').waitFor();
    past.formula.error = null;
    await button(page, '6 h').click();
    await told(page).getByText('One point per').waitFor();
    expect(await page.getByText('could not be loaded').count()).toBe(0);
  });

  test('what could not be had is asked for again, and what was shown stays meanwhile', async () => {
    const page = await openDay();
    past.formula.error = { status: 503, code: '', message: 'busy' };
    await button(page, '1 h').click();
    await page.getByText('This range could not be loaded: busy.').waitFor();
    expect(await chart(page, 'CPU').locator('canvas').count()).toBe(1);
    past.formula.error = null;
    await expect.poll(() => past.asked.filter((words) => words.get('from') === '-1h').length).toBe(2);
    await told(page)
      .getByText(/^One point per \d+ s\b/)
      .waitFor();
    expect(await page.getByText('could not be loaded').count()).toBe(0);
  }, 60_000);

  test('without history the buttons go, and say why', async () => {
    const page = await openLive();
    const message = 'This head keeps no history: [history] is off in rollcall.toml.';
    past.formula.error = { status: 404, code: 'history-off', message };
    await button(page, '24 h').click();
    await page.getByText(message).waitFor();
    expect(await button(page, '24 h').isVisible()).toBe(false);
    expect(page.url()).toBe(head.origin + NODE);
    expect(await grid(page).locator('.chart', { hasText: 'Network' }).count()).toBe(1);
  });

  test('an address that is no range says what is wrong with it', async () => {
    const page = await openLive(`${NODE}?from=yesterday`);
    await page.getByText('from=yesterday in the address is no time.').waitFor();
    expect(past.asked).toEqual([]);
  });

  test('a range that ends now goes on, and asks for its newest part alone', async () => {
    const page = await head.open(`${NODE}?from=-1h`);
    await told(page).getByText('One point per').waitFor();
    const first = past.asked.length;
    await expect.poll(() => past.asked.length, { timeout: 30_000 }).toBe(first + 1);
    const asked = past.asked.at(-1);
    expect(Date.now() - Number(asked?.get('from'))).toBeLessThan(2 * MINUTE);
    expect(asked?.get('to')).toBeNull();
    expect(asked?.get('step')).toBe(past.asked[0]?.get('step'));
  }, 60_000);

  test('each chart is to be had as CSV and JSON', async () => {
    const page = await openDay();
    const link = (word: string) => chart(page, 'GPU utilization').getByRole('link', { name: word });
    expect(await chart(page, 'GPU utilization').locator('.chart-foot small').textContent()).toBe(
      'kept to 0.5%',
    );
    const csv = await (await fetch(head.origin + (await link('CSV').getAttribute('href')))).text();
    const [names, row] = csv.split('\n');
    expect(names).toBe('timeMs,gpu.0.utilization,gpu.1.utilization');
    expect(row).toMatch(/^\d{13},[\d.]+,[\d.]+$/);
    const json = await (await fetch(head.origin + (await link('JSON').getAttribute('href')))).json();
    expect(json.series.map(({ key }: { key: string }) => key)).toEqual([
      'gpu.0.utilization',
      'gpu.1.utilization',
    ]);
  });

  test('a job shows its own lines over a range', async () => {
    const page = await head.open('/jobs');
    await page.locator('.jobrows > tbody > tr', { hasText: 'slurm' }).first().locator('th a').click();
    await page.locator('.chart-legend button').first().waitFor();
    await button(page, '6 h').click();
    await expect.poll(() => past.asked.length).toBeGreaterThan(0);
    expect(past.asked[0]?.get('series')).toMatch(/^job\.slurm:\d+(,gpu\.\d)+$/);
    expect(await page.locator('.ranges').count()).toBe(1);
    expect(head.complaints).toEqual([]);
  });

  test('fits a phone, and axe finds nothing in any theme', async () => {
    const event = { node: 'l40s-01', kind: 'xid', severity: 'error', gpuIndex: 0 } as const;
    past.formula.events = [{ ...event, atMs: Date.now() - 20 * HOUR, text: 'Xid 13' }];
    const page = await openDay({ viewport: { width: 360, height: 740 } });
    await page.getByText('1 event').click();
    await expectFitAndFaultless(page);
    expect(head.complaints).toEqual([]);
  });
});
