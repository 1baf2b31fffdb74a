import { afterEach, expect, test } from 'vitest';
import { createFailure } from '../report/failures.ts';
import { surroundings } from './environment.ts';
import { scriptHere, withCommandsOfHere } from './here.ts';

const before = process.cwd();
afterEach(() => process.chdir(before));

const { hint } = createFailure(
  { node: 'n1', sshWords: ['ssh', 'n1'], host: 'n1', port: 22 },
  {
    cause: 'auth',
    user: 'ann',
    tried: ['password'],
    needs: [{ kind: 'password', label: 'ann@n1' }],
  },
);

test('a hint of the head is printed with the command that works where it is read', () => {
  const { projectFolder } = surroundings();
  process.chdir(projectFolder);
  expect(scriptHere('run_monitor.sh')).toBe('scripts/run_monitor.sh');
  expect(withCommandsOfHere(hint)).toBe(hint);
  process.chdir('/');
  expect(withCommandsOfHere(hint)).toContain(`${scriptHere('rollcall')} unlock (`);
  expect(withCommandsOfHere(hint)).not.toContain(' scripts/rollcall');
});

test('no text of the head names a folder of its machine', () => {
  expect(hint).toContain('Give the password once: scripts/rollcall unlock (');
});
