import {
  asksForPassword,
  passphraseRequest,
  passwordRequest,
  type SecretRequest,
} from '../secrets/secret-request.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { SshSettings } from '../settings/ssh-settings-parse.ts';

/** What ssh asks through its askpass program. `odd` is a question that nothing kept can answer. */
export type OpensshPrompt = { kind: 'secret'; request: SecretRequest } | { kind: 'odd'; text: string };

function accountRequest(user: string, host: string, accounts: readonly SshSettings[]): SecretRequest {
  const isIt = ({ hostName, hostKeyAlias, originalHost }: SshSettings) =>
    [hostName, hostKeyAlias, originalHost].some((name) => name?.toLowerCase() === host.toLowerCase());
  const found = accounts.find((account) => account.user === user && isIt(account));
  if (found) return passwordRequest(found);
  // The ssh of somebody's ProxyCommand: its host is known by no more than this.
  return passwordRequest({ user, hostName: host, originalHost: host, hostKeyAlias: null, port: 22 });
}

/** Reads ssh's own wordings (LC_ALL=C). `accounts` are the node's and the jump hosts', the node's first. */
export function readPrompt(prompt: string, accounts: readonly SshSettings[]): OpensshPrompt {
  const passphrase = /^Enter passphrase for (?:key )?["'](.+)["']: ?$/.exec(prompt);
  if (passphrase?.[1]) return { kind: 'secret', request: passphraseRequest(passphrase[1]) };
  const password = /^(\S+)@(\S+)'s password: ?$/.exec(prompt);
  if (password?.[1] && password[2])
    return { kind: 'secret', request: accountRequest(password[1], password[2], accounts) };
  const [, user, host, question = prompt] = /^\((\S+?)@(\S+)\) ([\s\S]*)$/.exec(prompt) ?? [];
  if (!asksForPassword(question)) return { kind: 'odd', text: question };
  const [node] = accounts;
  if (user !== undefined && host !== undefined)
    return { kind: 'secret', request: accountRequest(user, host, accounts) };
  return node ? { kind: 'secret', request: passwordRequest(node) } : { kind: 'odd', text: question };
}

/** The questions of one ssh, and of those that it starts for jump hosts, and what became of the answers. */
export interface PromptDesk {
  /** Null where ssh gets no answer. */
  answer(prompt: string): string | null;
  /** The login worked, and those of all jump hosts. */
  succeeded(): void;
  /**
   * This account was refused: what was given for it counts no more, and has to be asked for anew. ssh does not say that
   * a passphrase was wrong, only that no key was left. True where a password was given.
   */
  refused(account: SshSettings, hadPartialSuccess: boolean): boolean;
  /** Some account was refused, of a host that is not known. True where a password was given. */
  refusedSomewhere(): boolean;
  missing(): SecretRequest[];
  /** The password of this account is not given away: a key got in before. */
  isWithheld(account: SshSettings): boolean;
  /** What it cannot go on without; null while it goes on. */
  stuckOn(): OpensshPrompt | null;
}

/** `onStuck` is called where going on would show the server an empty password. */
export function createPromptDesk(
  secrets: Secrets,
  accounts: readonly SshSettings[],
  onStuck: () => void,
): PromptDesk {
  const given = new Map<string, SecretRequest>();
  const missing = new Map<string, SecretRequest>();
  let stuckOn: OpensshPrompt | null = null;

  function lack(request: SecretRequest): null {
    missing.set(request.id, request);
    if (request.kind === 'password') stop({ kind: 'secret', request });
    return null;
  }

  function stop(prompt: OpensshPrompt): null {
    stuckOn ??= prompt;
    onStuck();
    return null;
  }

  function refuse(isWrong: (request: SecretRequest) => boolean): boolean {
    // Who asks for a code of the moment has taken the password before.
    if (stuckOn?.kind === 'odd') return false;
    const wrong = [...given.values()].filter(isWrong);
    for (const request of wrong) {
      secrets.refused(request);
      missing.set(request.id, request);
    }
    return wrong.some(({ kind }) => kind === 'password');
  }

  return {
    answer(prompt) {
      // Host keys are never accepted this way.
      if (/\(yes\/no/.test(prompt)) return 'no';
      const read = readPrompt(prompt, accounts);
      if (read.kind === 'odd') return stop(read);
      const { request } = read;
      // Asked a second time: the first answer was wrong. A key may serve several hosts.
      if (request.kind === 'password' && given.has(request.id)) return lack(request);
      const secret = secrets.find(request);
      if (secret === null) return lack(request);
      given.set(request.id, request);
      return secret;
    },
    succeeded() {
      for (const request of given.values()) secrets.accepted(request);
      given.clear();
    },
    refused(account, hadPartialSuccess) {
      const own = passwordRequest(account).id;
      return refuse(({ kind, id }) => (kind === 'password' ? id === own : !hadPartialSuccess));
    },
    refusedSomewhere: () => refuse(() => true),
    missing() {
      const all = [...missing.values()];
      // A key that waits for its passphrase is why none got in: no reason to ask for a password instead.
      const isKeyLocked = all.some(({ kind }) => kind === 'passphrase');
      return isKeyLocked ? all.filter((request) => !secrets.isWithheld(request)) : all;
    },
    isWithheld: (account) => secrets.isWithheld(passwordRequest(account)),
    stuckOn: () => stuckOn,
  };
}
