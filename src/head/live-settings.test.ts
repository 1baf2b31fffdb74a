import { expect, it } from 'vitest';
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
