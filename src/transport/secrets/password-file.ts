import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { expandHome } from '../settings/ssh-tokens.ts';
import type { SecretRequest } from './secret-request.ts';

/** A line of the password file. */
interface Entry {
  matches(request: SecretRequest): boolean;
  secret: string;
}

/**
 * The file of passwords and passphrases. One a line: `[USER@]HOST SECRET` with `*` and `?` in USER and HOST, or
 * `KEYFILE SECRET` with a path that begins with `/` or `~/`. The first line that fits counts; `#` begins a comment line.
 */
export interface PasswordFile {
  find(request: SecretRequest): string | null;
  /** Why the file or lines of it are not used. */
  problems(): string[];
}

const LOOK_EVERY_MS = 1_000;
const MAX_BYTES = 1024 * 1024;

function wildcard(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i');
}

function matcherOf(pattern: string, home: string): Entry['matches'] {
  if (/^[/~]/.test(pattern)) {
    const path = expandHome(pattern, home);
    return (request) => request.kind === 'passphrase' && request.id === path;
  }
  const at = pattern.lastIndexOf('@');
  const user = wildcard(at < 0 ? '*' : pattern.slice(0, at));
  const host = wildcard(pattern.slice(at + 1));
  return (request) =>
    request.kind === 'password' && user.test(request.user) && request.hosts.some((name) => host.test(name));
}

/** Reads the lines. Problems name the line, never what stands in it. */
export function parsePasswordFile(text: string, home: string): { entries: Entry[]; problems: string[] } {
  const entries: Entry[] = [];
  const problems: string[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (/^\s*(#|$)/.test(line)) return;
    const [, pattern, secret] = /^\s*(\S+)[ \t]+(.+)$/.exec(line) ?? [];
    if (pattern === undefined || secret === undefined)
      problems.push(`line ${index + 1} is not "PATTERN SECRET"`);
    else entries.push({ matches: matcherOf(pattern, home), secret });
  });
  return { entries, problems };
}

/** Opens a file that only its owner can read and nobody else can have put there. Throws a sentence. */
function readPrivate(path: string, userId: number): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new Error('it is not a regular file');
    if (found.uid !== userId) throw new Error('it belongs to another user');
    if (found.nlink !== 1) throw new Error('it has a second name (hard link)');
    if ((found.mode & 0o077) !== 0) throw new Error(`others can read it; close it first: chmod 600 ${path}`);
    if (found.size > MAX_BYTES) throw new Error('it is larger than 1 MiB');
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ELOOP') return 'it is a symbolic link';
  if (code === 'ENOENT') return 'it is not there';
  return error instanceof Error ? error.message : String(error);
}

/** Looked at again when it is a second old. `onChange` is called when what it says may have changed. */
export function createPasswordFile(
  path: string,
  home: string,
  userId: number,
  onChange: () => void,
): PasswordFile {
  let entries: Entry[] = [];
  let found: string[] = [];
  let text: string | null = null;
  let lookedMs = Number.NEGATIVE_INFINITY;

  function look(): void {
    const nowMs = performance.now();
    if (nowMs - lookedMs < LOOK_EVERY_MS) return;
    lookedMs = nowMs;
    try {
      const now = readPrivate(path, userId);
      if (now === text) return;
      if (text !== null) onChange();
      text = now;
      const parsed = parsePasswordFile(now, home);
      entries = parsed.entries;
      found = parsed.problems.map((problem) => `password-file ${path}: ${problem}`);
    } catch (error) {
      text = '';
      entries = [];
      found = [`password-file ${path} is not used: ${reasonOf(error)}`];
    }
  }

  return {
    find(request) {
      look();
      return entries.find((entry) => entry.matches(request))?.secret ?? null;
    },
    problems() {
      look();
      return found;
    },
  };
}
