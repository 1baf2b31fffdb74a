import { closestWord } from '../../lib/closest-word.ts';
import { visibleText } from '../../lib/visible-text.ts';

/** What was typed, and what could have been. */
export interface Typed {
  words: readonly string[];
  commands: readonly string[];
  /** Of the command, without their dashes. */
  options: readonly string[];
  /** The program as it can be typed here. */
  program: string;
}

/** One line about a command that cannot be understood: what is wrong, what was probably meant, and where help is. */
export function explainUsage(said: string, typed: Typed): string {
  const command = typed.words.find((word) => typed.commands.includes(word)) ?? null;
  const see = [typed.program, ...(command === null ? [] : [command]), '--help'].join(' ');
  return `${visibleText(reasonOf(said.replace(/\s+/g, ' ').trim(), command, typed))} See: ${see}`;
}

const dashed = (name: string) => (name.length === 1 ? `-${name}` : `--${name}`);

function reasonOf(said: string, command: string | null, typed: Typed): string {
  const [, unknown] = /^Unknown arguments?: (.+)$/.exec(said) ?? [];
  if (unknown !== undefined) return explainUnknown(unknown.split(', '), command, typed);
  const [, bare] = /^(?:Not enough arguments following|Missing argument values?): (\S+)$/.exec(said) ?? [];
  if (bare !== undefined) return `${dashed(bare)} needs a value.`;
  const [, one, other] = /^Arguments (\S+) and (\S+) are mutually exclusive$/.exec(said) ?? [];
  if (one !== undefined && other !== undefined)
    return `${labelOf(one)} and ${labelOf(other)} do not go together.`;
  if (command === null && typed.words.length === 0) return `name a command: ${typed.commands.join(', ')}.`;
  return /[.?!]$/.test(said) ? said : `${said}.`;
}

/** A node is named without an option. */
const labelOf = (name: string) => (name === 'node' ? 'a node' : dashed(name));

/** The parser tells each option twice, with and without dashes; what was typed is among it. */
function explainUnknown(names: readonly string[], command: string | null, typed: Typed): string {
  const option = names.find((name) => isTypedOption(name, typed.words));
  if (option === undefined) {
    const [word = ''] = names;
    if (command !== null) return `"${word}" is one word too many.`;
    return `unknown command "${word}"${meaning(closestWord(word, typed.commands))}`;
  }
  if (option === 'url' && command !== null)
    return `${command} is for the head's owner, on the head's machine: there is no --url for it.`;
  const near = closestWord(
    option,
    typed.options.filter((name) => name.length > 1),
  );
  return `unknown option ${dashed(option)}${meaning(near === null ? null : dashed(near))}`;
}

function isTypedOption(name: string, words: readonly string[]): boolean {
  if (name.length === 1) return words.some((word) => /^-[^-]/.test(word) && word.includes(name));
  const forms = [`--${name}`, `--no-${name}`];
  return words.some((word) => forms.includes(word) || word.startsWith(`--${name}=`));
}

const meaning = (near: string | null) => (near === null ? '.' : `; did you mean ${near}?`);
