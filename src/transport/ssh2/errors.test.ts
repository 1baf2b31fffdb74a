import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Stage, stages } from '../../report/causes.ts';
import { type ErrorContext, explainEnd, explainSsh2Error, isPassing } from './errors.ts';

const context = (stage: Stage | null, greeting = ''): ErrorContext => ({
  stage,
  user: 'lab',
  tried: ['/key'],
  needs: [],
  secretRefused: false,
  keyWorkedBefore: false,
  greeting,
  said: [],
  silenceLimitMs: 13_500,
});

const error = (message: string, extra: object = {}) => Object.assign(new Error(message), extra);

describe('explainSsh2Error', () => {
  it.each<[string, object, Stage | null, string]>([
    ['All configured authentication methods failed', { level: 'client-authentication' }, 'login', 'auth'],
    ['Handshake failed: no matching C->S cipher', { level: 'handshake' }, 'keys', 'key-exchange'],
    ['read ECONNRESET', { level: 'client-socket', code: 'ECONNRESET' }, 'keys', 'closed'],
    ['read ETIMEDOUT', { level: 'client-socket', code: 'ETIMEDOUT' }, null, 'timeout'],
    ['Connection lost before handshake', { level: 'protocol' }, 'banner', 'closed'],
    ['Too many authentication failures', { code: 2 }, 'login', 'auth'],
    ['Too many connections', { code: 12 }, 'login', 'session-limit'],
    ['bye', { code: 11 }, null, 'closed'],
    // ssh2's own reading: of a banner that is too long, of rubbish.
    ['Bad packet length', {}, 'login', 'unreadable'],
    ['Bad packet length: 1179928', {}, 'keys', 'unreadable'],
    ['Invalid MAC', {}, null, 'unreadable'],
    ['Access denied by PAM account configuration', { code: 2 }, 'login', 'account-refused'],
    ['read EMFILE', { level: 'client-socket', code: 'EMFILE' }, 'banner', 'head-limit'],
  ])('takes "%s" for what it is', (message, extra, stage, cause) => {
    expect(explainSsh2Error(error(message, extra), context(stage)).cause).toBe(cause);
  });

  it.each([
    ['Exceeded MaxStartups\r\n', 'session-limit'],
    ['Not allowed at this time\r\n', 'session-limit'],
    ['HTTP/1.1 400 Bad Request\r\n', 'closed'],
    ['', 'closed'],
  ])('hears "%s" before the banner', (greeting, cause) => {
    expect(explainEnd(context('banner', greeting)).cause).toBe(cause);
  });

  it('says what a server said that ssh2 could not read', () => {
    const detail = explainSsh2Error(error('Header line too long'), context('banner', '<html>'.repeat(2_000)));
    expect(detail).toMatchObject({
      cause: 'closed',
      detail: expect.stringContaining('it said "<html><html>'),
    });
  });

  it('takes the words of PAM before the server hung up for its reason', () => {
    const said = ['Your account has expired; please contact your system administrator.'];
    expect(explainEnd({ ...context('login'), said }).cause).toBe('account-refused');
    expect(explainEnd({ ...context('keys'), said }).cause).toBe('closed');
  });

  it('goes on after an agent that would not sign', () => {
    expect(isPassing(error('Agent refused', { level: 'agent' }))).toBe(true);
    expect(isPassing(error('Error while signing with key: x', { level: 'client-authentication' }))).toBe(
      true,
    );
    expect(
      isPassing(error('All configured authentication methods failed', { level: 'client-authentication' })),
    ).toBe(false);
  });

  it('has an answer to anything', () => {
    const anything = fc.record({ level: fc.string(), code: fc.oneof(fc.string(), fc.integer()) });
    fc.assert(
      fc.property(fc.string(), anything, fc.constantFrom(null, ...stages), (message, extra, stage) => {
        expect(explainSsh2Error(error(message, extra), context(stage)).cause).toBeTruthy();
      }),
    );
  });
});
