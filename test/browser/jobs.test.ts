import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ReportedJob } from '../../src/protocol/reported-sample.ts';
import type { NodeReport } from '../../src/report/node-report.ts';
import {
  type BrowserHead,
  CHROMIUM,
  hasChromium,
  launchChromium,
  startBrowserHead,
} from '../support/browser/browser-head.ts';
import { startDemoHead } from '../support/browser/demo-head.ts';
import { fakeJob, fakeNode, TAKEN_AT_MS } from '../support/fake-cluster.ts';

/** Jobs in a real Chromium: their table, their own pages, and the ways there. */

const GIB = 1024 ** 3;
const train: ReportedJob = {
  key: 'slurm:4711',
  kind: 'slurm',
  id: '4711',
  name: 'resnet',
  user: 'alice',
  startTimeMs: TAKEN_AT_MS - 3_600_000,
  processCount: 9,
  cpuPercent: 312,
  residentBytes: 14 * GIB,
};
const service = (id: string): ReportedJob => ({
  ...train,
  key: `systemd:${id}`,
  kind: 'systemd',
  id,
  name: id,
  user: 'root',
  cpuPercent: 1,
});

function working(name: string, command = 'train.py --epochs 40'): NodeReport {
  const gpuProcesses = [fakeJob(11_181, 0, { job: train.key, arguments: command })];
  return fakeNode(
    name,
    {},
    { jobs: [train, service('docker.service'), service('ssh.service')], gpuProcesses },
  );
}

