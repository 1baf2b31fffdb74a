/** Passwords that a shell's text hands to a program through a pipe or a here-string. */

import { isGap, isOperator } from './shell-words.ts';

/** What reads a password from what is piped into it. */
const READS_SECRET =
  /^(?:-\w{0,8}S|--password-stdin|--passwd-on-stdin|--stdin|--with-token|--passphrase-fd|chpasswd|passwd|smbpasswd|cryptsetup|kinit)$/;

/** Which words of `echo WORDS | sudo -S …` and `sudo -S … <<< WORD` are read as a password. */
export function pipedSecrets(tokens: readonly string[]): ReadonlySet<number> {
  const found = new Set<number>();
  /** Words said so far by a row of `echo`s, those that a pipe brings, and those of the command itself. */
  let said: number[] = [];
  let piped: number[] = [];
  let command: number[] = [];
  let isRead = false;
  function end(operator: string): void {
    const isEcho = /^(?:echo|printf|yes)$/.test(tokens[command[0] ?? -1] ?? '');
    said = isEcho ? [...said, ...command.slice(1)] : command.length > 0 ? [] : said;
    if (isRead) for (const word of [...piped, ...hereWords(tokens, command)]) found.add(word);
    piped = operator === '|' ? said : [];
    if (operator === '|') said = [];
    command = [];
    isRead = false;
  }
  for (const [at, token] of tokens.entries()) {
    if (isOperator(token)) end(token);
    else if (!isGap(token)) {
      command.push(at);
      isRead ||= READS_SECRET.test(token);
    }
  }
  end('');
  return found;
}

/** Words behind `<<<`, attached or not. */
const hereWords = (tokens: readonly string[], command: readonly number[]): number[] =>
  command.filter((at, place) => /^<<<./.test(tokens[at] ?? '') || tokens[command[place - 1] ?? -1] === '<<<');
