import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapCommand } from './bootstrap.ts';
import { explainMissingRuntime } from './bootstrap-failures.ts';
import { explainLoginWords, withoutOurCommand } from './login-words.ts';

describe('the last words of a login', () => {
  it.each([
    ['You are required to change your password immediately (administrator enforced).', 'password-expired'],
    ['System is going down. Unprivileged users are not permitted to log in anymore.', 'account-refused'],
    ['Access denied by PAM account configuration', 'account-refused'],
    ['Access denied by pam_slurm_adopt: you have no active jobs on this node', 'account-refused'],
    ['Maximum number of sessions exceeded', 'session-limit'],
    ['-bash: fork: Cannot allocate memory', 'node-limit'],
    ['touch: cannot touch x: Disk quota exceeded', 'node-limit'],
    ['sh: /bin/sh: not found', 'no-shell'],
  ])('"%s" mean %s', (line, cause) => {
    expect(explainLoginWords(['Welcome', line])?.cause).toBe(cause);
  });

  it.each([
    'Last login: Mon',
    'Passwords have to be changed every 90 days.',
    'The expired directory is removed',
    'Fork us on our git server',
    'All sessions are recorded.',
  ])('"%s" mean nothing', (line) => expect(explainLoginWords([line])).toBeNull());
});

describe('our own command', () => {
  const command = bootstrapCommand('abc', null);

  it.each([
    [`fatal: unrecognized command '${command}'`, "fatal: unrecognized command '[our command]'"],
    [`    ${command.slice(0, 300)}`, '    [our command]'],
    [`    ${'^'.repeat(500)}`, '    ^…'],
    ['nothing of ours', 'nothing of ours'],
  ])('is cut out of what is said', (line, expected) => {
    expect(withoutOurCommand(line, command)).toBe(expected);
  });

  it('may be said a thousand times', () => {
    expect(withoutOurCommand(command.slice(0, 40).repeat(10_000), command).length).toBeLessThan(10_000);
    fc.assert(fc.property(fc.string(), fc.string(), (line, ours) => void withoutOurCommand(line, ours)));
  });
});

it('a node that does not say what it is gets a sentence with an end', () => {
  const mark = { system: '', machine: '', uid: '', hasNvidiaDriver: false, runtime: null };
  expect(explainMissingRuntime(mark, null)).toMatchObject({
    cause: 'no-runtime',
    detail: expect.stringContaining('no uname'),
    hint: expect.stringContaining('PATH'),
  });
});
