import type { AnyAuthMethod, AuthenticationType, Prompt } from 'ssh2';
import {
  asksForPassword,
  type PasswordRequest,
  passwordRequest,
  type SecretRequest,
  unansweredQuestion,
} from '../secrets/secret-request.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { IdentityFiles } from '../settings/identity-files.ts';
import type { SshSettings } from '../settings/ssh-settings-parse.ts';
import { gatherCandidates, type LoginCandidate, type LoginCandidates } from './candidates.ts';
import type { KeyOpener } from './locked-key.ts';

/** The log-in of one connection: what is tried in which order, and what became of it. */
export interface Login {
  /** What to try next, as ssh2's authHandler; false when nothing is left. */
  next(methodsLeft: AuthenticationType[] | null, partialSuccess: boolean | null): AnyAuthMethod | false;
  /** What was tried and what was left out, for a person. */
  tried(): string[];
  /** What the server is looking at. */
  current(): string;
  /** The server let us in. */
  succeeded(): void;
  /** What nobody has said yet, though it would be asked for. */
  missing(): SecretRequest[];
  secretRefused(): boolean;
  /** The server wanted a password where a key got in before; it was not offered. */
  keyWorkedBefore(): boolean;
  close(): void;
}

export interface LoginOptions {
  settings: SshSettings;
  identities: IdentityFiles;
  /** Null where nobody can be asked. */
  secrets: Secrets | null;
  opener: KeyOpener | null;
  /** Hears of a login by a key alone. */
  onKeyLogin: (account: PasswordRequest) => void;
}

type Method = 'publickey' | 'keyboard-interactive' | 'password';

/** One thing to try. `start` gives null where it cannot be tried after all. */
interface Attempt {
  method: Method;
  label: string;
  start(): AnyAuthMethod | null;
}

/** A server counts every key against MaxAuthTries, which is 6 unless set. */
const MAX_KEYS = 6;

const usualOrder: readonly Method[] = ['publickey', 'keyboard-interactive', 'password'];
const methodName = /^[a-z0-9@.-]{1,40}$/;

function isOn(settings: SshSettings, method: Method): boolean {
  switch (method) {
    case 'publickey':
      return settings.pubkeyAuthentication;
    case 'keyboard-interactive':
      return settings.kbdInteractiveAuthentication;
    case 'password':
      return settings.passwordAuthentication;
  }
}

function methodsOf(settings: SshSettings): Method[] {
  const preferred = settings.preferredAuthentications ?? usualOrder;
  return preferred.flatMap((name) =>
    usualOrder.filter((method) => method === name && isOn(settings, method)),
  );
}

/** The password of one account in one connection: it is offered once, whichever way the server asks. */
function createPasswordTry(settings: SshSettings, secrets: Secrets | null) {
  const request = passwordRequest(settings);
  let given: string | null = null;
  let refused = false;
  let missing = false;
  let withheld = false;
  const notes: string[] = [];

  function findSecret(): string | null {
    if (given !== null || refused) return null;
    const secret = secrets?.find(request) ?? null;
    withheld ||= secrets?.isWithheld(request) ?? false;
    missing ||= secret === null && secrets !== null;
    return secret;
  }

  /** Answers what a person would answer with the password; anything else stays without an answer. */
  function reply(prompts: readonly Prompt[], secret: string): string[] {
    if (prompts.length === 0) return [];
    const odd = prompts.find(({ prompt, echo }) => echo === true || !asksForPassword(prompt));
    if (odd) notes.push(unansweredQuestion(odd.prompt));
    if (odd || given !== null) return prompts.map(() => '');
    given = secret;
    return prompts.map(() => secret);
  }

  return {
    request,
    attempts: {
      password(): AnyAuthMethod | null {
        given = findSecret();
        return given === null ? null : { type: 'password', username: settings.user, password: given };
      },
      'keyboard-interactive'(): AnyAuthMethod | null {
        const secret = findSecret();
        if (secret === null) return null;
        return {
          type: 'keyboard-interactive',
          username: settings.user,
          prompt: (_name, _instructions, _language, prompts, finish) => finish(reply(prompts, secret)),
        };
      },
    },
    /** The server has judged what was given last. */
    judge(isGood: boolean): void {
      if (given === null || refused) return;
      if (isGood) secrets?.accepted(request);
      else if (notes.length === 0) {
        refused = true;
        secrets?.refused(request);
      }
    },
    missing: () => (missing || refused ? [request] : []),
    refused: () => refused,
    wasGiven: () => given !== null,
    withheld: () => withheld,
    notes: () => notes,
  };
}

