import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readSettingsFile } from '../config/settings-file.ts';
import { watchSettings } from './settings-watch.ts';

const TAKEN_WITHIN_MS = 3_000;

let folder = '';
let file = '';
let calls = 0;
let stop = () => {};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-watch-'));
  file = join(folder, 'rollcall.toml');
  calls = 0;
});
afterEach(() => {
  stop();
  rmSync(folder, { recursive: true, force: true });
});

const watch = () => {
  stop = watchSettings(readSettingsFile(file, false), () => {
    calls += 1;
  });
};

/** Rejects where the change is not taken in time, or more than once. */
async function taken(change: () => void): Promise<void> {
  const before = calls;
  change();
  await expect.poll(() => calls, { timeout: TAKEN_WITHIN_MS, interval: 20 }).toBe(before + 1);
}

it('takes a file that is saved, replaced, closed to others, comes and goes, within 3 s', async () => {
  watch();
  await taken(() => writeFileSync(file, 'port = 1\n'));
  await taken(() => writeFileSync(file, 'port = 2\n'));
  await taken(() => {
    writeFileSync(`${file}.new`, 'port = 3\n');
    renameSync(`${file}.new`, file);
  });
  await taken(() => chmodSync(file, 0o600));
  await taken(() => rmSync(file));
});

it('takes what was saved between the reading and the first look', async () => {
  writeFileSync(file, 'port = 1\n');
  const read = readSettingsFile(file, true);
  writeFileSync(file, 'port = 2\n');
  await taken(() => {
    stop = watchSettings(read, () => {
      calls += 1;
    });
  });
});

it('waits until the file is still, and calls back for no other reason', async () => {
  writeFileSync(file, 'port = 1\n');
  watch();
  const endMs = performance.now() + 3_000;
  let text = '';
  while (performance.now() < endMs) {
    text += '#';
    writeFileSync(file, text);
    await sleep(50);
  }
  expect(calls).toBe(0);
  await taken(() => writeFileSync(file, 'port = 2\n'));
  writeFileSync(file, 'port = 2\n');
  await sleep(2_000);
  expect(calls).toBe(1);
});

it('leaves a pipe alone, whose text can be read once only', async () => {
  execFileSync('mkfifo', [file]);
  stop = watchSettings({ path: file, stamp: 'of what was read' }, () => {
    calls += 1;
  });
  await sleep(2_500);
  expect(calls).toBe(0);
});
