import { describe, expect, it } from 'vitest';
import { readPrompt } from '../openssh/prompts.ts';
import { parsePasswordFile } from './password-file.ts';
import { asksForPassword, passphraseRequest, passwordRequest } from './secret-request.ts';
import { createSecrets } from './secrets.ts';

const account = (user: string, host: string) =>
  passwordRequest({ user, hostName: `${host}.lab`, originalHost: host, hostKeyAlias: null, port: 22 });
const noSources = { file: null, program: null };

describe('a password file', () => {
  const text = [
    '# comment',
    '',
    'ann@gpu*   first second ',
    '*@login?.lab   "quoted"',
    'gpu01 never reached',
    '~/.ssh/id_ed25519 pass phrase',
    '/keys/other\ttabbed',
    'nothing-behind',
  ].join('\n');
  const { entries, problems } = parsePasswordFile(text, '/home/ann');
  const find = (request: Parameters<(typeof entries)[number]['matches']>[0]) =>
    entries.find((entry) => entry.matches(request))?.secret ?? null;

  it('gives the first line that fits, as it stands', () => {
    expect(find(account('ann', 'gpu01'))).toBe('first second ');
    expect(find(account('bob', 'gpu01'))).toBe('never reached');
    expect(find(account('bob', 'login1'))).toBe('"quoted"');
    expect(find(account('bob', 'login12'))).toBeNull();
    expect(find(account('ann', 'xgpu01'))).toBeNull();
    expect(find(passphraseRequest('/home/ann/.ssh/id_ed25519'))).toBe('pass phrase');
    expect(find(passphraseRequest('/keys/other'))).toBe('tabbed');
    expect(find(passphraseRequest('/keys/gpu01'))).toBeNull();
  });

  it('names a bad line by its number alone', () => {
    expect(problems).toEqual(['line 8 is not "PATTERN SECRET"']);
  });
});

describe('questions of ssh', () => {
  const settings = {
    user: 'ann',
    hostName: '10.0.0.1',
    originalHost: 'gpu01',
    hostKeyAlias: null,
    port: 2222,
  } as Parameters<typeof readPrompt>[1][number];

  it('are read in its own wordings', () => {
    const password = { kind: 'secret', request: { id: 'ann@10.0.0.1:2222', label: 'ann@gpu01' } };
    expect(readPrompt("ann@10.0.0.1's password: ", [settings])).toMatchObject(password);
    expect(readPrompt('(ann@10.0.0.1) Password: ', [settings])).toMatchObject(password);
    expect(readPrompt('Password: ', [settings])).toMatchObject(password);
    expect(readPrompt("bob@bastion's password: ", [settings])).toMatchObject({
      request: { id: 'bob@bastion:22' },
    });
    expect(readPrompt("Enter passphrase for key '/k/id': ", [])).toMatchObject({
      request: { kind: 'passphrase', id: '/k/id' },
    });
  });

  it.each(['(ann@10.0.0.1) Verification code: ', 'One-time password (OATH) for `ann`: ', 'New password: '])(
    'that a kept answer cannot serve are left alone: %s',
    (prompt) => {
      expect(readPrompt(prompt, [settings]).kind).toBe('odd');
      expect(asksForPassword(prompt)).toBe(false);
    },
  );
});

describe('secrets', () => {
  it('never offer again what was refused, unless somebody types it again', () => {
    const secrets = createSecrets(noSources);
    const request = account('ann', 'gpu01');
    secrets.attemptOver('gpu01', [request]);
    expect(secrets.answer('password ann', 'x')).toBe(true);
    expect(secrets.find(request)).toBe('x');
    secrets.refused(request);
    secrets.attemptOver('gpu01', [request]);
    expect(secrets.find(request)).toBeNull();
    expect(secrets.questions()).toEqual([
      { id: 'password ann', text: 'password of ann', nodes: ['gpu01'], refused: true },
    ]);
    secrets.answer('password ann', 'x');
    expect(secrets.find(request)).toBe('x');
  });

  it('go to one node first and then to the others, each of which is told', () => {
    const secrets = createSecrets(noSources);
    const nodes = ['gpu01', 'gpu02', 'gpu03'];
    for (const node of nodes) secrets.attemptOver(node, [account('ann', node)]);
    secrets.answer('password ann', 'x');
    expect(nodes.map((node) => secrets.find(account('ann', node)))).toEqual(['x', null, null]);
    expect(nodes.map(secrets.revision)).toEqual([1, 0, 0]);
    expect(secrets.questions()).toEqual([]);
    // The first is down: its turn passes on.
    secrets.attemptOver('gpu01', []);
    expect(nodes.map((node) => secrets.find(account('ann', node)))).toEqual(['x', 'x', null]);
    secrets.accepted(account('ann', 'gpu02'));
    expect(nodes.map((node) => secrets.find(account('ann', node)))).toEqual(['x', 'x', 'x']);
    expect(nodes.map(secrets.revision)).toEqual([1, 1, 1]);
  });

  it('of a jump host go through one node first, too', () => {
    const secrets = createSecrets(noSources);
    const hop = account('ann', 'bastion');
    for (const node of ['gpu01', 'gpu02']) secrets.attemptOver(node, [hop]);
    secrets.answer('password ann', 'wrong');
    expect(['gpu01', 'gpu02'].map(secrets.revision)).toEqual([1, 0]);
    secrets.refused(hop);
    secrets.attemptOver('gpu01', [hop]);
    expect(['gpu01', 'gpu02'].map(secrets.revision)).toEqual([1, 0]);
    expect(secrets.questions()).toMatchObject([{ nodes: ['gpu01', 'gpu02'], refused: true }]);
    secrets.answer('password ann', 'right');
    secrets.accepted(hop);
    expect(['gpu01', 'gpu02'].map(secrets.revision).sort()).toEqual([1, 2]);
  });

  it('stay with their own account', () => {
    const secrets = createSecrets(noSources);
    secrets.attemptOver('gpu01', [account('ann', 'gpu01')]);
    secrets.attemptOver('gpu02', [account('bob', 'gpu02')]);
    secrets.answer('password ann', 'x');
    expect(secrets.find(account('bob', 'gpu02'))).toBeNull();
    expect(secrets.answer('password carol', 'x')).toBe(false);
  });

  it('are forgotten as questions when the node gets in another way', () => {
    const secrets = createSecrets(noSources);
    secrets.attemptOver('gpu01', [account('ann', 'gpu01')]);
    secrets.attemptOver('gpu01', []);
    expect(secrets.questions()).toEqual([]);
  });

  it('are asked of a program once for each prompt, one after the other', async () => {
    const asked: string[] = [];
    let running = 0;
    const program = async (prompt: string) => {
      running += 1;
      expect(running).toBe(1);
      asked.push(prompt);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return `for ${prompt}`;
    };
    const secrets = createSecrets({ file: null, program });
    for (const node of ['gpu01', 'gpu02', 'gpu01']) secrets.attemptOver(node, [account('ann', node)]);
    await expect.poll(() => secrets.find(account('ann', 'gpu02'))).toBe("for ann@gpu02's password: ");
    expect(asked).toEqual(["ann@gpu01's password: ", "ann@gpu02's password: "]);
    expect(secrets.revision('gpu01')).toBe(1);
  });
});
