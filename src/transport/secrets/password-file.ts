import { readPrivateFile } from '../../config/private-file.ts';
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
      const now = readPrivateFile(path, userId);
      if (now === text) return;
      if (text !== null) onChange();
      text = now;
      const parsed = parsePasswordFile(now, home);
      entries = parsed.entries;
      found = parsed.problems.map((problem) => `password-file ${path}: ${problem}`);
    } catch (error) {
      text = '';
      entries = [];
      found = [
        `password-file ${path} is not used: ${error instanceof Error ? error.message : String(error)}`,
      ];
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
