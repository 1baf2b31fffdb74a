import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { readConfig } from '../config/config.ts';
import { createLiveSettings } from './live-settings.ts';

const read = (flags: Record<string, unknown>) =>
  readConfig({ flags, environment: {}, workingFolder: '/', projectFolder: '/nowhere' });

function startWith(first: Record<string, unknown>) {
  let flags = first;
  const taken: unknown[] = [];
  const asked: ((name: string) => void)[] = [];
  const settings = createLiveSettings(
    read(first),
    () => read(flags),
    (config) => taken.push(config),
    () => undefined,
    (onName) => asked.push(onName),
  );
  const change = (now: Record<string, unknown>) => {
    flags = now;
    settings.reload();
  };
  return { settings, change, taken, resolve: (name: string) => asked.at(-1)?.(name) };
}

it("goes on under the machine's own names, also those that are found after a change", () => {
  const { settings, change, resolve } = startWith({ public: true, 'allowed-hosts': ['a'] });
  resolve('found.example');
  expect(settings.allowedHosts).toEqual(expect.arrayContaining(['a', 'found.example']));
  change({ public: true, 'allowed-hosts': ['b'] });
  expect(settings.allowedHosts).toEqual(expect.arrayContaining(['b', 'found.example']));
  expect(settings.allowedHosts).not.toContain('a');
  resolve('later.example');
  expect(settings.allowedHosts).toEqual(expect.arrayContaining(['b', 'found.example', 'later.example']));
});

it('shows itself under no other names before the restart that makes the page public', () => {
  const { settings, change } = startWith({ 'allowed-hosts': ['a'] });
  change({ public: true, 'allowed-hosts': ['b'] });
  expect(settings.allowedHosts).toEqual(['b']);
  expect(settings.problems()).toEqual(['changed, and counts after a restart: public']);
});

it('takes nothing once the head ends', () => {
  const { settings, change, taken } = startWith({});
  change({ 'allowed-hosts': ['b'] });
  settings.end();
  change({ 'allowed-hosts': ['c'] });
  expect(settings.allowedHosts).toEqual(['b']);
  expect(taken).toHaveLength(1);
});

it('does not wait for a pipe that was read at the start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'live-settings-'));
  const path = join(folder, 'rollcall.toml');
  execFileSync('mkfifo', [path]);
  const config = { ...read({}), settingsFile: { path, stamp: 'of what was read', isMissing: false } };
  const readAgain = vi.fn(() => config);
  const ignore = () => undefined;
  const settings = createLiveSettings(config, readAgain, ignore, ignore, ignore);
  settings.reload();
  expect(readAgain).not.toHaveBeenCalled();
  expect(settings.problems()).toEqual([
    `the settings stay as they were: ${path} is a pipe, whose text can be read once only`,
  ]);
  rmSync(folder, { recursive: true });
});

/** What a head says that was started without flags and reads these settings. */
function saidOf(flags: Record<string, unknown>): string[] {
  const said: string[] = [];
  createLiveSettings(
    read({}),
    () => read(flags),
    () => undefined,
    (line) => said.push(line),
  ).reload();
  return said;
}

it('says what changed and what waits for a restart, and nothing of nothing beside that', () => {
  expect(saidOf({})).toEqual(['the settings were read anew; changed: nothing']);
  expect(saidOf({ 'interval-seconds': 5 })).toEqual([
    'the settings were read anew; changed: interval-seconds',
  ]);
  expect(saidOf({ handshakes: 5 })).toEqual(['changed, and counts after a restart: handshakes']);
  expect(saidOf({ handshakes: 5, 'interval-seconds': 5 })).toEqual([
    'the settings were read anew; changed: interval-seconds',
    'changed, and counts after a restart: handshakes',
  ]);
});