const noKeys: LoginCandidates = { list: [], leftOut: [], close: () => undefined };

/** Makes the list of what to try ready before the connection is opened. */
export async function prepareLogin(options: LoginOptions): Promise<Login> {
  const { settings } = options;
  const methods = methodsOf(settings);
  const locked = new Map<string, SecretRequest>();
  const onMissing = (request: SecretRequest) => locked.set(request.id, request);
  const publicKeys = methods.includes('publickey');
  const keys = publicKeys ? await gatherCandidates({ ...options, onMissing }) : noKeys;
  const leftOut = [...keys.leftOut];
  if (!publicKeys) leftOut.push('no public keys (switched off in the ssh configuration)');
  else if (keys.list.length === 0 && leftOut.length === 0) leftOut.push('no key found');
  const login = createLogin(options, methods, keys.list, leftOut, keys.close);
  // A key that waits for its passphrase is why none got in: no reason to ask for a password instead.
  const isKeyLocked = () => locked.size > 0;
  return {
    ...login,
    keyWorkedBefore: () => !isKeyLocked() && login.keyWorkedBefore(),
    missing: () =>
      isKeyLocked() && login.keyWorkedBefore()
        ? [...locked.values()]
        : [...locked.values(), ...login.missing()],
  };
}

function keyAttempts(candidates: readonly LoginCandidate[]): Attempt[] {
  return candidates
    .slice(0, MAX_KEYS)
    .map(({ label, method }) => ({ method: 'publickey', label, start: () => method }));
}

function createLogin(
  { settings, secrets, onKeyLogin }: LoginOptions,
  methods: readonly Method[],
  keys: readonly LoginCandidate[],
  leftOut: readonly string[],
  close: () => void,
): Login {
  const password = createPasswordTry(settings, secrets);
  const remaining = methods.flatMap((method): Attempt[] =>
    method === 'publickey'
      ? keyAttempts(keys)
      : [{ method, label: 'the password', start: password.attempts[method] }],
  );
  const notes =
    keys.length > MAX_KEYS
      ? [`${keys.length - MAX_KEYS} more keys left out (servers allow ${MAX_KEYS})`]
      : [];
  const refused: string[] = [];
  let current: Attempt | null = null;
  let hasAsked = false;

  function note(methodsLeft: string[], partialSuccess: boolean): void {
    if (current === null) return;
    if (current.method !== 'publickey') password.judge(partialSuccess);
    const wanted = methodsLeft.filter((name) => methodName.test(name)).join(' or ');
    const isKey = current.method === 'publickey';
    if (partialSuccess) refused.push(`${current.label} (accepted, but the server also wants ${wanted})`);
    else if (isKey) refused.push(current.label);
    current = null;
  }

  /** The first that the server takes; what it does not take now it may take later. */
  function beginNext(methodsLeft: readonly string[] | null): AnyAuthMethod | null {
    for (const attempt of [...remaining]) {
      // Keys are shown unasked; a password is not.
      const isWanted =
        methodsLeft === null ? attempt.method === 'publickey' : methodsLeft.includes(attempt.method);
      if (!isWanted) continue;
      remaining.splice(remaining.indexOf(attempt), 1);
      const started = attempt.start();
      if (started === null) continue;
      current = attempt;
      return started;
    }
    return null;
  }

  function offered(methodsLeft: string[]): void {
    const names = methodsLeft.filter((name) => methodName.test(name));
    if (!names.includes('publickey')) notes.push(`the server takes only ${names.join(', ') || 'nothing'}`);
  }

  return {
    next(methodsLeft, partialSuccess) {
      note(methodsLeft ?? [], partialSuccess === true);
      const started = beginNext(methodsLeft);
      if (started !== null) return started;
      // Like ssh, ask once without any key: the server may want none, or says what it takes.
      if (!hasAsked && methodsLeft === null) {
        hasAsked = true;
        return { type: 'none', username: settings.user };
      }
      if (methodsLeft !== null) offered(methodsLeft);
      return false;
    },
    tried: () => [...refused, ...leftOut, ...password.notes(), ...notes],
    current: () => current?.label ?? 'no key',
    succeeded() {
      password.judge(true);
      if (current?.method === 'publickey' && !password.wasGiven()) onKeyLogin(password.request);
    },
    missing: password.missing,
    secretRefused: password.refused,
    keyWorkedBefore: password.withheld,
    close,
  };
}
