import { quoteText } from '../../static/shared/query-text.js';
import {
  type Cell,
  findPlain,
  leadingLetters,
  type RawTerm,
  splitAlternatives,
  splitTerms,
  textOf,
} from './cells.ts';
import type { Completion, CompletionOption } from './completion.ts';
import { type Field, fields, findField, isNumberField } from './fields.ts';
import { MAX_QUERY_LENGTH } from './parse.ts';
import type { Vocabulary } from './vocabulary.ts';

const MOST_OPTIONS = 20;
/** Plain words are completed to values of these fields. */
const wordFields = ['user', 'node', 'gpu', 'tag', 'job', 'is'];
const FEWEST_LETTERS = 2;

const starts = (value: string, written: string) => value.toLowerCase().startsWith(written);

/** Values that begin with what is written come before those that contain it. */
function fitting(values: readonly string[], written: string): string[] {
  const begun = values.filter((value) => starts(value, written));
  if (written === '' || begun.length >= MOST_OPTIONS) return begun.slice(0, MOST_OPTIONS);
  const within = values.filter((value) => !starts(value, written) && value.toLowerCase().includes(written));
  return [...begun, ...within].slice(0, MOST_OPTIONS);
}

function fieldOptions(written: string): CompletionOption[] {
  return fields
    .filter(({ name, aliases }) => [name, ...aliases].some((each) => starts(each, written)))
    .map(({ name, help, example }) => ({ text: `${name}:`, help: `${help}, as ${example}` }));
}

function wordOptions(written: string, vocabulary: Vocabulary): CompletionOption[] {
  if (written.length < FEWEST_LETTERS) return [];
  return wordFields.flatMap((name) =>
    (vocabulary.get(name) ?? [])
      .filter((value) => starts(value, written))
      .map((value) => ({ text: `${name}:${quoteText(value)}`, help: findField(name)?.help ?? '' })),
  );
}

function completeName(term: RawTerm | null, caret: number, vocabulary: Vocabulary): Completion {
  const written = term ? textOf(term.cells).toLowerCase() : '';
  const from = term ? term.at + Number(term.isNegated) : caret;
  const options = [...fieldOptions(written), ...wordOptions(written, vocabulary)].slice(
    0,
    written === '' ? undefined : MOST_OPTIONS,
  );
  return { from, to: term?.end ?? caret, options };
}

function completeValue(
  field: Field,
  cells: readonly Cell[],
  from: number,
  to: number,
  vocabulary: Vocabulary,
): Completion {
  if (isNumberField(field.kind)) {
    const options =
      cells.length > 0 ? [] : [{ text: field.example.slice(field.name.length + 1), help: field.help }];
    return { from, to, options };
  }
  const isExact = cells[0]?.character === '=' && !cells[0].isQuoted;
  const written = textOf(isExact ? cells.slice(1) : cells).toLowerCase();
  const sign = isExact ? '=' : '';
  const options = fitting(vocabulary.get(field.name) ?? [], written).map((value) => ({
    text: `${sign}${quoteText(value)}`,
    help: field.help,
  }));
  return { from, to, options };
}

/** Where the last alternative before the caret begins: behind the last comma or the colon. */
function valueStart(text: string, term: RawTerm, colon: number): number {
  const plainCommas = term.cells.filter(({ character, isQuoted }) => !isQuoted && character === ',');
  const behind = plainCommas.at(-1) ?? term.cells[colon];
  return behind ? Math.min(text.length, behind.at + 1) : term.at;
}

/** Where the alternative under the caret ends: before the next comma, or with its term. */
function valueEnd({ cells, end }: RawTerm, caret: number): number {
  const comma = cells.find((cell) => cell.character === ',' && !cell.isQuoted && cell.at >= caret);
  return comma?.at ?? end;
}

/**
 * What could stand at the caret: names of fields, then values that the cluster has. Only the text before the caret
 * counts; the rest of the word under it is replaced too.
 */
export function complete(text: string, caret: number, vocabulary: Vocabulary): Completion {
  const whole = text.slice(0, MAX_QUERY_LENGTH);
  const at = Math.max(0, Math.min(Number.isFinite(caret) ? Math.floor(caret) : whole.length, whole.length));
  const term = splitTerms(whole.slice(0, at)).terms.find(({ end }) => end === at) ?? null;
  if (!term) return completeName(null, at, vocabulary);
  const full = splitTerms(whole).terms.find((each) => each.at === term.at) ?? term;
  const letters = leadingLetters(term.cells);
  const isValue = letters > 0 && findPlain(term.cells, ':') === letters;
  if (!isValue) return { ...completeName(term, at, vocabulary), to: full.end };
  const field = findField(textOf(term.cells.slice(0, letters)));
  if (!field) return { from: at, to: at, options: [] };
  const cells = splitAlternatives(term.cells.slice(letters + 1)).at(-1) ?? [];
  return completeValue(field, cells, valueStart(whole, term, letters), valueEnd(full, at), vocabulary);
}
