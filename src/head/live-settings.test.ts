import { expect, it } from 'vitest';
import { readConfig } from '../config/config.ts';
import { createLiveSettings } from './live-settings.ts';

const read = (flags: Record<string, unknown>) =>
  readConfig({ flags, environment: {}, workingFolder: '/', projectFolder: '/nowhere' });

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
