/** A command line of the corpus. */
export interface Form {
  program: string;
  /** argv[1..] */
  words: readonly string[];
  secrets: readonly string[];
}

/**
 * Lines by program, with the words that all of its lines begin with. In a line words stand apart by blanks, and a blank
 * within a word is `·`; `§` is a weak password, `¤` looks made by a machine.
 */
export type FormLines = Readonly<Record<string, readonly string[]>>;

// Made up.
const WEAK = 'hunter2';
const RANDOM = '0123456789abcdef0123456789abcdef01234567';

const fill = (word: string) => word.replaceAll('·', ' ').replaceAll('§', WEAK).replaceAll('¤', RANDOM);

function formOf(start: string, line: string): Form {
  const [program = '', ...before] = start.split(' ');
  const secrets = line.includes('§') ? [WEAK] : [];
  if (line.includes('¤')) secrets.push(RANDOM);
  const pin = /\b(?:4711|471100)$/.exec(line)?.[0];
  if (pin !== undefined) secrets.push(pin);
  return { program, words: [...before, ...line.split(' ').map(fill)], secrets };
}

/** The lines as they would be started. */
export const formsOf = (lines: FormLines): Form[] =>
  Object.entries(lines).flatMap(([start, own]) => own.map((line) => formOf(start, line)));
