import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defaultStateDir } from '../config/setting-paths.ts';
import { environment } from './environment.ts';
import { configDespiteMistakes } from './options.ts';

let folder = '';
let file = '';
let told: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'options-'));
  file = join(folder, 'rollcall.toml');
  told = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

it('goes on with the state folder of a file that has a mistake elsewhere, and tells the mistake', async () => {
  writeFileSync(file, 'state-dir = "own"\nport = 99999\nnode-list = "nodes"\n');
  const { stateDir, demoStateDir } = await configDespiteMistakes({ config: file });
  expect({ stateDir, demoStateDir }).toEqual({ stateDir: join(folder, 'own'), demoStateDir: null });
  expect(told).toEqual([`rollcall: ${file}:2: port = 99999: not a port (0 to 65535)\n`]);
});

it('goes on with the usual folder of a file that is no TOML, of the demo too', async () => {
  writeFileSync(file, 'node-list = "nodes\n');
  const usual = defaultStateDir(environment);
  const demo = defaultStateDir(environment, true);
  expect(await configDespiteMistakes({ config: file })).toMatchObject({
    stateDir: usual,
    demoStateDir: demo,
  });
  expect(await configDespiteMistakes({ config: file, demo: true })).toMatchObject({ stateDir: demo });
  expect(await configDespiteMistakes({ config: file, 'state-dir': folder })).toMatchObject({
    stateDir: folder,
  });
  expect(told).toHaveLength(3);
});

it('says nothing of settings without a mistake, and refuses flags that have one', async () => {
  writeFileSync(file, 'state-dir = "own"\n');
  expect((await configDespiteMistakes({ config: file })).stateDir).toBe(join(folder, 'own'));
  expect(told).toEqual([]);
  await expect(configDespiteMistakes({ config: file, port: 'x' })).rejects.toThrow('--port x: not a port');
});
