import { HIDDEN, isSecret, mayBeSecret } from './secret-names.ts';

/** Names and values inside of a text: JSON, YAML, queries, connection strings, options. One pass, no way back. */

const NAME = /[\w.-]+/g;
/** Behind a name: its quote or bracket, and the sign. */
const SIGN = /[\\"'\]]{0,4}\s{0,8}([:=])[=>]{0,2}[^\S\n]{0,8}/y;
const GAP = /[^\S\n]{1,8}(?!--?[A-Za-z])/y;
const OPENING = /(\\{0,3})(["'`])/y;
/** What follows a comma or a blank where another name begins. */
const NEXT_NAME = /["'{+\\]{0,3}[\w.-]{1,80}["'\\]{0,2}\s?[:=]/y;
const NEXT_OPTION = /--?[A-Za-z]/y;
const SIGNATURE = /^(?:x-\w{1,8}-)?sig(?:nature)?$/i;
/** `secret:latest` is an image. */
const VERSION = /^(?:latest|stable|v?\d+\.\d+(?:\.\d+)?)$/;

interface Span {
  start: number;
  end: number;
}

function isAt(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

/** The quote that closes one with so many backslashes before it; the text's end where there is none. */
function closingQuote(text: string, from: number, slashes: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    let count = 0;
    while (at - 1 - count >= from && text[at - 1 - count] === '\\') count++;
    if (count <= slashes) return at - count;
  }
  return text.length;
}

interface BareValue {
  /** Behind a colon a value may hold blanks. */
  hasBlanks: boolean;
  /** A header's value ends with its line. */
  isHeader: boolean;
  /** Quotes that stand before the name: another one ends the value. */
  quotes: ReadonlySet<string>;
}

/** A sign that may be part of a password ends a value only where something else begins behind it. */
function isEnd(text: string, at: number, sign: string, { hasBlanks, isHeader }: BareValue): boolean {
  if (isHeader) return false;
  if (/\s/.test(sign)) {
    return !hasBlanks || isAt(NEXT_NAME, text, at + 1) || isAt(NEXT_OPTION, text, at + 1);
  }
  if (sign === ',' || sign === ';' || sign === '&') return isAt(NEXT_NAME, text, at + 1);
  return (sign === ')' || sign === '}' || sign === ']') && /^[\s,;)}\]"']?$/.test(text.charAt(at + 1));
}

function bareValueEnd(text: string, from: number, value: BareValue): number {
  for (let at = from; at < text.length; at++) {
    const sign = text.charAt(at);
    if (sign === '\n') return at;
    if (value.quotes.has(sign)) {
      while (at > from && text[at - 1] === '\\') at--;
      return at;
    }
    if (sign === '\\' && /[^\S\n]/.test(text.charAt(at + 1))) at++;
    else if (isEnd(text, at, sign, value)) return at;
  }
  return text.length;
}

/** Where the value stands that follows at `start`. */
function valueSpan(text: string, start: number, bare: BareValue): Span {
  OPENING.lastIndex = start;
  const opening = OPENING.exec(text);
  if (opening) {
    const [all = '', slashes = '', quote = ''] = opening;
    const from = start + all.length;
    return { start: from, end: closingQuote(text, from, slashes.length, quote) };
  }
  const open = text.charAt(start);
  if (open === '[' || open === '{') {
    const close = text.indexOf(open === '[' ? ']' : '}', start);
    return { start, end: close < 0 ? text.length : close + 1 };
  }
  return { start, end: bareValueEnd(text, start, bare) };
}

/** `http://token:80`, `auth::token`, `secret:/path`, `secret:latest` are no pairs. */
function isOtherColon(text: string, nameStart: number, span: Span): boolean {
  const before = text.charAt(nameStart - 1);
  const first = text.charAt(span.start);
  return (
    (before === '/' && nameStart !== 1) ||
    before === '@' ||
    before === ':' ||
    first === ':' ||
    first === '/' ||
    VERSION.test(text.slice(span.start, span.end))
  );
}

function secretAfter(
  text: string,
  nameStart: number,
  name: string,
  quotes: ReadonlySet<string>,
): Span | null {
  const nameEnd = nameStart + name.length;
  const before = text.charAt(nameStart - 1);
  const isSignature = before !== '' && '?&#'.includes(before) && SIGNATURE.test(name);
  const fullName = name.toLowerCase() === 'key' ? precedingWord(text, nameStart) + name : name;
  if (!isSignature && !mayBeSecret(fullName)) return null;
  SIGN.lastIndex = nameEnd;
  const sign = SIGN.exec(text);
  const isHeader = /(?:authorization|cookie)$/i.test(name);
  const isColon = sign?.[1] === ':';
  const bare = { hasBlanks: isColon, isHeader: isHeader && isColon, quotes };
  let start = nameEnd + (sign?.[0].length ?? 0);
  if (!sign) {
    const isOption = name.startsWith('-') && (before === '' || /[\s"']/.test(before));
    if (!isOption || !isAt(GAP, text, nameEnd)) return null;
    start = GAP.lastIndex;
  } else if (/\s$/.test(sign[0]) && isAt(NEXT_OPTION, text, start)) return null;
  const span = valueSpan(text, start, bare);
  if (sign?.[0] === ':' && isOtherColon(text, nameStart, span)) return null;
  const value = text.slice(span.start, span.end);
  return value !== '' && (isSignature ? value !== HIDDEN : isSecret(fullName, value)) ? span : null;
}

/** `api key`: the word before, with its blank. */
function precedingWord(text: string, nameStart: number): string {
  return /\w+ $/.exec(text.slice(Math.max(0, nameStart - 16), nameStart))?.[0] ?? '';
}

/** Hides the values of secret names in a text. Pure, keeps everything else. */
export function maskPairs(text: string): string {
  if (!/[:=\s]/.test(text)) return text;
  const quotes = new Set<string>();
  let masked = '';
  let done = 0;
  let looked = 0;
  NAME.lastIndex = 0;
  for (let found = NAME.exec(text); found !== null; found = NAME.exec(text)) {
    const before = text.slice(looked, found.index);
    if (before.includes('"')) quotes.add('"');
    if (before.includes("'")) quotes.add("'");
    looked = found.index;
    const span = secretAfter(text, found.index, found[0], quotes);
    if (span === null) continue;
    masked += text.slice(done, span.start) + HIDDEN;
    done = span.end;
    for (const quote of ['"', "'"]) if (text.slice(looked, span.start).includes(quote)) quotes.add(quote);
    looked = done;
    NAME.lastIndex = done;
  }
  return masked + text.slice(done);
}
