import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { chooseTheme, THEMES } from './browser-head.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The page is no wider than its window, and axe finds nothing on it in any theme. */
export async function expectFitAndFaultless(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
  await page.evaluate(axeSource);
  for (const theme of THEMES) {
    await chooseTheme(page, theme);
    const faults = await page.evaluate<string[]>(
      `axe.run(document).then(({ violations }) => violations.map((one) => one.id + ' ' + one.nodes[0].html))`,
    );
    expect(faults, theme).toEqual([]);
  }
}
