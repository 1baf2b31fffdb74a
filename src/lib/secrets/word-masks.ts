import { HIDDEN, isSecret } from './secret-names.ts';
import type { Rules } from './secret-options.ts';
import { maskPairs } from './secret-pairs.ts';
import { wrappingQuote } from './shell-words.ts';

/** How one word of a command line is masked, wherever it stands. */

/** A word before `:` and `@` that is no user, or no secret behind it. */
const USER_PASSWORD =
  /(^|[\s="'])(?!(?:mailto|e?mail|to|from|cc|user|username|npm|file|sip):)((?:[\w.-]{1,64}\/)?[^\s/:@="']{1,64}):[^\s/"']{1,128}@(?!sha\d)/gi;
const WHOLE_PAIR = /^([+~]{0,2}[\w.-]+)(?:=|:(?![:/]))[ \t]*/;
const VERSION = /^(?:latest|stable|v?\d+\.\d+(?:\.\d+)?)$/;
const OPTION = /^--?[A-Za-z]/;

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

/** A word of which nothing is known but what it says itself. */
export const maskWord = (word: string): string =>
  maskPairWord(word) ?? maskPairs(word).replace(USER_PASSWORD, `$1$2:${HIDDEN}@`);

/** The secret behind `split`; `file:` and `env:` say where it is. */
export function hideBehind(value: string, split: string): string {
  const quote = wrappingQuote(value);
  const bare = quote === '' ? value : value.slice(1, -1);
  if (split === '') return bare === '' ? value : quote + HIDDEN + quote;
  const at = bare.indexOf(split);
  if (at < 0 || at === bare.length - 1 || /^(?:file|env|fd)$/.test(bare.slice(0, at))) return value;
  return quote + bare.slice(0, at + 1) + HIDDEN + quote;
}

/** What becomes of the word that comes next; null where it is not what was awaited. */
export type Awaited = (word: string) => string | null;

/** The word after a name: hidden where that names a secret. */
export const hidesNext =
  (secretName: string): Awaited =>
  (word) =>
    !OPTION.test(word) && isSecret(secretName, word) ? hide(word) : null;

/** Neither an option nor a path, a drive, a URL or a pair. */
const isLoneValue = (word: string): boolean => word !== '' && !/^[-/\\*]|^\w:$|:\/\/|^[\w.-]+=./.test(word);

/** The word at `position` among those that are no options, from 1; null where no rule is about it. */
export function maskByPlace(rules: readonly Rules[], position: number, word: string): string | null {
  for (const { positions, words } of rules) {
    if (word !== '' && positions.includes(position)) return hide(word);
    if (words.has('each') && isLoneValue(word)) return hide(word);
    const sign = words.has('pairs') ? word.indexOf('=') : -1;
    if (sign > 0) return word.slice(0, sign + 1) + hideBehind(word.slice(sign + 1), '');
    if (words.has('login') && /^[^\s/@]{1,64}\/[^\s@]/.test(word))
      return word.replace(/^([^/]{1,64}\/)[^\s@]+/, `$1${HIDDEN}`);
  }
  return null;
}
