import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { createFakeCluster, type FakeCluster, fakeNode } from '../../test/support/fake-cluster.ts';
import { compileOwnDesign, staticDir } from '../../test/support/read-design.ts';
import { createApp } from './app.ts';
import { createControlApp } from './control.ts';
import { serve } from './serve.ts';

const CHANGES = 200;

let end: () => Promise<void> = () => Promise.resolve();
afterEach(async () => {
  vi.useRealTimers();
  await end();
});

/** Serves a cluster on a socket; the result follows it. */
async function serveCluster(cluster: FakeCluster): Promise<(query?: string) => Promise<IncomingMessage>> {
  const folder = mkdtempSync(join(tmpdir(), 'control-'));
  const templates = compileOwnDesign();
  const app = createApp(Object.assign(cluster, { templates: () => templates, staticDir }));
  const secrets = { questions: () => [], answer: () => false };
  const stop = () => Promise.resolve();
  const control = createControlApp(
    Object.assign(cluster, { secrets, settings: () => [], stop, tellEveryMs: 1 }),
    app,
  );
  const socketPath = join(folder, 'head.sock');
  const server = await serve(control, { path: socketPath });
  const asked: ClientRequest[] = [];
  end = async () => {
    for (const request of asked) request.destroy();
    app.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return async (query = '') => {
    const request = get({ socketPath, path: `/control/watch${query}`, headers: { host: 'localhost' } });
    asked.push(request);
    request.on('error', () => undefined);
    const answer = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve));
    answer.on('error', () => undefined);
    return answer;
  };
}

/** Reads lines until one is the last; all of them. */
function linesUntil(answer: IncomingMessage, isLast: (line: string) => boolean): Promise<string[]> {
  const lines: string[] = [];
  let rest = '';
  return new Promise((resolve) => {
    answer.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      if (parts.some(isLast)) resolve(lines);
    });
    answer.resume();
  });
}

const long = 'x'.repeat(400_000);

test('who follows and does not read has the newest report once he reads on, not all that were missed', async () => {
  const reportOf = (number: number) => fakeNode('n1', { message: long, tags: [`t${number}`] });
  const cluster = createFakeCluster([reportOf(0)]);
  const answer = await (await serveCluster(cluster))();
  answer.pause();
  for (let number = 1; number <= CHANGES; number += 1) {
    cluster.set(reportOf(number));
    await sleep(2);
  }
  const lines = await linesUntil(answer, (line) => line.includes(`"t${CHANGES}"`));
  expect(lines.length).toBeLessThan(CHANGES / 4);
});

test('what he has then is as old as it says', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  const takenMs = performance.now();
  const report = () => fakeNode('n1', { message: long, sampleAgeMs: performance.now() - takenMs });
  const cluster = createFakeCluster([report()], { report });
  const answer = await (await serveCluster(cluster))();
  answer.pause();
  for (let number = 1; number <= 20; number += 1) {
    cluster.set(report());
    await sleep(5);
  }
  vi.advanceTimersByTime(60_000);
  // Somebody else asks meanwhile.
  cluster.cluster.catchUp();
  const [last = ''] = (await linesUntil(answer, (line) => line.includes('"sampleAgeMs":60000'))).slice(-1);
  expect(JSON.parse(last)).toMatchObject({ nodes: [{ name: 'n1', sampleAgeMs: 60_000 }] });
});

test('who follows a node that is not in the list is let go', async () => {
  const answer = await (await serveCluster(createFakeCluster([fakeNode('n1')])))('?node=n2');
  answer.resume();
  await new Promise((resolve) => answer.once('end', resolve));
});
