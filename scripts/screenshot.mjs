// npm run screenshot: the README's picture of the page, taken of the demo with Chromium.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'docs', 'screenshots');
const state = mkdtempSync(join(tmpdir(), 'rollcall-screenshot-'));
const rollcall = (...words) =>
  execFileSync(process.execPath, [join(root, 'dist/rollcall.js'), ...words, '--state-dir', state]);

const shots = [
  { name: 'demo.png', viewport: { width: 1280, height: 860 } },
  { name: 'demo-phone.png', viewport: { width: 360, height: 720 } },
];

rollcall('start', '--demo', '--port', '0');
try {
  const { url } = JSON.parse(readFileSync(join(state, 'head.json'), 'utf8'));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ],
  });
  mkdirSync(folder, { recursive: true });
  for (const { name, viewport } of shots) {
    const page = await browser.newPage({ viewport });
    await page.goto(url);
    await page.waitForLoadState('load');
    await page.screenshot({ path: join(folder, name) });
    await page.close();
  }
  await browser.close();
} finally {
  rollcall('stop');
  rmSync(state, { recursive: true, force: true });
}
console.log(`wrote ${shots.map(({ name }) => join('docs/screenshots', name)).join(', ')}`);
