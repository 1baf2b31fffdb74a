import type { Stage } from '../../report/causes.ts';
import type { FailureDetail, SecretNeed } from '../../report/failure-detail.ts';
import { explainLoginWords } from '../bootstrap/login-words.ts';
import { headLimitOf } from '../head-limits.ts';

/** What is known of a connection when ssh2 reports an error. */
export interface ErrorContext {
  /** Null once the command runs. */
  stage: Stage | null;
  user: string;
  tried: readonly string[];
  needs: readonly SecretNeed[];
  secretRefused: boolean;
  /** A password was not offered, because a key got in before. */
  keyWorkedBefore: boolean;
  /** What the server said before its banner. */
  greeting: string;
  /** What it said before it let anybody in. */
  said: readonly string[];
  /** After so much silence the other end counts as dead. */
  silenceLimitMs: number;
}

/** The shape of ssh2's errors: `level` tells the part that failed, `code` the system's or the protocol's number. */
interface Ssh2Error {
  message: string;
  level: string;
  code: string | number | null;
}

const TOO_MANY_CONNECTIONS = 12;

function read(error: unknown): Ssh2Error {
  if (!(error instanceof Error)) return { message: String(error), level: '', code: null };
  const level = 'level' in error && typeof error.level === 'string' ? error.level : '';
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : null;
  return { message: error.message, level, code };
}

/** One that only says that the next key is tried. */
export function isPassing(error: unknown): boolean {
  const { level, message } = read(error);
  return level === 'agent' || (level === 'client-authentication' && /^Error (while )?signing/.test(message));
}

/** The connection ended before anything else was said about it. */
export function explainEnd(context: ErrorContext): FailureDetail {
  const { stage, greeting } = context;
  const said = greeting.trim().split('\n')[0]?.trim() ?? '';
  if (stage !== 'banner')
    return saidBefore(context) ?? { cause: 'closed', stage, detail: 'the server hung up' };
  if (/maxstartups|not allowed at this time/i.test(said)) return { cause: 'session-limit', detail: said };
  // sshd drops connections beyond MaxStartups like this, too: older ones without a word.
  if (said === '')
    return { cause: 'closed', stage, detail: 'the server hung up before its banner (MaxStartups?)' };
  return { cause: 'closed', stage, detail: `this is no SSH server, it said "${said.slice(0, 80)}"` };
}

/** sshd passes the words of PAM on, and then hangs up. */
function saidBefore({ stage, said }: ErrorContext): FailureDetail | null {
  return stage === 'login' ? explainLoginWords(said) : null;
}

function refusedLogin(context: ErrorContext, ...more: string[]): FailureDetail {
  const { user, tried, needs, secretRefused, keyWorkedBefore } = context;
  return { cause: 'auth', user, tried: [...tried, ...more], needs, secretRefused, keyWorkedBefore };
}

function explainHandshake(message: string): FailureDetail {
  return { cause: 'key-exchange', detail: message.replace(/^Handshake failed: /, '') };
}

/** A DISCONNECT message of the server, in its own words. */
function explainDisconnect(error: Ssh2Error, context: ErrorContext): FailureDetail {
  if (/too many authentication failures/i.test(error.message)) {
    return refusedLogin(context, 'then the server had enough');
  }
  if (error.code === TOO_MANY_CONNECTIONS) return { cause: 'session-limit', detail: error.message };
  return (
    explainLoginWords([error.message]) ??
    saidBefore(context) ?? { cause: 'closed', stage: context.stage, detail: error.message }
  );
}

/** A DISCONNECT has a number; all else without a level was thrown where ssh2 reads. */
const isOwn = ({ level, code }: Ssh2Error) => level === '' && typeof code !== 'number';

/** The one place where ssh2's errors become ours. */
export function explainSsh2Error(raw: unknown, context: ErrorContext): FailureDetail {
  const error = read(raw);
  const limit = headLimitOf(raw);
  if (limit !== null) return limit;
  switch (error.level) {
    case 'client-authentication':
      return refusedLogin(context);
    case 'handshake':
      return explainHandshake(error.message);
    case 'client-socket':
      if (error.code === 'ETIMEDOUT')
        return { cause: 'timeout', stage: context.stage, limitMs: context.silenceLimitMs };
      return { ...explainEnd(context), ...(context.stage === 'banner' ? {} : { detail: error.message }) };
    case 'protocol':
      return context.stage === 'banner'
        ? explainEnd(context)
        : { cause: 'closed', stage: context.stage, detail: error.message };
    default:
      // Before the banner there is no DISCONNECT: ssh2 could not read what was said.
      if (context.stage === 'banner' && context.greeting.trim() !== '') return explainEnd(context);
      return isOwn(error)
        ? { cause: 'unreadable', stage: context.stage, detail: error.message }
        : explainDisconnect(error, context);
  }
}
