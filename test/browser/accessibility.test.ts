import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type BrowserHead,
  CHROMIUM,
  chooseTheme,
  hasChromium,
  launchChromium,
  THEMES,
} from '../support/browser/browser-head.ts';
import { DEMO_VIEWS, startDemoHead } from '../support/browser/demo-head.ts';
import { fakeJob, fakeNode, unreachable } from '../support/fake-cluster.ts';

/** The page for fingers, keyboards and ears: what axe cannot see. */

/** Runs in the page: what reaches beyond its right edge. */
function findSpilling(): string[] {
  const { scrollWidth, clientWidth } = document.documentElement;
  const page = scrollWidth > clientWidth ? [`the page, by ${scrollWidth - clientWidth} px`] : [];
  const parts = 'tbody td, tbody th, .jobs li, p, .views a, .order label, .chip';
  const spilling = [...document.querySelectorAll(parts)].filter(
    (element) => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 1,
  );
  return [...page, ...spilling.map((element) => element.outerHTML.slice(0, 160))];
}

describe.skipIf(!hasChromium)(`accessibility (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let head: BrowserHead;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    head = await startDemoHead(browser);
  });
  afterEach(() => head.close());

  test('landmarks, headings in order, and a way past the bar', async () => {
    const page = await head.open('/');
    for (const [role, name] of [
      ['banner', ''],
      ['main', ''],
      ['contentinfo', ''],
      ['search', ''],
      ['navigation', 'Views'],
      ['navigation', 'Quick Access'],
    ] as const)
      expect(await page.getByRole(role, { name }).count(), `${role} ${name}`).toBe(1);
    for (const path of DEMO_VIEWS) {
      await page.goto(`${head.origin}${path}`);
      const levels = await page
        .locator('h1, h2, h3, h4')
        .evaluateAll((headings) => headings.map(({ tagName }) => Number(tagName.slice(1))));
      expect(
        levels.filter((level) => level === 1),
        path,
      ).toHaveLength(1);
      expect(
        levels.every((level, at) => level <= (levels[at - 1] ?? 0) + 1),
        path,
      ).toBe(true);
      const [, first = ''] = path.split(/[/?]/);
      const isCurrent = first === 'nodes' ? '/' : `/${first}`;
      expect(await page.locator('.views [aria-current="page"]').getAttribute('href'), path).toBe(isCurrent);
    }
    await page.goto(`${head.origin}/gpus`);
    await page.keyboard.press('Tab');
    const skip = page.getByRole('link', { name: 'Skip to the list' });
    expect(await skip.evaluate((link) => link === document.activeElement)).toBe(true);
    expect(await skip.evaluate((link) => link.getBoundingClientRect().top >= 0)).toBe(true);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('#list') !== null)).toBe(true);
  });

  test('focus is seen wherever it is, in all themes', async () => {
    const page = await head.open('/', { viewport: { width: 1280, height: 800 } });
    for (const theme of THEMES) {
      await chooseTheme(page, theme);
      await page.locator('#title h1 a').focus();
      const unseen: string[] = [];
      for (let step = 0; step < 24; step += 1) {
        await page.keyboard.press('Tab');
        const fault = await page.evaluate(() => {
          const element = document.activeElement;
          if (!element || element === document.body) return null;
          const { outlineStyle, outlineWidth } = getComputedStyle(element);
          const isSeen = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
          return isSeen ? null : element.outerHTML.slice(0, 100);
        });
        if (fault !== null) unseen.push(fault);
      }
      expect(unseen, theme).toEqual([]);
    }
  });

  test('a link of the quick access takes the keyboard along', async () => {
    const page = await head.open('/');
    await page.locator('#tableofcontents a', { hasText: 'a100-03' }).focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('a100-03');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('.node')?.id)).toBe('a100-03');
  });

  /** Name and role of all that a screen reader is told, as Chromium sees it. */
  async function rolesOf(page: Page): Promise<Map<string, number>> {
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send('Accessibility.getFullAXTree');
    const roles = new Map<string, number>();
    for (const { role, ignored } of nodes)
      if (!ignored) roles.set(role?.value, (roles.get(role?.value) ?? 0) + 1);
    return roles;
  }

  test.each(['/gpus', '/jobs', '/users', '/nodes/l40s-01'])(
    'tables at %s are tables on phones too',
    async (path) => {
      const wide = await rolesOf(await head.open(path));
      const narrow = await rolesOf(await head.open(path, { viewport: { width: 360, height: 740 } }));
      for (const role of ['table', 'row', 'cell', 'rowheader', 'columnheader']) {
        expect(wide.get(role), role).toBeGreaterThan(0);
        expect(narrow.get(role), role).toBe(wide.get(role));
      }
    },
  );

  /** All that can be pressed and is too small for `least` px, words within a sentence left out. */
  const tooSmall = (page: Page, least: number) =>
    page.evaluate((size) => {
      const within = (element: Element) => /^(?:P|SPAN)$/.test(element.parentElement?.tagName ?? '');
      return [...document.querySelectorAll('a, button, input, select, summary')]
        .filter((element) => element.checkVisibility() && !element.closest('.unseen, .skip'))
        .filter((element) => !(element.matches('a') && within(element) && !element.matches('.chip')))
        .filter((element) => element.getBoundingClientRect().height < size - 0.5)
        .map((element) => `${element.getBoundingClientRect().height} ${element.outerHTML.slice(0, 120)}`);
    }, least);

  test.each(DEMO_VIEWS)('%s has room for fingers', async (path) => {
    const viewport = { width: 360, height: 740 };
    const phone = await head.open(path, { viewport, hasTouch: true, isMobile: true });
    expect(await tooSmall(phone, 44)).toEqual([]);
    expect((await tooSmall(await head.open(path), 24)).slice(0, 3)).toEqual([]);
  });

  test('nothing scrolls sideways, however long the names', async () => {
    const long = 'a-very-long-name-without-any-space-'.repeat(4);
    const job = fakeJob(1, 0, { command: long, user: long, arguments: long });
    head.cluster.set(fakeNode(long, {}, { gpuProcesses: [job] }));
    head.cluster.set({ ...unreachable(fakeNode(`${long}2`)), lastLines: [long], message: long });
    const page = await head.open();
    for (const path of [...DEMO_VIEWS, '/gpus?group=user', `/nodes/${long}`, `/?q=${long}`]) {
      await page.goto(`${head.origin}${path}`);
      for (const width of [360, 768, 1024, 1200, 1280, 1920]) {
        await page.setViewportSize({ width, height: 740 });
        expect(await page.evaluate(findSpilling), `${path} at ${width} px`).toEqual([]);
      }
    }
  });

  test('the quick access stays in reach, with a thousand nodes too', async () => {
    for (let at = 0; at < 1000; at += 1) head.cluster.set(fakeNode(`gpu${at}`));
    const wide = await head.open('/?rows=full');
    await wide.evaluate(() => scrollTo(0, 3000));
    const box = await wide.locator('#tableofcontents').boundingBox();
    expect(box?.y).toBeGreaterThan(40);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(800);
    expect(
      await wide.locator('#tableofcontents').evaluate((list) => list.scrollHeight > list.clientHeight),
    ).toBe(true);
    const phone = await head.open('/?rows=full', {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    });
    expect((await phone.locator('#tableofcontents').boundingBox())?.height).toBeLessThan(300);
    await phone.evaluate(() => scrollTo(0, 3000));
    const way = phone.getByRole('link', { name: 'Quick Access' });
    const { y = -1, height = 0 } = (await way.boundingBox()) ?? {};
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y + height).toBeLessThan(80);
    await way.tap();
    await expect
      .poll(async () => (await phone.locator('#tableofcontents').boundingBox())?.y ?? -1)
      .toBeGreaterThan(0);
  });

  describe('what is read out', () => {
    const region = (page: Page) => page.locator('[aria-live="polite"].announcements');

    /** A page whose clock goes on by hand. */
    async function openSlowPage(path = '/'): Promise<Page> {
      const page = await head.open('/healthz');
      await page.clock.install();
      await page.goto(`${head.origin}${path}`);
      await page.clock.runFor(500);
      await expect.poll(() => head.app.viewerCount).toBe(1);
      return page;
    }

    const isDown = (page: Page, name: string) =>
      page.locator('#tableofcontents a', { hasText: name }).evaluate((link) => link.matches('.unreachable'));

    async function turn(page: Page, name: string, down: boolean): Promise<void> {
      head.cluster.set(down ? unreachable(fakeNode(name)) : fakeNode(name));
      await expect.poll(() => isDown(page, name)).toBe(down);
    }

    test('nodes that go down or come back, at most twice a minute, and no figure', async () => {
      const page = await openSlowPage();
      head.cluster.set(
        fakeNode(
          'h100-01',
          {},
          { cpu: { totalPercent: 77.7, corePercents: [], load1: 1, load5: 1, load15: 1 } },
        ),
      );
      await page.getByText('77.7%').waitFor();
      await page.clock.runFor(5_000);
      expect(await region(page).textContent()).toBe('');
      await turn(page, 'h100-01', true);
      await page.clock.runFor(3_000);
      expect(await region(page).textContent()).toBe('h100-01 went down.');
      await turn(page, 'h100-02', true);
      await turn(page, 'h100-01', false);
      await page.clock.runFor(20_000);
      expect(await region(page).textContent()).toBe('h100-01 went down.');
      await page.clock.runFor(12_000);
      expect(await region(page).textContent()).toBe('h100-02 went down. h100-01 is back.');
    });

    test('where nodes are not shown, how many are down', async () => {
      const page = await openSlowPage('/gpus');
      head.cluster.set(unreachable(fakeNode('h100-01')));
      await expect.poll(() => page.locator('[data-count="down"] b').textContent()).toBe('2');
      await page.clock.runFor(3_000);
      expect(await region(page).textContent()).toBe('Nodes down now: 2.');
    });

    test('a lost connection once, not every second', async () => {
      const page = await openSlowPage();
      await head.cut();
      const notice = page.locator('.stream-lost');
      await notice.waitFor();
      expect(await notice.getAttribute('aria-live')).toBe('off');
      await page.clock.runFor(3_000);
      expect(await region(page).textContent()).toBe('The connection to the head is lost.');
      await page.evaluate(() => {
        const heard: string[] = [];
        const target = document.querySelector('.announcements');
        if (target)
          new MutationObserver(() => heard.push(target.textContent)).observe(target, { childList: true });
        Object.assign(globalThis, { heard });
      });
      await page.clock.runFor(70_000);
      expect(await page.evaluate(() => Reflect.get(globalThis, 'heard'))).toEqual([]);
    });
  });
});
