import { isIPv4 } from 'node:net';
import type { Hop } from './ssh-hops.ts';
import type { PatternList, TellingLines } from './telling-lines.ts';

/** Says which places the configuration cannot tell apart. */
export interface NameGroups {
  /** The same text for all of a group; null for a place that has to be asked for by itself. */
  groupOf(place: Hop): string | null;
}

/** How ssh treats a name: addresses are written anew, names in lower case, and anything else is not known here. */
export type NameKind = 'address' | 'lower' | 'mixed';

const PLAIN_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253})$/;
/** `10`, `1.2` and `0x7f.1` are addresses too, and become others in ssh's answer. */
const NUMBER = /^(?:0x[0-9a-f]*|[0-9]*)$/i;

/** Null where the name is not plain enough to be put in another's place. */
export function kindOfName(name: string): NameKind | null {
  if (isIPv4(name)) return 'address';
  if (!PLAIN_NAME.test(name) || name.split('.').every((part) => NUMBER.test(part))) return null;
  return name === name.toLowerCase() ? 'lower' : 'mixed';
}

/** ssh's `*` and `?`; in a time that grows with the product of both lengths at most. */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0;
  let index = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const letter = pattern[index];
    if (letter === '*') {
      star = index++;
      starAt = at;
    } else if (letter === '?' || letter === text[at]) {
      index += 1;
      at += 1;
    } else if (star >= 0) {
      index = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (pattern[index] === '*') index += 1;
  return index === pattern.length;
}

/** Patterns, each with the lists that it belongs to: a list has an even number, and the next one for its `!`. */
interface PatternIndex {
  words: Map<string, number[]>;
  wildcards: Map<string, number[]>;
}

function indexPatterns(lists: readonly PatternList[], anyCase: boolean): PatternIndex {
  const index: PatternIndex = { words: new Map(), wildcards: new Map() };
  const add = (pattern: string, list: number) => {
    const kept = anyCase ? pattern.toLowerCase() : pattern;
    const part = /[*?]/.test(kept) ? index.wildcards : index.words;
    const known = part.get(kept);
    if (known) known.push(list);
    else part.set(kept, [list]);
  };
  lists.forEach((list, number) => {
    if (list.anyCase !== anyCase) return;
    for (const pattern of list.positive) add(pattern, 2 * number);
    for (const pattern of list.negated) add(pattern, 2 * number + 1);
  });
  // It says nothing about a name.
  index.wildcards.delete('*');
  return index;
}

function collectLists(name: string, index: PatternIndex, found: Set<number>): void {
  for (const list of index.words.get(name) ?? []) found.add(list);
  for (const [pattern, lists] of index.wildcards) {
    if (lists.every((list) => found.has(list)) || !matchesPattern(name, pattern)) continue;
    for (const list of lists) found.add(list);
  }
}

/** What HostName makes of a name; ssh refuses other tokens. */
const expandHostName = (value: string, name: string) =>
  value.replace(/%(.)/gs, (token, letter: string) => (letter === 'h' ? name : letter === '%' ? '%' : token));

const MOST_HOST_NAMES = 8;
/** Each name is compared with each of them. */
const MOST_WILDCARDS = 2_000;

/** Groups by what a configuration says; nothing is shared where that is unclear. */
export function createNameGroups(lines: TellingLines): NameGroups {
  const exact = indexPatterns(lines.lists, false);
  const anyCase = indexPatterns(lines.lists, true);
  const hostNames = lines.looksAtHostName ? [...lines.hostNames] : [];
  const shares =
    !lines.unclear &&
    hostNames.length <= MOST_HOST_NAMES &&
    exact.wildcards.size + anyCase.wildcards.size <= MOST_WILDCARDS;

  /** All that ssh may compare patterns with, in the course of reading. */
  function comparedNames(name: string): string[] {
    if (!lines.looksAtHostName) return [name];
    const resolved = [name, ...hostNames.map((value) => expandHostName(value, name))];
    return resolved.flatMap((one) => (one === one.toLowerCase() ? [one] : [one, one.toLowerCase()]));
  }

  function listsOf(name: string): string {
    const found = new Set<number>();
    collectLists(name, exact, found);
    collectLists(name.toLowerCase(), anyCase, found);
    return [...found].sort((one, other) => one - other).join(' ');
  }

  return {
    groupOf({ host, user, port }) {
      const kind = shares ? kindOfName(host) : null;
      if (kind === null) return null;
      return [kind, port ?? '', ...comparedNames(host).map(listsOf), user ?? ''].join('\n');
    },
  };
}
