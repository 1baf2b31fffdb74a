import { asksForPassword, passphraseRequest, passwordRequest, type SecretRequest } from './secret-request.ts';
import type { Secrets } from './secrets.ts';
import type { SshSettings } from './ssh-settings-parse.ts';

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

/** The questions of one ssh and what became of the answers. */
export interface PromptDesk {
  /** Null where ssh gets no answer. */
  answer(prompt: string): string | null;
  /** The login worked. */
  succeeded(): void;
  /** The server refused: what it was given counts no more. True where something was. */
  refused(): boolean;
  /** A key did not open. */
  passphraseWrong(path: string): void;
  missing(): SecretRequest[];
  /** Questions that only a person can answer each time. */
  odd(): string[];
}

/** `onStuck` is called where going on would show the server an empty password. */
export function createPromptDesk(
  secrets: Secrets,
  accounts: readonly SshSettings[],
  onStuck: () => void,
): PromptDesk {
  const given = new Map<string, SecretRequest>();
  const missing = new Map<string, SecretRequest>();
  const odd: string[] = [];

  function lack(request: SecretRequest): null {
    missing.set(request.id, request);
    if (request.kind === 'password') onStuck();
    return null;
  }

  return {
    answer(prompt) {
      const read = readPrompt(prompt, accounts);
      if (read.kind === 'odd') {
        // Host keys are never accepted this way: ssh takes no answer for a no.
        if (/\(yes\/no/.test(prompt)) return 'no';
        odd.push(read.text.trim());
        onStuck();
        return null;
      }
      const { request } = read;
      if (given.has(request.id)) {
        secrets.refused(request);
        return lack(request);
      }
      const secret = secrets.find(request);
      if (secret === null) return lack(request);
      given.set(request.id, request);
      return secret;
    },
    succeeded() {
      for (const request of given.values()) secrets.accepted(request);
      given.clear();
    },
    refused() {
      const passwords = [...given.values()].filter((request) => request.kind === 'password');
      if (odd.length > 0) return false;
      for (const request of passwords) secrets.refused(request);
      return passwords.length > 0;
    },
    passphraseWrong(path) {
      const request = given.get(path);
      if (request === undefined) return;
      given.delete(path);
      secrets.refused(request);
      missing.set(path, request);
    },
    missing: () => [...missing.values()],
    odd: () => odd,
  };
}