describe.skipIf(!hasChromium)(`jobs (skipped: no ${CHROMIUM})`, () => {
  let browser: Browser;
  let head: BrowserHead;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(() => head.close());

  test('services are folded away behind their number, and shown to whoever asks for them', async () => {
    head = await startBrowserHead(browser, [working('gpu01'), working('gpu02')]);
    const page = await head.open('/jobs');
    const names = () => page.locator('.jobrows > tbody > tr > th').allTextContents();
    expect(await names()).toEqual(['slurm 4711']);
    await page.getByRole('link', { name: '4 services are folded away. Show them' }).click();
    await expect.poll(async () => (await names()).length).toBe(5);
    await page.getByRole('link', { name: 'Fold services away' }).click();
    await expect.poll(names).toEqual(['slurm 4711']);
    await page.goto(`${head.origin}/jobs?q=kind%3Asystemd`);
    expect((await names()).length).toBe(4);
    await page.goto(`${head.origin}/jobs?q=user%3Aroot`);
    expect(await page.locator('.emptyrow').textContent()).toBe('All that match are services.');
    expect(head.complaints).toEqual([]);
  });

  test('the table has the command, and what a node says stays text', async () => {
    const evil = '<img src=x onerror="document.title=1">';
    head = await startBrowserHead(browser, [working('gpu01', evil)]);
    const page = await head.open('/jobs');
    expect(await page.locator('.jobrows .command').textContent()).toBe(`python ${evil}`);
    await page.getByRole('link', { name: 'slurm 4711' }).click();
    await page.getByRole('heading', { name: 'slurm 4711' }).waitFor();
    expect(await page.locator('.programs .command').textContent()).toBe(`python ${evil}`);
    expect(await page.locator('img').count()).toBe(0);
    expect(head.complaints).toEqual([]);
  });

  test('a job has a page with nodes, GPUs, processes, user, command and start, which is live', async () => {
    head = await startBrowserHead(browser, [working('gpu01'), fakeNode('gpu02')]);
    const page = await head.open('/jobs/slurm%3A4711');
    const facts = async () =>
      Object.fromEntries(
        await page
          .locator('.jobfacts > div')
          .evaluateAll((rows) =>
            rows.map((row) => [
              row.querySelector('dt')?.textContent,
              row.querySelector('dd')?.textContent?.trim(),
            ]),
          ),
      );
    expect(await facts()).toMatchObject({
      User: 'alice',
      GPUs: '1',
      'GPU memory': '5.5 GiB',
      'CPU cores': '3.1 of 32',
      RAM: '14.0 GiB',
      Nodes: 'gpu01',
      Command: 'python train.py --epochs 40',
    });
    const started = page.locator('.jobfacts time');
    expect(await started.getAttribute('datetime')).toMatch(/^2023-11-14T21:1\d:\d\d\.\d{3}Z$/);
    const shares = page.locator('.jobshare');
    expect(await shares.locator('h3 a').allTextContents()).toEqual(['gpu01']);
    expect(await shares.locator('.programs tbody tr').textContent()).toMatch(
      /11181\s*python train.py --epochs 40/,
    );
    await expect.poll(() => head.app.viewerCount).toBe(1);
    head.cluster.set(working('gpu02'));
    await expect.poll(() => shares.locator('h3 a').allTextContents()).toEqual(['gpu01', 'gpu02']);
    await expect.poll(async () => (await facts())['CPU cores']).toBe('6.2 of 64');
    for (const name of ['gpu01', 'gpu02']) head.cluster.set(fakeNode(name));
    await page.getByText('There is no job "slurm:4711" now').waitFor();
    expect(head.complaints).toEqual([]);
  });

  test('every place that shows a job leads to its page, also without JavaScript', async () => {
    head = await startBrowserHead(browser, [working('gpu01')]);
    for (const javaScriptEnabled of [true, false]) {
      for (const path of ['/', '/nodes/gpu01', '/gpus', '/jobs']) {
        const page = await head.open(path, { javaScriptEnabled });
        await page.locator('a[href="/jobs/slurm%3A4711"]').first().click();
        await page.getByRole('heading', { name: 'slurm 4711' }).waitFor();
      }
    }
    const gone = await fetch(`${head.origin}/jobs/slurm%3A99`, { headers: { accept: 'text/html' } });
    expect(gone.status).toBe(404);
    expect(await gone.text()).toContain('There is no job &quot;slurm:99&quot; now');
    const text = await (
      await fetch(`${head.origin}/jobs/slurm%3A4711`, { headers: { accept: 'text/plain' } })
    ).text();
    expect(text).toMatch(/^JOB +NAME/);
    expect(text).toContain('Command: python train.py --epochs 40');
    expect(text).toMatch(/gpu01 +11181 +alice +0 +5\.5 GiB/);
  });

  test('keys with slashes and nodes in them have pages', async () => {
    const unit = { ...service('1000/jupyter.service'), cpuPercent: 400, user: 'bob' };
    head = await startBrowserHead(browser, [fakeNode('gpu01', {}, { jobs: [unit] })]);
    const page = await head.open('/jobs');
    await page.locator('.jobrows > tbody > tr > th a').click();
    await page.getByRole('heading', { name: 'systemd 1000/jupyter.service' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/jobs/systemd%3A1000%2Fjupyter.service%40gpu01');
    expect(head.complaints).toEqual([]);
  });

  test('its charts are its own: its lines and those of its GPUs, from each of its nodes', async () => {
    head = await startDemoHead(browser);
    const page = await head.open('/jobs');
    await page.locator('.jobrows > tbody > tr', { hasText: 'slurm' }).first().locator('th a').click();
    await page.getByRole('heading', { level: 2, name: /^slurm/ }).waitFor();
    const charts = page.locator('.charts');
    expect(await charts.count()).toBe(2);
    const first = charts.first();
    await first.locator('.chart-legend button').first().waitFor();
    const titles = await first.locator('h3').allTextContents();
    expect(titles.some((title) => title.startsWith('CPU of jobs'))).toBe(true);
    expect(titles.some((title) => title.startsWith('Network'))).toBe(false);
    const jobLines = first.locator('.chart', { hasText: 'CPU of jobs' }).locator('.chart-legend li');
    expect(await jobLines.count()).toBe(1);
    expect(await jobLines.textContent()).toMatch(/\d cores$/);
    const gpuLines = first.locator('.chart', { hasText: 'GPU utilization' }).locator('.chart-legend li');
    expect(await gpuLines.count()).toBeLessThan(8);
    expect(await first.locator('.charts-zone').textContent()).toMatch(/^Times: \S+/);
    expect(head.complaints).toEqual([]);
  });
});
