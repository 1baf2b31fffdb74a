import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../config/config.ts';
import { startHead } from './head.ts';
import { checkAddress } from './listen.ts';

const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-head-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const configAt = (port: number) =>
  readConfig({
    flags: { demo: true, port, 'state-dir': folder },
    environment: {},
    workingFolder: '/',
    projectFolder,
  });

const start = (port: number) =>
  startHead(
    configAt(port),
    () => configAt(port),
    () => undefined,
  );

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

it('gives everything back where it cannot say in its folder that it runs', async () => {
  const port = await freePort();
  const inTheWay = join(folder, `head.json.${process.pid}`);
  mkdirSync(inTheWay);
  await expect(start(port)).rejects.toThrow('EISDIR');
  await checkAddress({ host: '127.0.0.1', port });
  rmSync(inTheWay, { recursive: true });
  const head = await start(port);
  expect((await fetch(`${head.url}healthz`)).status).toBe(200);
  await head.stop(() => undefined);
  await head.ended;
});

it('tells strangers that history fails, and not where it lies', async () => {
  const port = await freePort();
  const inTheWay = join(folder, 'history');
  writeFileSync(inTheWay, '');
  const config = readConfig({
    flags: { demo: true, port, public: true, 'state-dir': folder },
    environment: {},
    workingFolder: '/',
    projectFolder,
  });
  const head = await startHead(
    config,
    () => config,
    () => undefined,
  );
  for (const path of ['api/v1/history?node=x', 'api/v1/changes', 'api/v1/nodes?at=-5m']) {
    const answer = await fetch(`${head.url}${path}`);
    expect(answer.status).toBe(503);
    const text = await answer.text();
    expect(text).toContain('rollcall status');
    expect(text).not.toContain(folder);
  }
  await head.stop(() => undefined);
  await head.ended;
});
