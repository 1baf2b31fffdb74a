import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { hasChromium, launchChromium, listenForComplaints } from '../support/browser/chromium.ts';
import { fleet, requireFleet } from './fleet.ts';
import { placeOnGpu, takeGpuAway } from './stand-in-gpus.ts';

if (fleet && !hasChromium) console.log('skipped: the page of a real fleet, because Chromium is not here');

const GPU_NODE = 2;
const LOST_NODE = 3;

/** The whole way up to a person's eyes: real nodes, a head that the scripts started, Chromium. */
describe.runIf(fleet && hasChromium)('the page of a real fleet', () => {
  let browser: Browser;
  let head: HeadProcess;
  const complaints: string[] = [];

  const asDash = (words: string) =>
    requireFleet().exec(
      GPU_NODE,
      `cd /tmp; setpriv --reuid=dash --regid=$(id -g dash) --clear-groups setsid -f ${words} > /dev/null 2>&1 < /dev/null`,
    );

  beforeAll(async () => {
    await asDash('sleep 611');
    placeOnGpu(GPU_NODE, [Number(await requireFleet().exec(GPU_NODE, "pgrep -xf 'sleep 611'"))]);
    head = createHeadProcess(requireFleet().sshConfigFile);
    head.writeList('ops@n1\nn2\nn3\nn2:1\n');
    expect((await head.start()).code).toBe(0);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await head?.dispose();
    await takeGpuAway(requireFleet(), GPU_NODE);
    await requireFleet().exec(GPU_NODE, "pkill -xf 'sleep 611'; pkill md5sum || true");
  });

  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    listenForComplaints(page, new URL(head.record().url).origin, (text) => complaints.push(text));
    await page.goto(new URL(path, head.record().url).href);
    // Whoever reloads the page loses it.
    await page.evaluate('globalThis.isFirstLoad = true');
    return page;
  }

  const nodeOn = (page: Page, name: string) =>
    page.locator('section.node').filter({ has: page.getByRole('heading', { name, exact: true }) });

  it('shows every node with what it is, and the reason for the one that is not there', async () => {
    const page = await open('/');
    for (const name of ['ops@n1', 'n2', 'n3'])
      await nodeOn(page, name).locator('.state', { hasText: 'live' }).waitFor();
    await nodeOn(page, 'n2:1').getByText('refused').first().waitFor();
    await nodeOn(page, 'n2').locator('.gpuname', { hasText: 'H100' }).waitFor();
    await expect
      .poll(() => page.locator('.counts').textContent())
      .toMatch(/3 of 4 nodes live.*1 down.*0 of 1 GPUs free.*1 busy/s);
    await page.context().close();
  });

  it('shows work that begins on a node, and that it has ended', async () => {
    const page = await open('/nodes/n2');
    await asDash('md5sum /dev/zero');
    const row = page.locator('.processes tr', { hasText: 'md5sum' });
    await row.waitFor({ timeout: 15_000 });
    expect(await row.locator('.user').textContent()).toBe('dash');
    await requireFleet().exec(GPU_NODE, 'pkill md5sum');
    await row.waitFor({ state: 'detached', timeout: 15_000 });
    await page.locator('.charts canvas').first().waitFor();
    expect(await page.evaluate('globalThis.isFirstLoad')).toBe(true);
    await page.context().close();
  });

  it('tells who holds the GPU, in every view, by a search, and on a phone', async () => {
    const phone = { viewport: { width: 360, height: 740 } };
    for (const [path, text] of [
      ['/gpus?q=user%3Adash', 'sleep'],
      ['/jobs?q=gpu%3Ah100', 'dash'],
      ['/users', 'dash'],
    ] as const) {
      const page = await open(path, phone);
      await page.locator('.rows tbody').getByText(text).first().waitFor();
      const spills = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await page.evaluate(spills), path).toBe(0);
      await page.context().close();
    }
  });

  it('shows a node that goes away, why, and its return, without a reload', async () => {
    const page = await open('/');
    const state = nodeOn(page, 'n3').locator('.state');
    await state.filter({ hasText: 'live' }).waitFor();
    const heal = await requireFleet().fault(LOST_NODE, 'kill');
    await state.filter({ hasText: 'unreachable' }).waitFor({ timeout: 15_000 });
    await nodeOn(page, 'n3').getByText('refused').first().waitFor({ timeout: 15_000 });
    await heal();
    await head.rollcall('retry', 'n3');
    await state.filter({ hasText: 'live' }).waitFor({ timeout: 15_000 });
    expect(await page.evaluate('globalThis.isFirstLoad')).toBe(true);
    await page.context().close();
  });

  it('complained of nothing', () => {
    expect(complaints).toEqual([]);
  });
});
