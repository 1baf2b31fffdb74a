import { visibleText } from '../lib/visible-text.ts';
import { defaultNodeSettings } from './node-settings.ts';
import { expandRanges, MAX_NAMES_PER_LINE, NameRangeError, splitNames } from './ranges.ts';
import type { Target } from './target.ts';

export interface NodeList {
  targets: Target[];
  /** One sentence for each line that was refused, with file and line. */
  problems: string[];
}

class LineError extends Error {}

/** A slip that names more nodes than any cluster has must not stall the head. */
const MAX_NAMES_PER_LIST = 100_000;
/** More are counted. */
const MAX_PROBLEMS = 200;
const MAX_SHOWN_LENGTH = 80;

/**
 * What no host name or alias needs: characters that a shell, a URL or a file name would trip over, and beyond ASCII
 * all that is no letter, mark or number, or that nobody sees.
 */
const FORBIDDEN =
  /[\s\u0000-\u001f\u007f"'`$;&|<>(){}*?!#,/\\%^]|[^\p{ASCII}\p{L}\p{M}\p{N}]|\p{Default_Ignorable_Code_Point}/u;
/** The interface behind a link-local address: `[fe80::1%eth0]`. */
const SCOPE = /%[\w.-]+(?=\])/;

function splitUser(text: string): { user: string | null; rest: string } {
  const at = text.lastIndexOf('@');
  if (at < 0) return { user: null, rest: text };
  if (at === 0) throw new LineError('the user name before @ is missing');
  return { user: text.slice(0, at), rest: text.slice(at + 1) };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new LineError(`"${text}" is not a port (1 to 65535)`);
  return port;
}

function splitPort(rest: string): { host: string; port: number | null } {
  const bracketed = /^\[([^\]]+)\](?::(.*))?$/.exec(rest);
  if (bracketed?.[1])
    return { host: bracketed[1], port: bracketed[2] === undefined ? null : parsePort(bracketed[2]) };
  const [host = '', port, ...more] = rest.split(':');
  if (more.length > 0) throw new LineError(`an IPv6 address stands in brackets: [${rest}]`);
  return { host, port: port === undefined ? null : parsePort(port) };
}

/** Says which character it is; one that looks like another or like nothing by its code. */
function describeForbidden(character: string): string {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  if (/\p{Pd}/u.test(character) && character !== '-')
    return `${code} may not stand in a name: it only looks like a hyphen; type - instead`;
  if (!/[ \t]/.test(character) && (visibleText(character) !== character || /\s/.test(character)))
    return `${code} may not stand in a name: it is not seen; type the name anew`;
  if (/\s/.test(character))
    return `a blank may not stand in a name; write one node a line, or commas between names`;
  return `"${character}" may not stand in a name; names have letters, digits and . _ -`;
}

/** Parses `[user@]host[:port]`; throws `LineError`. */
function parseTarget(name: string): Target {
  if (name.startsWith('-'))
    throw new LineError('a name may not begin with "-", ssh would take it for an option');
  const bad = FORBIDDEN.exec(name.replace(SCOPE, ''));
  if (bad) throw new LineError(describeForbidden(bad[0]));
  const { user, rest } = splitUser(name);
  const { host, port } = splitPort(rest);
  if (host === '') throw new LineError('the host name is missing');
  if (host.startsWith('-')) throw new LineError('a host name may not begin with "-"');
  if (host.length > 253) throw new LineError('the host name is longer than 253 characters');
  return { name, host, user, port, local: name === 'localhost', settings: defaultNodeSettings };
}

/** IPv6 addresses and ranges both use brackets: an address has colons inside. */
const IPV6_IN_BRACKETS = /^(?:[^@]*@)?\[[0-9a-f]*:[0-9a-f:.]*(?:%[\w.-]+)?\]/i;

/** Shells write ranges in braces; here they stand in square brackets. */
function refuseBraces(line: string): void {
  const brace = /[{}]/.exec(line)?.[0];
  if (brace === undefined) return;
  const written = line.replace(/\{(\d+)\.\.(\d+)\}/g, '[$1-$2]').replace(/\{(\d+(?:,\d+)*)\}/g, '[$1]');
  const remedy = /[{}]/.test(written) ? 'ranges are written as n[1-3], lists as n[1,3]' : `write ${written}`;
  throw new LineError(`"${brace}" may not stand in a name; ${remedy.slice(0, MAX_SHOWN_LENGTH)}`);
}

/** `onNames` hears how many names were made, before they are looked at. Throws `LineError`, `NameRangeError`. */
function expandLine(line: string, onNames: (count: number) => void): Target[] {
  refuseBraces(line);
  const words = splitNames(line);
  if (words.length === 0) throw new LineError('no name stands between its commas');
  if (words.length > MAX_NAMES_PER_LINE)
    throw new LineError(`the line stands for more than ${MAX_NAMES_PER_LINE} names`);
  const names: string[] = [];
  for (const word of words) {
    if (IPV6_IN_BRACKETS.test(word)) names.push(word);
    else for (const name of expandRanges(word, MAX_NAMES_PER_LINE - names.length)) names.push(name);
  }
  onNames(names.length);
  return names.map(parseTarget);
}

const withoutComment = (line: string) => line.replace(/(?:^|\s)#.*$/, '').trim();

/** Sentences about lines, as many as a person reads. */
function createProblems(file: string) {
  const told: string[] = [];
  let untold = 0;
  return {
    add(problem: string): void {
      if (told.length < MAX_PROBLEMS) told.push(visibleText(problem));
      else untold += 1;
    },
    list: () => (untold === 0 ? told : [...told, `${file}: ${untold} more problems like these`]),
  };
}

/** Parses a node list. A bad line is refused alone; a name that came before is named and left out. */
export function parseNodeList(text: string, file: string): NodeList {
  const targets: Target[] = [];
  const problems = createProblems(file);
  const firstLines = new Map<string, number>();
  let namesMade = 0;

  function takeLine(line: string, number: number): void {
    if (namesMade >= MAX_NAMES_PER_LIST)
      throw new LineError(`the lines before it name ${MAX_NAMES_PER_LIST} nodes, more than a list may`);
    const found = expandLine(line, (count) => {
      namesMade += count;
    });
    for (const target of found) {
      const before = firstLines.get(target.name);
      if (before === undefined) {
        firstLines.set(target.name, number);
        targets.push(target);
      } else {
        problems.add(`${file}:${number}: ${target.name} stands already in line ${before}; left out here`);
      }
    }
  }

  text.split(/\r?\n/).forEach((raw, position) => {
    const line = withoutComment(raw.replace(/^\uFEFF/, ''));
    if (line === '') return;
    try {
      takeLine(line, position + 1);
    } catch (error) {
      if (!(error instanceof LineError || error instanceof NameRangeError)) throw error;
      const shown = line.slice(0, MAX_SHOWN_LENGTH);
      problems.add(`${file}:${position + 1}: "${shown}" is left out: ${error.message}`);
    }
  });
  return { targets, problems: problems.list() };
}
