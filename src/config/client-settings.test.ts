import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ClientSources, readAskedHead, readStateDir } from './client-settings.ts';
import { readConfig } from './config.ts';
import { defaultStateDir } from './setting-paths.ts';

/** For settings without a mistake. */
const untold = (problem: string) => expect.unreachable(problem);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'client-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sources = (more: Partial<ClientSources> = {}): ClientSources => ({
  flags: {},
  environment: { XDG_STATE_HOME: '/state' },
  workingFolder: '/work-folder',
  projectFolder: folder,
  ...more,
});
const setting = (text: string) => writeFileSync(join(folder, 'rollcall.toml'), text);

const ways: [string, string, Partial<ClientSources>][] = [
  ['nothing', '', {}],
  ['the file', 'state-dir = "own"', {}],
  ['a file with other settings', 'port = 7071\n[nodes."x"]\nenabled = false', {}],
  ['the environment', 'state-dir = "own"', { environment: { ROLLCALL_STATE_DIR: 'env' } }],
  ['an empty word of the environment', '', { environment: { ROLLCALL_STATE_DIR: '', XDG_STATE_HOME: '/s' } }],
  [
    'a flag',
    'state-dir = "own"',
    { flags: { 'state-dir': 'flag' }, environment: { ROLLCALL_STATE_DIR: 'env' } },
  ],
];
it.each(ways)('finds the same state folder as the head does, by %s', async (_, text, more) => {
  setting(text);
  const asked = sources(more);
  expect(await readStateDir(asked, untold)).toBe(readConfig(asked).stateDir);
});

it('asks the head that was named last: by a flag, then by the environment', async () => {
  const environment = { ROLLCALL_URL: 'http://a:1', ROLLCALL_STATE_DIR: '/s' };
  expect(await readAskedHead(sources({ environment }), untold)).toEqual({ url: 'http://a:1' });
  expect(await readAskedHead(sources({ environment, flags: { url: 'http://b:2' } }), untold)).toEqual({
    url: 'http://b:2',
  });
  expect(await readAskedHead(sources({ environment, flags: { 'state-dir': '/own' } }), untold)).toEqual({
    stateDir: '/own',
  });
  expect(
    await readAskedHead(sources({ environment: { ROLLCALL_URL: '', ROLLCALL_STATE_DIR: '/s' } }), untold),
  ).toEqual({ stateDir: '/s' });
});

it.each([
  ['state-dir = 3', 'rollcall.toml: state-dir = 3: must be the path of a folder'],
  ['node-list = "~/nodes.txt', 'rollcall.toml:1: this is not TOML'],
])('tells of %s and goes on with the usual folder', async (text, reason) => {
  setting(text);
  const told: string[] = [];
  const usual = defaultStateDir({ XDG_STATE_HOME: '/state' });
  expect(await readStateDir(sources(), (problem) => told.push(problem))).toBe(usual);
  expect(told).toEqual([expect.stringContaining(reason)]);
  expect(told[0]).toMatch(new RegExp(`; the head is looked for in ${usual}$`));
});

it('tells of a file that was named and has gone', async () => {
  const told: string[] = [];
  const asked = sources({ flags: { config: 'nowhere.toml' } });
  expect(await readStateDir(asked, (problem) => told.push(problem))).toBe(
    defaultStateDir({ XDG_STATE_HOME: '/state' }),
  );
  expect(told).toEqual([
    expect.stringContaining('/work-folder/nowhere.toml cannot be read: there is no such file;'),
  ]);
});
