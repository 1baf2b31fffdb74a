import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { App } from '../../src/web/app.ts';
import { expectFitAndFaultless } from '../support/browser/axe-themes.ts';
import { type BrowserHead, CHROMIUM, hasChromium, launchChromium } from '../support/browser/browser-head.ts';
import { startDemoHead } from '../support/browser/demo-head.ts';

/** What the ledger has of users and jobs, in a real Chromium, with a ledger that is a formula. */

const DAY = 86_400_000;
const USER = '/users/mkaur';
const EVIL = '<img src=x onerror="document.title=1">';

interface Answers {
  asked: string[];
  /** Instead of answers. */
  error: string | null;
  isEmpty: boolean;
}

const hours = (held: number) => ({
  gpuHoursHeld: held,
  gpuHoursActive: held * 0.5,
  gpuHoursIdle: held * 0.25,
  gpuHoursUnknown: held * 0.25,
  cpuHours: 7,
  energyKilowattHours: 1.25,
});

const record = (id: string, endMs: number | null) => ({
  ...hours(8),
  key: `slurm:${id}`,
  kind: 'slurm',
  id,
  name: EVIL,
  user: 'mkaur',
  command: 'python train.py',
  nodes: ['l40s-01'],
  gpus: ['GPU-1'],
  startTimeMs: Date.now() - 3 * DAY,
  endTimeMs: endMs,
  gpuUtilizationPercent: 61,
  gpuMemoryPeakBytes: 2 ** 30,
  residentPeakBytes: 2 ** 31,
  end: endMs === null ? null : 'seen',
});

/** Ten days with 1 to 10 hours held. */
function days() {
  return Array.from({ length: 10 }, (_, at) => ({
    ...hours(at + 1),
    key: new Date(Date.now() - at * DAY).toISOString().slice(0, 10),
    jobs: at,
  }));
}

function answerLedger(app: App, answers: Answers): App {
  function respond({ pathname, searchParams, search }: URL): Response {
    answers.asked.push(pathname + search);
    if (answers.error)
      return Response.json({ error: { code: 'x', message: answers.error } }, { status: 503 });
    if (pathname === '/api/v1/ledger') {
      const toMs = Date.now();
      return Response.json({ by: 'day', fromMs: toMs - 30 * DAY, toMs, rows: answers.isEmpty ? [] : days() });
    }
    const ended = [record('11', Date.now() - 2 * DAY), record('12', Date.now() - DAY)];
    // What is of another job must not stand on its page.
    const jobs = searchParams.has('job') ? [...ended, record('9', Date.now() - DAY)] : ended;
    return Response.json({ jobs: answers.isEmpty ? [] : jobs });
  }
  return {
    ...app,
    get viewerCount() {
      return app.viewerCount;
    },
    fetch(request, ...rest) {
      const url = new URL(request.url);
      const isLedgers = url.pathname === '/api/v1/ledger' || url.searchParams.has('from');
      return url.pathname.startsWith('/api/') && isLedgers ? respond(url) : app.fetch(request, ...rest);
    },
  };
}

