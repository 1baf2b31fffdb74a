/**
 * What a configuration could tell two names apart by: the patterns of its `Host` and `Match` lines. What a line means
 * is ssh's to say; what is not plainly written is not understood here, and then every name is asked for.
 */
export interface TellingLines {
  lists: PatternList[];
  /** Values of HostName that hold the name (`%h.example.org`), by which patterns may be compared too. */
  hostNames: Set<string>;
  /** `Match host` or `Match final` is there: patterns are compared with what HostName made of the name. */
  looksAtHostName: boolean;
  /** Where names may be told apart by something else. */
  unclear: boolean;
}

/** Patterns of which ssh asks two things: does one match, does one with `!` match? */
export interface PatternList {
  positive: string[];
  negated: string[];
  anyCase: boolean;
}

const BLANK_LINE = /^[ \t\r\f]*(?:#.*)?$/s;
const PLAIN_LINE = /^[ \t\r]*([A-Za-z0-9]+)(?:[ \t\r]*=[ \t\r]*|[ \t\r]+)(.+)$/s;
const PLAIN_WORD = /^[^"'\\=\f]+$/;
const QUOTED_WORD = /^"([^"'\\=#\f]+)"$/;
/** ssh cuts patterns at 1,024 characters. */
const MAX_WORD_LENGTH = 1_000;

interface Words {
  words: string[];
  /** What stands behind `#`: a comment to some versions of ssh, words to others. */
  comment: string[];
}

/** The words of a line, or null where versions of ssh could split it otherwise. */
function plainWords(text: string): Words | null {
  const found: Words = { words: [], comment: [] };
  for (const word of text.split(/[ \t\r]+/).filter(Boolean)) {
    const plain = PLAIN_WORD.test(word) ? word : QUOTED_WORD.exec(word)?.[1];
    if (plain === undefined || plain.length > MAX_WORD_LENGTH) return null;
    const isComment = found.comment.length > 0 || word.startsWith('#');
    (isComment ? found.comment : found.words).push(plain);
  }
  return found;
}

function patternList(words: readonly string[], anyCase: boolean): PatternList {
  const negated = words.filter((word) => word.startsWith('!')).map((word) => word.slice(1));
  return { positive: words.filter((word) => !word.startsWith('!')), negated, anyCase };
}

/** Takes the criteria of a `Match`; false where one of them is not understood. */
function takeMatch(words: readonly string[], lines: TellingLines): boolean {
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    switch (word.toLowerCase().replace(/^!/, '')) {
      case 'all':
        break;
      case 'final':
      case 'canonical':
        lines.looksAtHostName = true;
        break;
      case 'host':
        lines.looksAtHostName = true;
        lines.lists.push(patternList((left.shift() ?? '').split(','), true));
        break;
      case 'originalhost':
        lines.lists.push(patternList((left.shift() ?? '').split(','), true));
        break;
      case 'user':
      case 'localuser':
        left.shift();
        break;
      default:
        return false;
    }
  }
  return true;
}

/** Takes one setting; false where it is not understood. */
function takeSetting(keyword: string, rest: string, lines: TellingLines): boolean {
  // Newer versions expand tokens of these, so that the name could decide what is read, or whose block counts.
  if (keyword === 'include' || keyword === 'user') return !/[%$]/.test(rest);
  if (keyword !== 'host' && keyword !== 'match' && keyword !== 'hostname') return true;
  const found = plainWords(rest);
  if (found === null) return false;
  if (keyword === 'match') return takeMatch(found.words, lines);
  if (keyword === 'hostname') {
    const [value = ''] = found.words;
    if (value.includes('%')) lines.hostNames.add(value);
    return !/\$|%[^h%]/.test(value);
  }
  for (const words of [found.words, found.comment])
    if (words.length > 0) lines.lists.push(patternList(words, false));
  return true;
}

/** Of no file yet. */
export function noTellingLines(): TellingLines {
  return { lists: [], hostNames: new Set(), looksAtHostName: false, unclear: false };
}

/** Adds what one configuration file holds, whether ssh reads it for every name or not. */
export function addTellingLines(text: string, lines: TellingLines): void {
  if (text.includes('\0')) lines.unclear = true;
  for (const line of text.split('\n')) {
    if (BLANK_LINE.test(line)) continue;
    const [, keyword = '', rest = ''] = PLAIN_LINE.exec(line.replace(/[ \t\r\f]+$/, '')) ?? [];
    if (keyword === '' || !takeSetting(keyword.toLowerCase(), rest, lines)) lines.unclear = true;
  }
}
