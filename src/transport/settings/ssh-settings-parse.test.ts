import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LocalValues, parseRawSettings, parseSettings } from './ssh-settings-parse.ts';

const local: LocalValues = {
  localUser: 'lab',
  localUserId: 1000,
  localHostName: 'head.example',
  home: '/home/lab',
  environment: { SSH_AUTH_SOCK: '/run/agent', OTHER: '/run/other' },
};

const variable = (name: string) => `\${${name}}`;

const capture = (name: string) =>
  readFileSync(new URL(`./testdata/openssh-9.2-${name}.txt`, import.meta.url), 'utf8');
const parse = (name: string, host: string) => parseSettings(capture(name), host, local);

describe('parseSettings', () => {
  it('reads a host behind jump hosts', () => {
    expect(parse('proxyjump', 'jump')).toMatchObject({
      originalHost: 'jump',
      hostName: '10.0.0.7',
      port: 2200,
      user: 'lab',
      connectTimeoutMs: 5_000,
      identityFiles: ['/home/lab/.ssh/jump-lab'],
      certificateFiles: ['/home/lab/cert-10.0.0.7'],
      identitiesOnly: true,
      identityAgent: '/run/agent',
      hostKeyAlias: 'lab-node',
      strictHostKeyChecking: 'accept-new',
      hashKnownHosts: true,
      ciphers: ['aes128-ctr'],
      proxy: {
        kind: 'jump',
        hops: [
          { host: 'bastion', user: 'ops', port: 2022 },
          { host: 'inner', user: 'root', port: 22 },
        ],
      },
    });
  });

  it('reads a host behind a command', () => {
    expect(parse('proxycommand', 'cmd')).toMatchObject({
      proxy: { kind: 'command', command: 'nc -X cmd 22 lab cmd %' },
      strictHostKeyChecking: 'no',
      identityAgent: null,
      pubkeyAuthentication: false,
      preferredAuthentications: ['publickey', 'password'],
      addressFamily: 6,
      bindAddress: '::1',
    });
  });

  it('reads ssh’s defaults', () => {
    const settings = parse('defaults', 'plain');
    expect(settings).toMatchObject({
      port: 22,
      proxy: { kind: 'none' },
      strictHostKeyChecking: 'ask',
      connectTimeoutMs: null,
      hostKeyAlias: null,
      controlPath: null,
      addressFamily: 0,
      userKnownHostsFiles: ['/home/lab/.ssh/known_hosts', '/home/lab/.ssh/known_hosts2'],
      globalKnownHostsFiles: ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
    });
    expect(settings.identityFiles).toContain('/home/lab/.ssh/id_ed25519');
    expect(settings.ciphers).toContain('aes128-gcm@openssh.com');
  });

  it.each([
    ['SSH_AUTH_SOCK', '/run/agent'],
    ['$OTHER', '/run/other'],
    ['$UNSET', null],
    ['none', null],
    ['~/agent-%u', '/home/lab/agent-lab'],
    [`${variable('OTHER')}/x`, '/run/other/x'],
  ])('understands IdentityAgent %s', (value, expected) => {
    expect(parseSettings(`identityagent ${value}\n`, 'n1', local).identityAgent).toBe(expected);
  });

  it.each([
    [`${variable('UNSET')}/id`, 'the environment variable UNSET is not set'],
    ['~/%q', 'unknown token %q in "~/%q"'],
  ])('refuses IdentityFile and CertificateFile %s, as ssh does', (value, sentence) => {
    for (const key of ['identityfile', 'certificatefile'])
      expect(() => parseSettings(`${key} ${value}\n`, 'n1', local)).toThrow(sentence);
  });

  it.each([
    ['internal', null],
    ['$UNSET', null],
    ['$OTHER', '/run/other'],
    ['/usr/lib/sk.so', '/usr/lib/sk.so'],
  ])('understands SecurityKeyProvider %s', (value, expected) => {
    const { openssh } = parseSettings(`securitykeyprovider ${value}\n`, 'n1', local);
    expect(openssh.securityKeyProvider).toBe(expected);
  });

  it('keeps a path that holds a space whole', () => {
    const text = 'userknownhostsfile /a/with space/known /b\nglobalknownhostsfile none\n';
    const settings = parseSettings(text, 'n1', local);
    expect(settings.userKnownHostsFiles).toEqual(['/a/with space/known', '/b']);
    expect(settings.globalKnownHostsFiles).toEqual([]);
  });

  it('keeps every value of every keyword, in order', () => {
    const keyword = fc.stringMatching(/^[a-z]{1,12}$/);
    const value = fc.stringMatching(/^[!-~][ -~]{0,30}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(keyword, value)), (lines) => {
        const raw = parseRawSettings(lines.map((line) => line.join(' ')).join('\n'));
        for (const [key] of lines) {
          expect(raw.get(key)).toEqual(lines.filter(([other]) => other === key).map(([, text]) => text));
        }
      }),
    );
  });

  it('never fails on what ssh might print, but with a sentence', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseSettings(text, 'n1', local);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
