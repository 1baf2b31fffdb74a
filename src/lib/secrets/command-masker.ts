import { pipedSecrets } from './piped-secrets.ts';
import { isStartedBy, type Program, startProgram, unnamedProgram, withSubcommand } from './program-rules.ts';
import { HIDDEN, isSecret } from './secret-names.ts';
import { isKnownProgram, isShell, programName, startsShell, valueStart } from './secret-options.ts';
import { maskExpect } from './secret-shapes.ts';
import { isGap, isOperator, shellTokens, wrappingQuote } from './shell-words.ts';
import { type Awaited, hideBehind, hidesNext, maskByPlace, maskWord } from './word-masks.ts';

const COMMAND_OPTION = /^(?:--(?:wrap|command|cmd|exec|rsh)|core\.sshCommand)$/;
/** Options that give something a name, which may be a program's. */
const NAMING_OPTION = /^(?:--name|--hostname|--network|--network-alias|--link|--container|--user|-u|-h)$/;
const SHELL_KEYWORD = /^(?:if|then|else|elif|do|while|until|!|\{)$/;
const ASSIGNMENT = /^\w+=/;

function isCommandLine(text: string): boolean {
  const first = shellTokens(text).find((token) => !isGap(token) && !ASSIGNMENT.test(token));
  return first !== undefined && isKnownProgram(programName(first));
}

function maskShell(text: string, depth: number): string {
  const tokens = shellTokens(text);
  const piped = pipedSecrets(tokens);
  const masker = createCommandMasker('', depth);
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

/** A word with blanks, which may be a command line, or an option with one. */
function maskLongWord(word: string, isForShell: boolean, depth: number): string {
  if (isForShell || isCommandLine(word)) return maskShell(word, depth - 1);
  const sign = word.indexOf('=');
  const option = word.slice(0, sign);
  const isCommand =
    COMMAND_OPTION.test(option) || (option.startsWith('-') && isCommandLine(word.slice(sign + 1)));
  if (sign < 0 || !isCommand || isSecret(option, word.slice(sign + 1))) return maskWord(word);
  const quote = wrappingQuote(word.slice(sign + 1));
  const text = quote === '' ? word.slice(sign + 1) : word.slice(sign + 2, -1);
  return `${option}=${quote}${maskShell(text, depth - 1)}${quote}`;
}

/** What a command says is masked word by word. */
export interface CommandMasker {
  next(word: string): string;
  /** Another command begins, and its first word names the program. */
  restart(): void;
}

/**
 * Reads a command word by word; without a program the first word names it. `depth` is how many texts for a shell may
 * stand within each other.
 */
export function createCommandMasker(path: string, depth: number): CommandMasker {
  let program: Program = unnamedProgram;
  /** The word that comes may be its secret; null where it is not. */
  let awaited: Awaited | null = null;
  let previous = '';
  let position = 0;
  /** Since `config` or `set`: names and values are words of their own. */
  let isConfiguring = false;
  let isProgramNext = path === '';

  function begin(next: Program): void {
    program = next;
    awaited = null;
    position = 0;
    isConfiguring = false;
    isProgramNext = false;
  }

  function restart(): void {
    begin(unnamedProgram);
    previous = '';
    isProgramNext = true;
  }

  /** `Authorization:` `Bearer` `x` as three words. */
  function awaitHeader(header: string): void {
    awaited = (word) => {
      if (!/^(?:bearer|basic|token|digest|negotiate)$/i.test(word)) return hidesNext(header)(word);
      awaitHeader(header);
      return word;
    };
  }

  const isForShell = (): boolean =>
    startsShell(program.name) ||
    COMMAND_OPTION.test(previous) ||
    (isShell(program.name) && /^-\w{0,12}c$/.test(previous));

  function maskText(word: string): string {
    if (program.name === 'expect') return maskWord(maskExpect(word));
    return depth === 0 || !/\s/.test(word) ? maskWord(word) : maskLongWord(word, isForShell(), depth);
  }

  function maskByOption(word: string): string | null {
    for (const rule of program.options) {
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

  function maskBare(word: string): string {
    if (isStartedBy(program, word) && !NAMING_OPTION.test(previous)) {
      begin(startProgram(word, program));
      return word;
    }
    const lower = word.toLowerCase();
    const told = withSubcommand(program, lower);
    if (told) {
      program = told;
      position = 0;
      return word;
    }
    const placed = maskByPlace(program.rules, position, word);
    if (placed !== null) return placed;
    if (/^(?:config|configure|set|modify)$/.test(lower)) isConfiguring = true;
    // `set-credentials NAME` is a command, and no name of a secret.
    const isCommand = lower.startsWith('set-');
    const holdsNames = (isConfiguring && !isCommand) || program.rules.some(({ words }) => words.has('names'));
    if (holdsNames && /^[\w.:@/-]{1,256}$/.test(word))
      awaited = hidesNext(word.slice(Math.max(word.lastIndexOf('/'), word.lastIndexOf(':')) + 1));
    if (/^[\w.-]{1,64}:$/.test(word)) awaitHeader(word);
    return maskText(word);
  }

  function maskProgram(word: string): string {
    if (!ASSIGNMENT.test(word) && !SHELL_KEYWORD.test(word)) begin(startProgram(word, program));
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

  if (path !== '') begin(startProgram(path, program));
  return {
    next(word) {
      previous = mask(word);
      return previous;
    },
    restart,
  };
}
