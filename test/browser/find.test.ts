import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fields } from '../../src/query/fields.ts';
import {
  type BrowserHead,
  CHROMIUM,
  hasChromium,
  launchChromium,
  startBrowserHead,
} from '../support/browser/browser-head.ts';
import { fakeGpu, fakeJob, fakeNode, unreachable } from '../support/fake-cluster.ts';

/** Search box, keys and "only mine" in a real Chromium, against the real web room and made-up nodes. */

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const nodes = () => [
  fakeNode('gpu01', {}, { gpuProcesses: [fakeJob(1, 0, { user: 'alice' })] }),
  fakeNode('gpu02', {}, { gpuProcesses: [fakeJob(2, 0, { user: 'albert x' })] }),
  fakeNode('free01', {}, { gpus: [fakeGpu(0)], gpuProcesses: [] }),
  unreachable(fakeNode('gone01')),
];

const query = (page: Page) => page.locator('#query');
const options = (page: Page) => page.locator('.find-options > li');
const words = (page: Page) => options(page).locator('b').allTextContents();
const searchOf = (page: Page) => new URL(page.url()).search;
const asked = (page: Page) => new URL(page.url()).searchParams.get('q');
const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim() || '');

describe.skipIf(!hasChromium)(`the search box in Chromium (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let head: BrowserHead;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(() => head.close());

  async function open(path = '/'): Promise<Page> {
    head = await startBrowserHead(browser, nodes());
    const page = await head.open(path);
    await page.locator('.find-help-button').waitFor();
    return page;
  }

  async function complaintsOfAxe(page: Page, within: string): Promise<string[]> {
    await page.evaluate(axeSource);
    return page.evaluate(async (selector) => {
      const { axe } = window as unknown as {
        axe: { run(of: string): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      const { violations } = await axe.run(selector);
      return violations.flatMap(({ id, nodes: found }) => found.map(({ html }) => `${id}: ${html}`));
    }, within);
  }

  test('completes names of fields and their values, with keys alone', async () => {
    const page = await open();
    await page.keyboard.press('/');
    expect(await focused(page)).toBe('query');
    await page.keyboard.type('us');
    await expect.poll(() => words(page)).toEqual(['user:']);
    expect(await options(page).first().textContent()).toContain('who runs it');
    expect(await query(page).getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('ArrowDown');
    expect(await query(page).getAttribute('aria-activedescendant')).toBe('query-option-0');
    await page.keyboard.press('Enter');
    expect(await query(page).inputValue()).toBe('user:');
    // Its values follow by themselves.
    await expect.poll(() => words(page)).toEqual(['alice', 'bob', '"albert x"']);
    await page.keyboard.type('al');
    await expect.poll(() => words(page)).toEqual(['alice', '"albert x"']);
    expect(await page.locator('.find-status').textContent()).toBe('2 completions');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Tab');
    expect(await query(page).inputValue()).toBe('user:"albert x" ');
    await expect.poll(() => options(page).first().isVisible()).toBe(false);
    await page.keyboard.type('sta');
    await expect.poll(() => words(page)).toEqual(['state:']);
    await page.keyboard.press('Escape');
    expect(await query(page).getAttribute('aria-expanded')).toBe('false');
    expect(await query(page).inputValue()).toBe('user:"albert x" sta');
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => words(page)).toEqual(['state:']);
    await page.keyboard.press('Tab');
    await expect.poll(() => options(page).first().isVisible()).toBe(false);
    expect(await focused(page)).not.toBe('query');
    expect(head.complaints).toEqual([]);
  });

  test('completes by pointer, in the middle of a text', async () => {
    const page = await open();
    await query(page).fill('user:al is:free');
    await query(page).evaluate((input: HTMLInputElement) => input.setSelectionRange(7, 7));
    await page.keyboard.press('ArrowDown');
    await options(page).filter({ hasText: 'alice' }).click();
    expect(await query(page).inputValue()).toBe('user:alice is:free');
    expect(await focused(page)).toBe('query');
    expect(head.complaints).toEqual([]);
  });

  test('an answer to what was typed over is dropped, and at most ten are shown', async () => {
    const page = await open();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/api/v1/complete?q=us*', async (route) => {
      await held;
      await route.continue().catch(() => {});
    });
    await query(page).focus();
    await page.keyboard.type('us');
    await page.waitForRequest('**/api/v1/complete?q=us*');
    await query(page).fill('te');
    await expect.poll(() => words(page)).toEqual(['temp:']);
    release();
    await page.unrouteAll({ behavior: 'wait' });
    expect(await words(page)).toEqual(['temp:']);
    await query(page).fill('');
    await expect.poll(() => options(page).count()).toBe(10);
    expect(head.complaints).toEqual([]);
  });

  test('a search is in the address, without empty words; order and groups at once', async () => {
    const page = await open();
    await query(page).fill('node:gpu');
    await query(page).press('Enter');
    await page.waitForURL('**/?q=*');
    expect(searchOf(page)).toBe('?q=node%3Agpu');
    expect(await page.locator('article > section').count()).toBe(2);
    await page.locator('select[name="sort"]').selectOption({ index: 1 });
    await page.waitForURL('**/*sort=*');
    expect(searchOf(page)).toMatch(/^\?q=node%3Agpu&sort=[\w-]+$/);
    await page.locator('select[name="sort"]').selectOption('');
    await page.waitForURL((url) => !url.search.includes('sort'));
    expect(searchOf(page)).toBe('?q=node%3Agpu');
    expect(head.complaints).toEqual([]);
  });

  test('arrows and j and k go from node to node, below the bar, and Enter opens', async () => {
    const page = await open();
    await page.keyboard.press('j');
    expect(await focused(page)).toBe('gpu01');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('j');
    expect(await focused(page)).toBe('free01');
    const below = await page.evaluate(() => {
      const bar = document.getElementById('title')?.getBoundingClientRect().bottom ?? 0;
      return (document.activeElement?.getBoundingClientRect().top ?? 0) - bar;
    });
    expect(below).toBeGreaterThanOrEqual(0);
    await page.keyboard.press('k');
    await page.keyboard.press('ArrowUp');
    expect(await focused(page)).toBe('gpu01');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/nodes/gpu01');
    await page.goto(`${head.origin}/gpus`);
    await page.locator('.find-help-button').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('gpu02');
    // In a field a key is what is typed.
    await query(page).focus();
    await page.keyboard.type('j/?');
    expect(await query(page).inputValue()).toBe('j/?');
  });

  test('g and a letter go to another view with the search', async () => {
    const page = await open('/?q=user%3Aalice');
    await page.keyboard.press('g');
    await page.keyboard.press('j');
    await page.waitForURL('**/jobs?q=*');
    expect(asked(page)).toBe('user:alice');
    expect(head.complaints).toEqual([]);
  });

  test('help names all fields and keys, and gives the focus back', async () => {
    const page = await open();
    await page.keyboard.press('j');
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Search and keys' });
    await dialog.waitFor();
    await expect.poll(() => dialog.locator('tbody').last().locator('tr').count()).toBe(fields.length);
    expect(await dialog.textContent()).toContain('node: host:');
    expect(await complaintsOfAxe(page, '.find-help')).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await focused(page)).toBe('gpu01');
    await page.getByRole('button', { name: 'Help: search and keys' }).click();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(head.complaints).toEqual([]);
  });

  test('only mine asks for the name once, then is one click', async () => {
    const page = await open('/?q=state%3Alive');
    await page.getByRole('button', { name: 'Only mine' }).click();
    const dialog = page.getByRole('dialog', { name: 'Whose jobs are yours?' });
    await dialog.waitFor();
    await expect.poll(() => dialog.locator('datalist option').count()).toBe(3);
    expect(
      await dialog
        .locator('datalist option')
        .evaluateAll((all) => all.map((one) => one.getAttribute('value'))),
    ).toContain('albert x');
    expect(await complaintsOfAxe(page, '.find-who')).toEqual([]);
    await page.keyboard.type('albert x');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/*albert*');
    expect(asked(page)).toBe('state:live user:="albert x"');
    expect(await page.locator('article > section').count()).toBe(1);
    const chip = page.getByRole('link', { name: 'Only mine' });
    expect(await chip.textContent()).toContain('✓');
    await chip.click();
    await page.waitForURL('**/?q=state%3Alive');
    await page.getByRole('button', { name: 'Change your user name, now albert x' }).click();
    await page.keyboard.type('alice');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    expect(asked(page)).toBe('state:live');
    await page.getByRole('link', { name: 'Only mine' }).click();
    await page.waitForURL('**/*alice*');
    expect(asked(page)).toBe('state:live user:=alice');
    expect(await page.locator('article > section h2').allInnerTexts()).toEqual(['gpu01']);
    await page.goto(`${head.origin}/jobs`);
    expect(await page.getByRole('link', { name: 'Only mine' }).getAttribute('href')).toContain(
      '/jobs?q=user%3A%3Dalice',
    );
    expect(head.complaints).toEqual([]);
  });

  test('tools that read a page aloud find nothing to complain of', async () => {
    const page = await open();
    await query(page).focus();
    await page.keyboard.type('us');
    await expect.poll(() => options(page).count()).toBe(1);
    await page.keyboard.press('ArrowDown');
    await page.locator('.heat-field canvas').waitFor();
    expect(await complaintsOfAxe(page, '.search')).toEqual([]);
    expect(await complaintsOfAxe(page, '.heatmap')).toEqual([]);
  });

  test('without JavaScript it is a plain form', async () => {
    head = await startBrowserHead(browser, nodes());
    const page = await head.open('/', { javaScriptEnabled: false });
    expect(await page.locator('.find-help-button, .find-mine, .find-options').count()).toBe(0);
    await query(page).fill('is:free');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL('**/?q=is%3Afree*');
    expect(await page.locator('article > section h2').allInnerTexts()).toContain('free01');
  });
});
