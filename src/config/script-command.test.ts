import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { scriptCommand } from './script-command.ts';

const projectFolder = "/opt/ann's tools/rollcall";

test('a script is named as it can be typed: relative in the project, else in full', () => {
  const inside = { projectFolder, workingFolder: projectFolder };
  expect(scriptCommand('rollcall', inside)).toBe('scripts/rollcall');
  expect(scriptCommand('kill_monitor.sh', inside)).toBe('scripts/kill_monitor.sh');
  expect(
    scriptCommand('rollcall', { projectFolder: '/opt/rollcall', workingFolder: '/opt/rollcall/src' }),
  ).toBe('/opt/rollcall/scripts/rollcall');
});

test('a shell reads the name as one word, whatever the folder is called', () => {
  const command = scriptCommand('rollcall', { projectFolder, workingFolder: '/' });
  expect(execFileSync('/bin/sh', ['-c', `printf '%s.' ${command}`]).toString()).toBe(
    `${projectFolder}/scripts/rollcall.`,
  );
});
