/** Secrets in the arguments of programs are hidden before they leave the node. */

import { pipedSecrets } from './piped-secrets.ts';
import { HIDDEN, isSecret } from './secret-names.ts';
import {
  generalRules,
  isKnownProgram,
  isShell,
  isWrapper,
  type OptionRule,
  programName,
  type Rules,
  rulesOf,
  startsShell,
  valueStart,
} from './secret-options.ts';
import { maskPairs } from './secret-pairs.ts';
import { maskExpect, maskShapes } from './secret-shapes.ts';
import { isGap, isOperator, shellTokens, wrappingQuote } from './shell-words.ts';

/** Users may make words as long as they like; of all of them a thousand characters are shown. */
const MAX_WORD_LENGTH = 2048;
const MAX_ALL_LENGTH = 8192;
const CUT = '…';

/** A shell's text within a shell's text, and so on. */
const MAX_DEPTH = 3;

/** A word before `:` and `@` that is no user, or no secret behind it. */
const USER_PASSWORD =
  /(^|[\s="'])(?!(?:mailto|e?mail|to|from|cc|user|username|npm|file|sip):)((?:[\w.-]{1,64}\/)?[^\s/:@="']{1,64}):[^\s/"']{1,128}@(?!sha\d)/gi;
const WHOLE_PAIR = /^([+~]{0,2}[\w.-]+)(?:=|:(?![:/]))[ \t]*/;
const VERSION = /^(?:latest|stable|v?\d+\.\d+(?:\.\d+)?)$/;
const COMMAND_OPTION = /^(?:--(?:wrap|command|cmd|exec|rsh)|core\.sshCommand)$/;
/** Options that give something a name, which may be a program's. */
const NAMING_OPTION = /^(?:--name|--hostname|--network|--network-alias|--link|--container|--user|-u|-h)$/;
const SHELL_KEYWORD = /^(?:if|then|else|elif|do|while|until|!|\{)$/;
const ASSIGNMENT = /^\w+=/;
const OPTION = /^--?[A-Za-z]/;
/** Cut where a value or a part of it begins, so that no part of a secret is left that nothing knows any more. */
function cutWord(word: string, maxLength: number): string {
  if (word.length <= maxLength) return word;
  let end = maxLength - 1;
  while (end > 0 && !/[\s,;&=:/?"'@]/.test(word.charAt(end - 1))) end--;
  return word.slice(0, Math.max(0, end)) + CUT;
}

/** All but its quotes. */
function hide(value: string): string {
  const quote = wrappingQuote(value);
  return quote + HIDDEN + quote;
}

function maskPairWord(word: string): string | null {
  const [head = '', name = ''] = WHOLE_PAIR.exec(word) ?? [];
  if (head === '') return null;
  const isColon = word.charAt(name.length) === ':';
  const line = isColon ? word.indexOf('\n', head.length) : -1;
  const end = line < 0 ? word.length : line;
  const value = word.slice(head.length, end);
  if (!isSecret(name, value) || (isColon && VERSION.test(value))) return null;
  return head + hide(value) + maskPairs(word.slice(end));
}

const maskWord = (word: string): string =>
  maskPairWord(word) ?? maskPairs(word).replace(USER_PASSWORD, `$1$2:${HIDDEN}@`);

/** The secret behind `split`; `file:` and `env:` say where it is. */
function hideBehind(value: string, split: string): string {
  const quote = wrappingQuote(value);
  const bare = quote === '' ? value : value.slice(1, -1);
  if (split === '') return bare === '' ? value : quote + HIDDEN + quote;
  const at = bare.indexOf(split);
  if (at < 0 || at === bare.length - 1 || /^(?:file|env|fd)$/.test(bare.slice(0, at))) return value;
  return quote + bare.slice(0, at + 1) + HIDDEN + quote;
}

/** Neither an option nor a path, a drive, a URL or a pair. */
const isLoneValue = (word: string): boolean => word !== '' && !/^[-/\\*]|^\w:$|:\/\/|^[\w.-]+=./.test(word);

function isCommandLine(text: string): boolean {
  const first = shellTokens(text).find((token) => !isGap(token) && !ASSIGNMENT.test(token));
  return first !== undefined && isKnownProgram(programName(first));
}

function maskShell(text: string, depth: number): string {
  const tokens = shellTokens(text);
  const piped = pipedSecrets(tokens);
  const masker = createMasker('', depth);
  const masked = tokens.map((token, at) => {
    if (isGap(token)) return token;
    if (isOperator(token)) {
      masker.restart();
      return token;
    }
    const quote = wrappingQuote(token);
    const word = quote === '' ? token : token.slice(1, -1);
    const said = masker.next(word);
    return quote + (piped.has(at) && !word.startsWith('-') ? HIDDEN : said) + quote;
  });
  return masked.join('');
}

/** Reads a command word by word; without a program the first word names it. */
function createMasker(program: string, depth: number) {
  let name = '';
  let active: readonly Rules[] = [];
  let options: readonly OptionRule[] = generalRules;
  /** The word that comes may be its secret; null where it is not. */
  let awaited: ((word: string) => string | null) | null = null;
  let previous = '';
  let position = 0;
  /** Since `config` or `set`: names and values are words of their own. */
  let isConfiguring = false;
  let isProgramNext = false;
  /** Another program started it: of a container with a program's name, a shell may follow. */
  let isWrapped = false;

  function setActive(found: readonly Rules[]): void {
    active = found;
    options = [...found.flatMap((rules) => rules.options), ...generalRules];
  }

  function begin(path: string): void {
    isWrapped = isWrapper(name) || (isWrapped && path !== '');
    name = programName(path);
    const found = rulesOf(name);
    setActive(found ? [found] : []);
    awaited = null;
    position = 0;
    isConfiguring = false;
    isProgramNext = false;
  }

  function restart(): void {
    begin('');
    isWrapped = false;
    previous = '';
    isProgramNext = true;
  }

  const hidesNext = (secretName: string) => (word: string) =>
    !OPTION.test(word) && isSecret(secretName, word) ? hide(word) : null;

  /** `Authorization:` `Bearer` `x` as three words. */
  function awaitHeader(header: string): void {
    awaited = (word) => {
      if (!/^(?:bearer|basic|token|digest|negotiate)$/i.test(word)) return hidesNext(header)(word);
      awaitHeader(header);
      return word;
    };
  }

  const isForShell = (): boolean =>
    startsShell(name) || COMMAND_OPTION.test(previous) || (isShell(name) && /^-\w{0,12}c$/.test(previous));

  function maskText(word: string): string {
    if (name === 'expect') return maskWord(maskExpect(word));
    if (depth === 0 || !/\s/.test(word)) return maskWord(word);
    if (isForShell() || isCommandLine(word)) return maskShell(word, depth - 1);
    const sign = word.indexOf('=');
    const option = word.slice(0, sign);
    const isCommand =
      COMMAND_OPTION.test(option) || (option.startsWith('-') && isCommandLine(word.slice(sign + 1)));
    if (sign < 0 || !isCommand || isSecret(option, word.slice(sign + 1))) return maskWord(word);
    const quote = wrappingQuote(word.slice(sign + 1));
    const text = quote === '' ? word.slice(sign + 1) : word.slice(sign + 2, -1);
    return `${option}=${quote}${maskShell(text, depth - 1)}${quote}`;
  }

  function maskByOption(word: string): string | null {
    for (const rule of options) {
      const at = valueStart(rule, word);
      if (at < 0) continue;
      if (at < word.length) {
        return rule.isHarmless ? word : word.slice(0, at) + hideBehind(word.slice(at), rule.split);
      }
      if (rule.isName) {
        awaited = (named) => {
          awaited = hidesNext(named);
          return named;
        };
        return word;
      }
      awaited = rule.isHarmless
        ? maskText
        : (value) => (/^--[a-z]/.test(value) ? null : hideBehind(value, rule.split));
      return word;
    }
    return null;
  }

  function maskByPlace(word: string): string | null {
    for (const { positions, words } of active) {
      if (word !== '' && positions.includes(position)) return hide(word);
      if (words.has('each') && isLoneValue(word)) return hide(word);
      const sign = words.has('pairs') ? word.indexOf('=') : -1;
      if (sign > 0) return word.slice(0, sign + 1) + hideBehind(word.slice(sign + 1), '');
      if (words.has('login') && /^[^\s/@]{1,64}\/[^\s@]/.test(word))
        return word.replace(/^([^/]{1,64}\/)[^\s@]+/, `$1${HIDDEN}`);
    }
    return null;
  }

  function maskBare(word: string): string {
    const mayStart = isWrapper(name) ? isKnownProgram : isWrapped ? isShell : null;
    if (mayStart?.(programName(word)) && /^[\w./+-]+$/.test(word) && !NAMING_OPTION.test(previous)) {
      begin(word);
      return word;
    }
    const lower = word.toLowerCase();
    const more = /^[\w:-]{1,24}$/.test(lower) ? rulesOf(`${name}/${lower}`) : null;
    if (more) {
      setActive([...active, more]);
      position = 0;
      return word;
    }
    const placed = maskByPlace(word);
    if (placed !== null) return placed;
    if (/^(?:config|configure|set|modify)$/.test(lower)) isConfiguring = true;
    // `set-credentials NAME` is a command, and no name of a secret.
    const isCommand = lower.startsWith('set-');
    const holdsNames = (isConfiguring && !isCommand) || active.some(({ words }) => words.has('names'));
    if (holdsNames && /^[\w.:@/-]{1,256}$/.test(word))
      awaited = hidesNext(word.slice(Math.max(word.lastIndexOf('/'), word.lastIndexOf(':')) + 1));
    if (/^[\w.-]{1,64}:$/.test(word)) awaitHeader(word);
    return maskText(word);
  }

  function maskProgram(word: string): string {
    if (ASSIGNMENT.test(word)) return maskWord(word);
    if (!SHELL_KEYWORD.test(word)) begin(word);
    return maskWord(word);
  }

  function mask(word: string): string {
    const isOption = word.startsWith('-');
    if (!isOption) position++;
    const expected = awaited;
    awaited = null;
    const answer = expected?.(word) ?? null;
    if (answer !== null) return answer;
    if (isProgramNext) return maskProgram(word);
    const byOption = maskByOption(word);
    if (byOption !== null) return byOption;
    if (!isOption) return maskBare(word);
    if (/^--?[A-Za-z][\w.-]*$/.test(word)) awaited = hidesNext(word);
    return maskText(word);
  }

  function next(word: string): string {
    const said = mask(word);
    previous = said;
    return said;
  }

  if (program === '') restart();
  else begin(program);
  return { next, restart };
}

/**
 * Masks `--password x`, `TOKEN=x`, `user:x@host` and their kin in argv[1..]; of very long words and lists the rest is
 * cut off. Pure; keeps the number of words, never throws, takes time in proportion to what it is given.
 */
export function maskSecrets(program: string, words: readonly string[]): string[] {
  const masker = createMasker(program === '' ? '-' : program, MAX_DEPTH);
  let room = MAX_ALL_LENGTH;
  return words.map((word) => {
    if (room <= 0) return CUT;
    const kept = cutWord(word, Math.min(MAX_WORD_LENGTH, room));
    room -= kept.length + 1;
    return masker.next(maskShapes(kept));
  });
}
