import { expect, it } from 'vitest';
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/config.ts';
import { needRestart } from './reload.ts';

const read = (flags: Record<string, unknown>): Config =>
  readConfig({ flags, environment: {}, workingFolder: '/', projectFolder: '/nowhere' });

it('names what counts after a restart alone, and nothing else', () => {
  const before = read({});
  expect(needRestart(before, read({}))).toEqual([]);
  const taken = { 'node-list': '/x', 'interval-seconds': 5, 'held-idle-minutes': 9, 'allowed-hosts': ['h'] };
  expect(needRestart(before, read(taken))).toEqual([]);
  const late = { port: 1, handshakes: 3, 'password-file': '/p', 'ssh-config': '/s' };
  expect(needRestart(before, read(late))).toEqual(['port', 'ssh-config', 'password-file', 'handshakes']);
});
