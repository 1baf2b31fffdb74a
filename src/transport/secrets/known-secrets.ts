import { createHash } from 'node:crypto';
import type { KeyLogins } from './key-logins.ts';
import type { PasswordFile } from './password-file.ts';
import type { PasswordRequest, SecretRequest } from './secret-request.ts';

/** What is known, what of it was refused, and what is withheld although it is known. */
export interface KnownSecrets {
  /** Null while nobody has said, and where it is withheld. Never one that was refused. */
  find(request: SecretRequest): string | null;
  /** A key got in there before. */
  isGuarded(request: SecretRequest): boolean;
  isWithheld(request: SecretRequest): boolean;
  keep(requestId: string, secret: string): void;
  /** What `find` says now is not said again; false where it says nothing. */
  refuse(request: SecretRequest): boolean;
  /** A person has said it: it may be tried again, and where a key got in, too. */
  allow(request: SecretRequest, secret: string): void;
  keyWorked(request: PasswordRequest): void;
  passwordWorked(request: PasswordRequest): void;
  problems(): string[];
  dispose(): void;
}

export interface KnownSecretSources {
  file: ((onChange: () => void) => PasswordFile) | null;
  keyLogins: KeyLogins;
}

const digest = (secret: string) => createHash('sha256').update(secret).digest('base64');

/** A changed file may say again what was refused; `onFileChange` is called then. */
export function createKnownSecrets(
  { file: openFile, keyLogins }: KnownSecretSources,
  onFileChange: () => void,
): KnownSecrets {
  const known = new Map<string, string>();
  const refusals = new Map<string, Set<string>>();
  /** Accounts whose password a person has given although a key got in before. */
  const allowed = new Set<string>();
  const file =
    openFile?.(() => {
      refusals.clear();
      onFileChange();
    }) ?? null;

  const isGuarded = (request: SecretRequest) => request.kind === 'password' && keyLogins.has(request.id);
  const isWithheld = (request: SecretRequest) => isGuarded(request) && !allowed.has(request.id);
  const isRefused = (request: SecretRequest, secret: string) =>
    refusals.get(request.id)?.has(digest(secret)) ?? false;

  function find(request: SecretRequest): string | null {
    if (isWithheld(request)) return null;
    for (const secret of [file?.find(request), known.get(request.id)]) {
      if (typeof secret === 'string' && !isRefused(request, secret)) return secret;
    }
    return null;
  }

  return {
    find,
    isGuarded,
    isWithheld,
    keep(requestId, secret) {
      known.set(requestId, secret);
    },
    refuse(request) {
      const secret = find(request);
      if (secret === null) return false;
      const found = refusals.get(request.id) ?? new Set();
      refusals.set(request.id, found.add(digest(secret)));
      if (known.get(request.id) === secret) known.delete(request.id);
      return true;
    },
    allow(request, secret) {
      refusals.get(request.id)?.delete(digest(secret));
      allowed.add(request.id);
    },
    keyWorked({ id }) {
      allowed.delete(id);
      keyLogins.add(id);
    },
    passwordWorked: ({ id }) => keyLogins.remove(id),
    problems: () => file?.problems() ?? [],
    dispose() {
      known.clear();
      keyLogins.dispose();
    },
  };
}
