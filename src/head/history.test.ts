import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openHistory } from './history.ts';

/** A head's history with threads that do not what they should. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-thread-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const nobody = () => ({ states: () => [], report: () => undefined });

/** `program`: of the thread, with `port`. */
function openWith(program: string) {
  mkdirSync(join(folder, 'dist'));
  const begin = "const { parentPort: port } = require('node:worker_threads');";
  writeFileSync(join(folder, 'dist', 'history-worker.js'), `${begin}\n${program}`);
  const keptDays = { raw: 1, minute: 1, frame: 1, quarter: 1, day: null };
  const history = { folder, keptDays, mostBytes: null, hasIdleBoard: false, url: null };
  return openHistory({ history, projectFolder: folder }, 'head', nobody, () => undefined);
}

it('ends within three seconds though its thread never answers, and asks it one second after the other', async () => {
  const asked = join(folder, 'asked');
  const history = openWith(
    `port.on('message', ({ name }) => name === 'append' && require('node:fs').appendFileSync(${JSON.stringify(asked)}, 'append '));`,
  );
  await vi.waitFor(() => expect(existsSync(asked)).toBe(true), { timeout: 20_000 });
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const begunMs = performance.now();
  await history.close();
  expect(performance.now() - begunMs).toBeLessThan(3_000);
  expect(readFileSync(asked, 'utf8')).toBe('append ');
}, 30_000);

it('says why its thread ended, and goes on without it', async () => {
  const history = openWith("port.once('message', () => { throw new Error('out of paper'); });");
  await vi.waitFor(() => expect(history.status().problem).toContain('out of paper'), { timeout: 20_000 });
  expect(history.status().state).toBe('failing');
  await expect(history.service?.openJobs()).rejects.toThrow('out of paper');
  await history.close();
}, 30_000);

it('takes up the jobs of before once they can be read', async () => {
  const history = openWith(`
    let asked = 0;
    const told = { openJobs: [], status: { state: 'on', problem: null } };
    port.on('message', ({ id, name }) => {
      const isMissing = name === 'openJobs' && ++asked < 2;
      port.postMessage(isMissing ? { id, error: 'not yet' } : { id, result: name === 'hasUser' ? asked > 1 : told[name] });
    });
  `);
  await vi.waitFor(async () => expect(await history.ledger?.hasUser('ann')).toBe(true), { timeout: 20_000 });
  await history.close();
}, 30_000);
