// npm run screenshots: every view, theme and width of the demo, taken with Chromium into docs/screenshots/.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { toIndexedPng } from './indexed-png.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'docs', 'screenshots');
const state = mkdtempSync(join(tmpdir(), 'rollcall-screenshots-'));
const rollcall = (...words) =>
  execFileSync(process.execPath, [join(root, 'dist/rollcall.js'), ...words, '--state-dir', state]);

const themes = ['yellow', 'blue', 'light', 'dark'];
const views = {
  nodes: '/',
  lines: '/?rows=compact',
  gpus: '/gpus',
  jobs: '/jobs',
  job: '/jobs/slurm%3A48120',
  users: '/users',
  node: '/nodes/ws-01',
};
const screens = [
  { viewport: { width: 1280, height: 860 } },
  // Long enough to show what is below the heat map, too.
  { viewport: { width: 360, height: 1500 }, hasTouch: true, isMobile: true },
];
/** The README's pictures. */
const copies = { 'demo.png': 'nodes-yellow-1280.png', 'demo-phone.png': 'nodes-yellow-360.png' };

const QUIET = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking';

/** All views in one theme, at one width. */
async function takeViews(browser, url, theme, screen) {
  const context = await browser.newContext({ ...screen, reducedMotion: 'reduce', serviceWorkers: 'block' });
  await context.addInitScript((name) => localStorage.setItem('rollcall-theme', name), theme);
  const page = await context.newPage();
  for (const [view, path] of Object.entries(views)) {
    await page.goto(new URL(path, url).href);
    // What comes a moment later than the page itself.
    const last =
      view === 'node' || view === 'job'
        ? page.locator('.chart-legend').last()
        : page.locator('.heat-field > canvas');
    await last.waitFor({ state: 'attached' });
    await page.waitForTimeout(300);
    const picture = toIndexedPng(await page.screenshot());
    writeFileSync(join(folder, `${view}-${theme}-${screen.viewport.width}.png`), picture);
  }
  await context.close();
}

rollcall('start', '--demo', '--port', '0');
try {
  const { url } = JSON.parse(readFileSync(join(state, 'head.json'), 'utf8'));
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: QUIET.split(' ') });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const theme of themes) for (const screen of screens) await takeViews(browser, url, theme, screen);
  await browser.close();
} finally {
  rollcall('stop');
  rmSync(state, { recursive: true, force: true });
}
for (const [name, from] of Object.entries(copies)) copyFileSync(join(folder, from), join(folder, name));
const files = readdirSync(folder);
const bytes = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
console.log(`wrote ${files.length} pictures to docs/screenshots, ${(bytes / 1e6).toFixed(1)} MB`);
