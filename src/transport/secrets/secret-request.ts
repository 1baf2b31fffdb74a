import { visibleText } from '../../lib/visible-text.ts';
import type { SshSettings } from '../settings/ssh-settings-parse.ts';

/** Something that only a person or a file of theirs can answer. */
export type SecretRequest = PasswordRequest | PassphraseRequest;

export interface PasswordRequest {
  kind: 'password';
  /** One password each: `ann@10.0.0.1:22`. */
  id: string;
  user: string;
  /** The host as it was asked for and as it resolved. */
  hosts: readonly string[];
  /** For a person: `ann@gpu01`. */
  label: string;
}

export interface PassphraseRequest {
  kind: 'passphrase';
  /** The key file. */
  id: string;
  label: string;
}

type Account = Pick<SshSettings, 'user' | 'hostName' | 'hostKeyAlias' | 'port' | 'originalHost'>;

/** The password of an account, as its settings resolve. */
export function passwordRequest(account: Account): PasswordRequest {
  const { user, hostName, hostKeyAlias, port, originalHost } = account;
  return {
    kind: 'password',
    id: `${user}@${hostName}:${port}`,
    user,
    hosts: [...new Set([originalHost, hostName, ...(hostKeyAlias === null ? [] : [hostKeyAlias])])],
    label: `${user}@${originalHost}`,
  };
}

/** The passphrase of a key file. */
export function passphraseRequest(keyFile: string): PassphraseRequest {
  return { kind: 'passphrase', id: keyFile, label: keyFile };
}

/** As ssh asks. */
export function promptOf(request: SecretRequest): string {
  return request.kind === 'password'
    ? `${request.label}'s password: `
    : `Enter passphrase for key '${request.label}': `;
}

/** For a person; the question may be a server's own words. */
export function unansweredQuestion(question: string): string {
  return `the question "${visibleText(question.trim()).slice(0, 80)}" needs a person each time`;
}

/** True for a question whose answer stays the same; a code of the moment cannot be kept. */
export function asksForPassword(prompt: string): boolean {
  return (
    /passw(?:or)?d|passwort|mot de passe|contraseña/i.test(prompt) &&
    !/one.?time|otp|new password/i.test(prompt)
  );
}
