import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../config.ts';

const URL = 'postgres://monitor:hush@db.lab:5432/rollcall';
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-section-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string, mode = 0o600) {
  const file = join(folder, 'rollcall.toml');
  writeFileSync(file, `[history]\n${text}\n`);
  chmodSync(file, mode);
  return readConfig({ flags: {}, environment: {}, workingFolder: '/', projectFolder: folder });
}

it('takes the address of a database from the settings or a file of its own, and never shows it', () => {
  writeFileSync(join(folder, 'url'), `${URL}\n`, { mode: 0o600 });
  for (const config of [read(`url = "${URL}"`), read('url-file = "url"', 0o644)]) {
    expect(config.history?.url).toBe(URL);
    expect(JSON.stringify(config.inForce)).not.toContain('hush');
  }
  expect(read('').history?.url).toBeNull();
});

it.each([
  ['url = "mysql://monitor:hush@db.lab/rollcall"', 0o600, ':2: history.url: must be postgres://USER'],
  [`url = "${URL}"`, 0o644, ':2: url in [history] is a secret, and others can read this file: chmod 600'],
  ['url-file = "missing"', 0o600, 'there is no such file'],
])('refuses %j in a file of mode %o without saying it', (text, mode, reason) => {
  let said = '';
  try {
    read(text, mode);
  } catch (error) {
    said = String(error);
  }
  expect(said).toContain(reason);
  expect(said).not.toContain('hush');
});
