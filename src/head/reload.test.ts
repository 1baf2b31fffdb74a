import { expect, it } from 'vitest';
import { readConfig } from '../config/config.ts';
import { changedSettings, needRestart, settingsInForce } from './reload.ts';

const read = (flags: Record<string, unknown>) =>
  readConfig({ flags, environment: {}, workingFolder: '/', projectFolder: '/nowhere' }).inForce;
const taken = { 'node-list': '/x', 'interval-seconds': 5, 'held-idle-minutes': 9, 'allowed-hosts': ['h'] };
const late = { port: 1, handshakes: 3, 'password-file': '/p', 'ssh-config': '/s' };

it('names what counts after a restart alone, and nothing else', () => {
  const before = read({});
  expect(needRestart(before, read({}))).toEqual([]);
  expect(needRestart(before, read(taken))).toEqual([]);
  expect(needRestart(before, read(late))).toEqual(['ssh-config', 'port', 'password-file', 'handshakes']);
});

it('goes on with what needs a restart, and takes the rest', () => {
  const before = read({});
  const inForce = settingsInForce(before, read({ ...taken, ...late }));
  expect(inForce.map(({ name }) => name)).toEqual(before.map(({ name }) => name));
  expect(changedSettings(before, inForce)).toEqual([
    'node-list',
    'allowed-hosts',
    'interval-seconds',
    'marks.held-idle-minutes',
  ]);
});