describe.skipIf(!hasChromium)(`the ledger on pages (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let head: BrowserHead;
  let answers: Answers;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    answers = { asked: [], error: null, isEmpty: false };
    // The browser's own questions are answered by the routes above.
    const notAsked = () => Promise.reject(new Error('nobody asks that here'));
    const ledger = {
      ledger: notAsked,
      jobs: notAsked,
      hasUser: async (name: string) => name === 'gone',
      hasJob: async (key: string) => key === 'slurm:9',
    };
    head = await startDemoHead(browser, (app) => answerLedger(app, answers), { ledger });
  });
  afterEach(() => head.close());

  const barHeights = (page: Page) =>
    page
      .locator('.ledger-bar')
      .evaluateAll((bars) =>
        bars.map((bar) => [...bar.children].map((piece) => Math.round(piece.getBoundingClientRect().height))),
      );

  test('a user has hours by day and by week, and the jobs that ended', async () => {
    const page = await head.open(USER);
    await page.locator('.ledger-bar').first().waitFor();
    expect(answers.asked.sort()).toEqual([
      '/api/v1/jobs?user=mkaur&from=-30d&ended=1',
      '/api/v1/ledger?by=day&user=mkaur&from=-30d',
    ]);
    const heights = await barHeights(page);
    expect(heights.length).toBeGreaterThanOrEqual(30);
    const sums = heights.map((pieces) => pieces.reduce((sum, height) => sum + height, 0));
    // The oldest of the ten days has ten hours, the newest one.
    expect(sums.slice(-10).every((height, at, all) => at === 0 || height < (all[at - 1] ?? 0))).toBe(true);
    expect(sums.slice(0, -10).every((height) => height === 0)).toBe(true);
    const first = page.locator('.ledger-table').first().locator('tbody tr').first();
    expect(await first.locator('td').allTextContents()).toEqual([
      '1 h',
      '0.5 h',
      '0.3 h',
      '0.3 h',
      '7 h',
      '1.3 kWh',
      '0',
    ]);
    await page.getByRole('button', { name: 'By week' }).click();
    expect(await page.getByRole('button', { name: 'By week' }).getAttribute('aria-pressed')).toBe('true');
    expect((await barHeights(page)).length).toBeLessThan(7);
    const jobs = page.locator('.ledger-table').nth(1).locator('tbody tr');
    expect(
      await jobs.locator('th a').evaluateAll((all) => all.map((link) => link.getAttribute('href'))),
    ).toEqual(['/jobs/slurm%3A12', '/jobs/slurm%3A11']);
    expect(await jobs.first().locator('td').first().textContent()).toBe(EVIL);
    expect(await page.locator('img').count()).toBe(0);
    expect(head.complaints).toEqual([]);
  });

  test('the page stays live, and the ledger is not asked again', async () => {
    const page = await head.open(USER);
    await page.locator('.ledger-bar').first().waitFor();
    await expect.poll(() => head.app.viewerCount).toBe(1);
    for (const name of head.cluster.names()) head.cluster.remove(name);
    await page.getByText('"mkaur" holds nothing now.').waitFor();
    expect(await page.locator('.ledger-bar').count()).toBeGreaterThan(0);
    expect(answers.asked).toHaveLength(2);
  });

  test('a job that ended has its record, and no other', async () => {
    const page = await head.open('/jobs/slurm%3A9');
    const facts = page.locator('.ledger .jobfacts');
    await facts.first().waitFor();
    expect(await facts.count()).toBe(1);
    expect(await page.getByText('There is no job "slurm:9" now').isVisible()).toBe(true);
    expect(await facts.locator('dt', { hasText: 'How' }).locator('+ dd').textContent()).toBe('seen to end');
    expect(await facts.getByRole('link', { name: 'mkaur' }).getAttribute('href')).toBe(USER);
    expect(answers.asked).toEqual(['/api/v1/jobs?job=slurm%3A9&from=-180d']);
    await page.goto(`${head.origin}/jobs/slurm%3A48120`);
    await page.getByText('The ledger has no record of it.').waitFor();
    expect(head.complaints).toEqual([]);
  });

  test('without rows it says so, and an error in its own words', async () => {
    answers.isEmpty = true;
    const page = await head.open(USER);
    await page.getByText('The ledger has nothing of these days.').waitFor();
    await page.getByText('No job ended in these days.').waitFor();
    answers.error = 'The history worker does not answer.';
    await page.reload();
    await page
      .getByText('The ledger could not be read: The history worker does not answer.')
      .first()
      .waitFor();
  });

  test('every list leads to the page of a user', async () => {
    const page = await head.open('/users');
    await page.getByRole('link', { name: 'mkaur' }).click();
    await page.getByRole('heading', { level: 2, name: 'mkaur' }).waitFor();
    expect(new URL(page.url()).pathname).toBe(USER);
    expect(await page.locator('.views [aria-current="page"]').textContent()).toBe('Users');
    for (const path of ['/jobs', '/gpus']) {
      await page.goto(head.origin + path);
      expect(await page.locator('a[href^="/users/"]').count(), path).toBeGreaterThan(0);
    }
  });

  test.each([360, 1280])('axe finds nothing at %d px, in any theme', async (width) => {
    const page = await head.open(USER, { viewport: { width, height: 740 } });
    await page.locator('.ledger-bar').first().waitFor();
    await expectFitAndFaultless(page);
  });
});
