import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  CHROMIUM,
  hasChromium,
  launchChromium,
  PLAIN_HOST,
  serveCluster,
} from '../support/browser/browser-head.ts';
import type { ServedApp } from '../support/browser/served-app.ts';
import { createFakeCluster, type FakeCluster, fakeNode, unreachable } from '../support/fake-cluster.ts';
import { staticDir } from '../support/read-design.ts';

/** Themes, the page as an installed one, and what is shown while the head is away. */

describe.skipIf(!hasChromium)(`themes and installing (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let cluster: FakeCluster;
  let head: ServedApp;
  let complaints: string[] = [];
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    complaints = [];
    cluster = createFakeCluster([fakeNode('gpu01'), unreachable(fakeNode('gpu02'))]);
    head = await serveCluster(cluster);
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    await head.close();
  });

  async function newContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    contexts.push(context);
    return context;
  }

  async function openPage(context: BrowserContext, path = '/', origin = head.origin): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(`${origin}${path}`);
    return page;
  }

  const themeOf = (page: Page) => page.evaluate(() => document.documentElement.dataset.theme);
  const paperOf = (page: Page) =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const frameOf = (page: Page) => page.locator('meta[name="theme-color"]').getAttribute('content');

  /** Once the worker is active and its shell is kept. */
  const installed = (page: Page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));

  test('a theme is chosen by keyboard, told to scripts, kept, and the same in other tabs', async () => {
    const context = await newContext();
    const page = await openPage(context);
    const other = await openPage(context, '/gpus');
    expect([await themeOf(page), await frameOf(page)]).toEqual(['yellow', '#f7b733']);
    await page.evaluate(() => {
      document.addEventListener('rollcall:theme', () => document.body.setAttribute('data-heard', 'yes'));
    });
    const chooser = page.getByLabel('Theme');
    await chooser.focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => themeOf(page)).toBe('blue');
    expect(await page.locator('body').getAttribute('data-heard')).toBe('yes');
    expect(await frameOf(page)).toBe('#1e3e59');
    await expect.poll(() => themeOf(other)).toBe('blue');
    expect(await other.getByLabel('Theme').inputValue()).toBe('blue');
    await page.reload();
    expect([await themeOf(page), await chooser.inputValue()]).toEqual(['blue', 'blue']);
    expect(complaints).toEqual([]);
  });

  test('the theme is there before anything is painted', async () => {
    const context = await newContext();
    await context.addInitScript(() => localStorage.setItem('rollcall-theme', 'dark'));
    await context.addInitScript(() => {
      new PerformanceObserver((list) => {
        for (const entry of list.getEntriesByName('first-paint'))
          Object.assign(globalThis, { paintedWith: [document.documentElement.dataset.theme, entry.name] });
      }).observe({ type: 'paint', buffered: true });
    });
    const page = await openPage(context);
    const script = page.locator('script[src$="/theme.js"]');
    expect(
      await script.evaluate((element) => [element.hasAttribute('defer'), element.closest('head') !== null]),
    ).toEqual([false, true]);
    await expect
      .poll(() => page.evaluate(() => Reflect.get(globalThis, 'paintedWith')))
      .toEqual(['dark', 'first-paint']);
    expect(await paperOf(page)).toBe('rgb(20, 23, 27)');
  });

  test('"System" follows the system', async () => {
    const context = await newContext({ colorScheme: 'dark' });
    const page = await openPage(context);
    expect(await themeOf(page)).toBe('yellow');
    await page.getByLabel('Theme').selectOption('system');
    expect(await themeOf(page)).toBe('dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(() => themeOf(page)).toBe('light');
    await page.reload();
    expect(await themeOf(page)).toBe('light');
  });

  test('what the browser keeps is no more than a hint, and may be refused', async () => {
    const context = await newContext();
    await context.addInitScript(() => localStorage.setItem('rollcall-theme', '"><b>'));
    expect(await themeOf(await openPage(context))).toBe('yellow');
    const strict = await newContext();
    await strict.addInitScript(() => {
      Object.defineProperty(globalThis, 'localStorage', {
        get() {
          throw new DOMException('denied', 'SecurityError');
        },
      });
    });
    const page = await openPage(strict);
    await page.getByLabel('Theme').selectOption('dark');
    expect(await themeOf(page)).toBe('dark');
    expect(complaints).toEqual([]);
  });

  test('without JavaScript it is yellow, and there is nothing to choose', async () => {
    const page = await openPage(await newContext({ javaScriptEnabled: false, colorScheme: 'dark' }));
    expect(await page.locator('.theme').isVisible()).toBe(false);
    expect(await page.locator('#title').evaluate((title) => getComputedStyle(title).backgroundColor)).toBe(
      'rgb(247, 183, 51)',
    );
  });

  test('a design that sets colours of bars keeps them in all themes', async () => {
    // A service worker would fetch the page past the route below.
    const page = await openPage(await newContext({ serviceWorkers: 'block' }));
    const used = () =>
      page.evaluate(() => getComputedStyle(document.body).getPropertyValue('--ub-color1').trim());
    await page.getByLabel('Theme').selectOption('dark');
    expect(await used()).toBe('#3fa896');
    await page.route('**/nodes/gpu01', async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace('<body ', '<body data-ub-color1="#123456" ');
      await route.fulfill({ response, body });
    });
    await page.goto(`${head.origin}/nodes/gpu01`);
    expect([await themeOf(page), await used()]).toEqual(['dark', '#123456']);
  });

  test('who wants no motion gets none', async () => {
    const context = await newContext({ reducedMotion: 'reduce' });
    const page = await openPage(context);
    const moving = await page.evaluate(
      () =>
        [...document.querySelectorAll('*')].filter((element) => {
          const style = getComputedStyle(element);
          return style.transitionDuration !== '0s' || style.animationName !== 'none';
        }).length,
    );
    expect(moving).toBe(0);
  });

  test('the browser takes it for a page that can be installed', async () => {
    const page = await openPage(await newContext());
    await installed(page);
    const session = await page.context().newCDPSession(page);
    const { errors, url } = await session.send('Page.getAppManifest');
    expect(errors).toEqual([]);
    expect(url).toBe(`${head.origin}/static/manifest.json`);
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    // A window without a profile is never installed from; nothing else may be missing.
    expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual(
      [],
    );
    const manifest = await (await fetch(url)).json();
    expect(manifest).toMatchObject({ start_url: '/', scope: '/', display: 'standalone' });
    for (const { src, sizes, type } of manifest.icons) {
      const image = await fetch(`${head.origin}${src}`);
      expect(image.headers.get('content-type'), src).toContain(type);
      if (type !== 'image/png') continue;
      // Width and height stand in the first chunk of a PNG.
      const bytes = new DataView(await image.arrayBuffer());
      expect(`${bytes.getUint32(16)}x${bytes.getUint32(20)}`, src).toBe(sizes);
    }
    expect(complaints).toEqual([]);
  });

  test('without the head there is a page that says so and gives way again', async () => {
    const context = await newContext();
    const page = await openPage(context);
    await page.getByLabel('Theme').selectOption('dark');
    await installed(page);
    await head.cut();
    await page.goto(`${head.origin}/gpus?q=is%3Afree`);
    await page.getByRole('heading', { name: 'The head cannot be reached' }).waitFor();
    expect(await page.locator('[data-address]').textContent()).toBe(head.origin);
    expect([await themeOf(page), await paperOf(page)]).toEqual(['dark', 'rgb(20, 23, 27)']);
    await page.getByText(/Asked \d times/).waitFor({ timeout: 20_000 });
    await head.restore();
    await page.getByRole('button', { name: 'Try again now' }).click();
    await page.locator('.gpurows').waitFor();
    expect(new URL(page.url()).search).toBe('?q=is%3Afree');
  });

  test('where browsers allow no such thing, nothing breaks and nobody complains', async () => {
    Object.assign(cluster, { allowedHosts: [PLAIN_HOST] });
    const plain = await serveCluster(cluster);
    try {
      const page = await openPage(await newContext(), '/', plain.origin.replace('127.0.0.1', PLAIN_HOST));
      await expect.poll(() => plain.app.viewerCount).toBe(1);
      expect(await page.evaluate(() => [isSecureContext, 'serviceWorker' in navigator])).toEqual([
        false,
        false,
      ]);
      await page.getByLabel('Theme').selectOption('dark');
      expect(await themeOf(page)).toBe('dark');
      expect(complaints).toEqual([]);
    } finally {
      await plain.close();
    }
  });

  test('nothing but the shell is ever kept', async () => {
    const page = await openPage(await newContext());
    await installed(page);
    for (const path of ['/', '/gpus', '/nodes/gpu01', '/']) await page.goto(`${head.origin}${path}`);
    await page.evaluate(() => fetch('/api/v1/nodes').then((response) => response.text()));
    const kept = await page.evaluate(async () => {
      const names = await caches.keys();
      const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return requests.flat().map(({ url }) => new URL(url).pathname);
    });
    expect(kept).toContain('/static/offline.html');
    expect(kept).toContain('/static/style.css');
    expect(kept.filter((path) => !path.startsWith('/static/'))).toEqual([]);
    const imported = readFileSync(join(staticDir, 'style.css'), 'utf8').matchAll(/@import url\("([^"]+)"\)/g);
    const styles = [...imported].map(([, file]) => `/static/${file}`);
    expect(styles.length).toBeGreaterThan(5);
    expect(kept).toEqual(expect.arrayContaining(styles));
  });

  test('the head is asked first: what it changes is seen at once', async () => {
    const page = await openPage(await newContext());
    await installed(page);
    await page.reload();
    expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
    const cpu = { totalPercent: 77.7, corePercents: [], load1: 1, load5: 1, load15: 1 };
    cluster.set(fakeNode('gpu01', {}, { cpu }));
    await page.reload();
    await page.getByText('77.7%').waitFor();
    const missing = await page.goto(`${head.origin}/nodes/nowhere`);
    expect(missing?.status()).toBe(404);
    await page.getByText('There is no node "nowhere"').waitFor();
  });

  test('scripts run under the policy, those of a stranger do not', async () => {
    const page = await openPage(await newContext());
    await expect.poll(() => head.app.viewerCount).toBe(1);
    const policy = (await page.reload())?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("worker-src 'self'");
    expect(/script-src[^;]*unsafe/.test(policy)).toBe(false);
    const ran = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.body.dataset.ran = "yes"';
      document.body.append(script);
      return document.body.dataset.ran ?? null;
    });
    expect(ran).toBeNull();
  });
});
