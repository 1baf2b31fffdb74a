import { mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createFakeCluster, fakeNode } from '../../test/support/fake-cluster.ts';
import { compileOwnDesign, staticDir } from '../../test/support/read-design.ts';
import { createApp } from './app.ts';
import { createControlApp } from './control.ts';
import { serve } from './serve.ts';

const CHANGES = 200;

test('who follows and does not read has the newest report once he reads on, not all that were missed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'control-'));
  const templates = compileOwnDesign();
  const long = 'x'.repeat(400_000);
  const reportOf = (number: number) => fakeNode('n1', { message: long, tags: [`t${number}`] });
  const cluster = createFakeCluster([reportOf(0)]);
  const app = createApp(Object.assign(cluster, { templates: () => templates, staticDir }));
  const secrets = { questions: () => [], answer: () => false };
  const stop = () => Promise.resolve();
  const control = createControlApp(
    Object.assign(cluster, { secrets, settings: () => [], stop, tellEveryMs: 1 }),
    app,
  );
  const server = await serve(control, { path: join(folder, 'head.sock') });
  const asked = get({
    socketPath: join(folder, 'head.sock'),
    path: '/control/watch',
    headers: { host: 'localhost' },
  });
  asked.on('error', () => undefined);
  const answer = await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve));
  answer.pause();
  answer.on('error', () => undefined);
  for (let number = 1; number <= CHANGES; number += 1) {
    cluster.set(reportOf(number));
    await sleep(2);
  }
  let lines = 0;
  answer.resume();
  await new Promise<void>((resolve) => {
    let rest = '';
    answer.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      lines += parts.length;
      if (parts.some((part) => part.includes(`"t${CHANGES}"`))) resolve();
    });
  });
  expect(lines).toBeLessThan(CHANGES / 4);
  asked.destroy();
  app.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
