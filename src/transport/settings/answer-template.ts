/**
 * One answer of `ssh -G` with the name put in. Where places of one group (`name-groups.ts`) get answers that are one
 * text with the name in some spots, two answers of names of equal length say which spots those are, and there is only
 * one such text: where the answers first differ, the first spot begins as far before as the names themselves begin to
 * differ. So a name that happens to be a word of the answer (`yes`, `root`, `22`) is not taken for a spot.
 */
import { kindOfName } from './name-groups.ts';
import { parseHops } from './ssh-hops.ts';
import { connectionHash } from './ssh-tokens.ts';

/** Text, and numbers of forms of the name. */
type Parts = (string | number)[];

export interface AnswerTemplate {
  /** Keywords of the lines that hold the name. */
  keywords: ReadonlySet<string>;
  /** The host name of a name, or null where ssh itself has to be asked. */
  hostNameOf(name: string): string | null;
  /** The whole answer for a name; null as above. */
  answerFor(name: string): string | null;
}

/** Builds the text of one line. */
const fill = (parts: Parts, forms: readonly string[]) =>
  parts.map((part) => (typeof part === 'string' ? part : forms[part])).join('');

function firstDifference(one: string, other: string, from: number): number {
  let at = from;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
}

/** Where two texts of equal length hold forms of two names; null where that does not explain how they differ. */
export function learnParts(
  one: string,
  other: string,
  oneForms: readonly string[],
  otherForms: readonly string[],
): Parts | null {
  if (one.length !== other.length) return null;
  const parts: Parts = [];
  let from = 0;
  for (;;) {
    const differsAt = firstDifference(one, other, from);
    if (differsAt === one.length) break;
    const fitting = oneForms.flatMap((form, number) => {
      const otherForm = otherForms[number] ?? '';
      // A form that came earlier in the list is the same for all names of the group.
      if (form === otherForm || oneForms.indexOf(form) < number) return [];
      const start = differsAt - firstDifference(form, otherForm, 0);
      const fits = start >= from && one.startsWith(form, start) && other.startsWith(otherForm, start);
      return fits ? [{ number, start, end: start + form.length }] : [];
    });
    const [found, ...more] = fitting;
    if (found === undefined || more.length > 0) return null;
    parts.push(one.slice(from, found.start), found.number);
    from = found.end;
  }
  parts.push(one.slice(from));
  return parts;
}

interface Line {
  keyword: string;
  parts: Parts;
}

const keywordOf = (line: string) => line.slice(0, Math.max(0, line.indexOf(' '))).toLowerCase();

/** The value of a keyword that stands once in an answer. */
function valueIn(answer: string, keyword: string): string | null {
  const found = answer.split('\n').find((line) => keywordOf(line) === keyword);
  return found === undefined ? null : found.slice(keyword.length + 1);
}

/** Makes a name's forms: as given, in lower case, and the two hashes that `%C` is, without and with the jump host. */
function createForms(answer: string, localHostName: string) {
  const port = Number(valueIn(answer, 'port'));
  const user = valueIn(answer, 'user') ?? '';
  const proxyJump = valueIn(answer, 'proxyjump') ?? 'none';
  const jump = proxyJump === 'none' ? '' : proxyJump;
  const jumpHost = jump === '' ? '' : (parseHops(jump).at(-1)?.host ?? '');
  const shortForms = (name: string) => [name, name.toLowerCase()];
  const allForms = (name: string, hostName: string) => {
    const values = { localHostName, hostName, port, user };
    return [...shortForms(name), connectionHash(values), connectionHash(values, jumpHost)];
  };
  return { jump, shortForms, allForms };
}

/** By these ssh decides, and does not only print them. */
const DECIDING = ['user', 'port', 'proxyjump', 'forwardagent'];

/** Names are not looked up for these settings. */
function isSettled(answer: string): boolean {
  const canonicalizes = !['false', 'no'].includes(valueIn(answer, 'canonicalizehostname') ?? '');
  return !canonicalizes && (valueIn(answer, 'canonicalizepermittedcnames') ?? 'none') === 'none';
}

export interface NamedAnswer {
  name: string;
  text: string;
}

/** Where two answers hold the name, line by line; null where the names alone do not explain how they differ. */
function learnLines(
  one: NamedAnswer,
  other: NamedAnswer,
  forms: readonly string[],
  otherForms: readonly string[],
): Line[] | null {
  const texts = one.text.split('\n');
  const others = other.text.split('\n');
  if (texts.length !== others.length) return null;
  const lines: Line[] = [];
  for (const [index, text] of texts.entries()) {
    const parts = learnParts(text, others[index] ?? '', forms, otherForms);
    if (parts === null) return null;
    lines.push({ keyword: keywordOf(text), parts });
  }
  return lines;
}

const holdsName = ({ parts }: Line) => parts.length > 1;
const holdsHash = ({ parts }: Line) => parts.some((part) => typeof part === 'number' && part > 1);

/** Learns from what ssh says of two names of one group and one length; null where the name alone does not explain it. */
export function learnTemplate(
  one: NamedAnswer,
  other: NamedAnswer,
  localHostName: string,
): AnswerTemplate | null {
  if (one.name.length !== other.name.length || one.name.toLowerCase() === other.name.toLowerCase())
    return null;
  if (!isSettled(one.text)) return null;
  const { jump, shortForms, allForms } = createForms(one.text, localHostName);
  const hostName = valueIn(one.text, 'hostname') ?? '';
  const otherForms = allForms(other.name, valueIn(other.text, 'hostname') ?? '');
  const lines = learnLines(one, other, allForms(one.name, hostName), otherForms);
  const hostNameLine = lines?.find(({ keyword }) => keyword === 'hostname');
  if (!lines || !hostNameLine || holdsHash(hostNameLine)) return null;
  const keywords = new Set(lines.filter(holdsName).map(({ keyword }) => keyword));
  if (DECIDING.some((keyword) => keywords.has(keyword))) return null;
  const hostNameKind = kindOfName(hostName);
  const formsOf = lines.some(holdsHash) ? allForms : shortForms;

  function hostNameOf(name: string): string | null {
    const found = fill(hostNameLine?.parts ?? [], shortForms(name)).slice('hostname '.length);
    if (!keywords.has('hostname')) return found;
    // What becomes an address by HostName is written anew, and a node is not reached through itself.
    const usual = hostNameKind !== null && kindOfName(found) === hostNameKind;
    return usual && !jump.includes(found) ? found : null;
  }

  return {
    keywords,
    hostNameOf,
    answerFor(name) {
      const found = hostNameOf(name);
      if (found === null) return null;
      const forms = formsOf(name, found);
      return lines.map(({ parts }) => fill(parts, forms)).join('\n');
    },
  };
}
