import {
  generalRules,
  isKnownProgram,
  isShell,
  isWrapper,
  type OptionRule,
  programName,
  type Rules,
  rulesOf,
} from './secret-options.ts';

/** The program whose words are read, and the rules that hold for them. */
export interface Program {
  /** Empty before one is named. */
  name: string;
  rules: readonly Rules[];
  /** Its own come first. */
  options: readonly OptionRule[];
  /** Another program started it: of a container with a program's name, a shell may follow. */
  isWrapped: boolean;
}

const withRules = (name: string, rules: readonly Rules[], isWrapped: boolean): Program => ({
  name,
  rules,
  options: [...rules.flatMap(({ options }) => options), ...generalRules],
  isWrapped,
});

/** Where the next word names the program. */
export const unnamedProgram: Program = withRules('', [], false);

/** The program at `path`, which may be `starter`'s. */
export function startProgram(path: string, starter: Program): Program {
  const name = programName(path);
  const found = rulesOf(name);
  return withRules(name, found ? [found] : [], isWrapper(starter.name) || starter.isWrapped);
}

/** `docker` once it was told `login`: that adds its rules. Null where the word adds none. */
export function withSubcommand({ name, rules, isWrapped }: Program, word: string): Program | null {
  const more = /^[\w:-]{1,24}$/.test(word) ? rulesOf(`${name}/${word}`) : null;
  return more ? withRules(name, [...rules, more], isWrapped) : null;
}

/** Whether the word is another program that this one starts. */
export function isStartedBy({ name, isWrapped }: Program, word: string): boolean {
  if (!isWrapper(name) && !isWrapped) return false;
  const mayStart = isWrapper(name) ? isKnownProgram : isShell;
  return mayStart(programName(word)) && /^[\w./+-]+$/.test(word);
}
