// npm run bench:page: what a page of many nodes costs the browser and the head. The nodes run in the head's process
// without SSH (their samples are checked and kept as always); viewers in another, Chromium in its own. Prints figures;
// asserts nothing.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type CDPSession, chromium, type Page } from 'playwright-core';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { mebibytes, printMachine, printTable, quantile, round } from './report.ts';

const options = await yargs(hideBin(process.argv))
  .option('nodes', {
    type: 'number',
    array: true,
    default: [10, 435, 1000],
    describe: 'Sizes of the cluster',
  })
  .option('viewers', { type: 'number', array: true, default: [1, 50, 200], describe: 'How many look' })
  .option('seconds', { type: 'number', default: 20, describe: 'Measured for so long' })
  .strict()
  .parseAsync();

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function start(name: string, ...words: string[]): ChildProcess {
  return fork(`dist/bench/${name}.js`, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

async function ask<T>(child: ChildProcess): Promise<T> {
  const answered = once(child, 'message');
  child.send('figures');
  return (await answered)[0] as T;
}

interface HeadFigures {
  cpuMs: number;
  residentBytes: number;
}

/** CPU of the head in cores, and its memory, over the time that is measured. */
async function measureHead(head: ChildProcess) {
  const before = await ask<HeadFigures>(head);
  const begunMs = performance.now();
  await sleep(options.seconds * 1000);
  const { cpuMs, residentBytes } = await ask<HeadFigures>(head);
  return { cores: (cpuMs - before.cpuMs) / (performance.now() - begunMs), residentBytes };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}

const metricsOf = async (session: CDPSession) =>
  new Map((await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));

/** How old each sample of a node in sight is when its values are put into the page. */
async function watchDelays(page: Page): Promise<void> {
  await page.evaluate(() => {
    const delays: number[] = [];
    const halts: number[] = [];
    Object.assign(window, { delays, halts });
    const note = (text: string | null) => {
      const taken = /\/taken\/(\d+)/.exec(text ?? '')?.[1];
      if (taken) delays.push(Date.now() - Number(taken));
    };
    new MutationObserver((changes) => {
      for (const { type, target, addedNodes } of changes)
        for (const node of type === 'characterData' ? [target] : addedNodes) note(node.textContent);
    }).observe(document.body, { childList: true, characterData: true, subtree: true });
    new PerformanceObserver((list) =>
      halts.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({
      type: 'longtask',
    });
  });
}

async function measureBrowser(port: number, path: string) {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
  ];
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  // A shared worker's traffic belongs to no page: here the page has the stream itself.
  await context.addInitScript(() => Reflect.deleteProperty(globalThis, 'SharedWorker'));
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable');
  await session.send('Network.enable');
  let bytes = 0;
  session.on('Network.dataReceived', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  const address = `http://127.0.0.1:${port}${path}`;
  await page.goto(address);
  await page.reload();
  const paintMs = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  );
  // The first seconds bring what is around the page, and reports into step with samples.
  await sleep(10_000);
  await watchDelays(page);
  const [before, bytesBefore] = [await metricsOf(session), bytes];
  await sleep(options.seconds * 1000);
  const after = await metricsOf(session);
  const perSecond = (name: string) => ((after.get(name) ?? 0) - (before.get(name) ?? 0)) / options.seconds;
  const result = {
    paintMs,
    bytesPerSecond: (bytes - bytesBefore) / options.seconds,
    scriptMs: perSecond('ScriptDuration') * 1000,
    taskMs: perSecond('TaskDuration') * 1000,
    heapBytes: after.get('JSHeapUsedSize') ?? 0,
    delays: await page.evaluate(() => (window as unknown as { delays: number[] }).delays),
    halts: [] as number[],
  };
  for (let step = 0; step < 60; step += 1) {
    await page.mouse.wheel(0, 1_000);
    await sleep(100);
  }
  result.halts = await page.evaluate(() => (window as unknown as { halts: number[] }).halts);
  await browser.close();
  return result;
}

printMachine();
for (const nodes of options.nodes) {
  const head = start('page-head', String(nodes));
  const [{ port }] = (await once(head, 'message')) as [{ port: number }];
  await sleep(3_000);
  console.log(`\n## ${nodes} nodes, ${nodes * 8} GPUs, ${nodes * 16} GPU processes, 1 Hz\n`);
  const rows: [string, string, string][] = [];
  const idle = await measureHead(head);
  rows.push([
    'head, nobody looks (samples checked and kept)',
    `${round(idle.cores, 3)} core, ${mebibytes(idle.residentBytes)}`,
    '',
  ]);
  for (const path of ['/', '/gpus']) {
    const shown = await measureBrowser(port, path);
    const where = path === '/' ? 'nodes' : 'GPUs';
    rows.push([`${where}: first contentful paint`, `${round(shown.paintMs, 0)} ms`, '≤ 1 s on loopback']);
    rows.push([
      `${where}: received by the browser`,
      `${round(shown.bytesPerSecond / 1000)} KB/s`,
      '≤ 50 KB/s',
    ]);
    rows.push([`${where}: script, all tasks`, `${round(shown.scriptMs)}, ${round(shown.taskMs)} ms/s`, '']);
    rows.push([`${where}: JavaScript heap`, mebibytes(shown.heapBytes), '']);
    rows.push([
      `${where}: longest task while scrolling`,
      `${round(Math.max(0, ...shown.halts), 0)} ms`,
      '≤ 200 ms',
    ]);
    if (shown.delays.length > 0)
      rows.push([
        `${where}: sample taken → shown, p50 / p99 of ${shown.delays.length}`,
        `${round(quantile(shown.delays, 0.5), 0)} / ${round(quantile(shown.delays, 0.99), 0)} ms`,
        'p99 ≤ 250 ms',
      ]);
  }
  for (const count of options.viewers) {
    const viewers = start('page-viewers', String(port), String(count));
    await once(viewers, 'message');
    await sleep(5_000);
    const before = await ask<{ bytes: number }>(viewers);
    const { cores, residentBytes } = await measureHead(head);
    const { bytes } = await ask<{ bytes: number }>(viewers);
    const each = (bytes - before.bytes) / count / options.seconds / 1000;
    rows.push([
      `head, ${count} viewer${count === 1 ? '' : 's'}`,
      `${round(cores, 3)} core (${round(cores - idle.cores, 3)} for them), ${mebibytes(residentBytes)}, ${round(each)} KB/s each`,
      count === 200 ? '≤ 1 core, ≤ 50 KB/s' : '',
    ]);
    await stop(viewers);
    await sleep(1_000);
  }
  printTable(rows);
  await stop(head);
}
