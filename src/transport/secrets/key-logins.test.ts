import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeyLogins } from './key-logins.ts';
import { passwordRequest } from './secret-request.ts';
import { createSecrets } from './secrets.ts';

const account = (user: string, host: string) =>
  passwordRequest({ user, hostName: `${host}.lab`, originalHost: host, hostKeyAlias: null, port: 22 });

describe('accounts where a key got in', () => {
  let folder = '';
  let file = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'key-logins-'));
    file = join(folder, 'state', 'key-logins.json');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are known after a restart, to two processes beside each other too', () => {
    const head = createKeyLogins(file);
    const check = createKeyLogins(file);
    head.add('ann@a:22');
    head.add('ann@b:22');
    head.dispose();
    check.add('ann@c:22');
    check.dispose();
    head.remove('ann@b:22');
    head.dispose();
    const again = createKeyLogins(file);
    expect(['ann@a:22', 'ann@b:22', 'ann@c:22'].map(again.has)).toEqual([true, false, true]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('are none in a file that is broken or cannot be written', () => {
    const before = createKeyLogins(file);
    before.add('ann@a:22');
    before.dispose();
    writeFileSync(file, '{"x":');
    const logins = createKeyLogins(file);
    expect(logins.has('ann@a:22')).toBe(false);
    logins.add('ann@b:22');
    logins.dispose();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(['ann@b:22']);
    const nowhere = createKeyLogins('/dev/null/x/key-logins.json');
    nowhere.add('ann@a:22');
    nowhere.dispose();
    expect(nowhere.has('ann@a:22')).toBe(true);
  });
});

describe('a password where a key got in before', () => {
  const known = account('ann', 'gpu01');
  const other = account('ann', 'gpu02');
  const fileOf = (secret: string) => () => ({ find: () => secret, problems: () => [] });

  it('is not told, neither from a file nor from what was answered for others', () => {
    const secrets = createSecrets({ file: fileOf('from the file'), program: null });
    expect(secrets.find(known)).toBe('from the file');
    secrets.keyWorked(known);
    expect(secrets.find(known)).toBeNull();
    expect(secrets.isWithheld(known)).toBe(true);
    expect(secrets.find(other)).toBe('from the file');
  });

  it('has a question of its own, whose answer counts for this account alone', () => {
    const secrets = createSecrets({ file: null, program: null });
    secrets.keyWorked(known);
    secrets.attemptOver('gpu01', [known]);
    secrets.attemptOver('gpu02', [other]);
    expect(secrets.questions()).toEqual([
      {
        id: 'password ann@gpu01.lab:22',
        text: 'password of ann@gpu01, where a key got in before and none does now',
        nodes: ['gpu01'],
        refused: false,
      },
      { id: 'password ann', text: 'password of ann', nodes: ['gpu02'], refused: false },
    ]);
    secrets.answer('password ann', 'x');
    secrets.accepted(other);
    expect(secrets.find(known)).toBeNull();
    expect(secrets.answer('password ann@gpu01.lab:22', 'y')).toBe(true);
    expect(secrets.find(known)).toBe('y');
    expect(secrets.isWithheld(known)).toBe(false);
  });

  it('is told again once it was taken, until a key gets in', () => {
    const logins = createKeyLogins(null);
    const secrets = createSecrets({ file: null, program: null, keyLogins: logins });
    secrets.keyWorked(known);
    secrets.attemptOver('gpu01', [known]);
    secrets.answer('password ann@gpu01.lab:22', 'y');
    secrets.accepted(known);
    expect(logins.has(known.id)).toBe(false);
    expect(secrets.find(known)).toBe('y');
    secrets.keyWorked(known);
    expect(secrets.find(known)).toBeNull();
  });

  it('is not asked for by a program, which would ask without a word of why', async () => {
    const asked: string[] = [];
    const program = async (prompt: string) => {
      asked.push(prompt);
      return 'x';
    };
    const secrets = createSecrets({ file: null, program });
    secrets.keyWorked(known);
    secrets.attemptOver('gpu01', [known]);
    secrets.attemptOver('gpu02', [other]);
    await expect.poll(() => secrets.find(other)).toBe('x');
    expect(asked).toEqual(["ann@gpu02's password: "]);
  });
});
