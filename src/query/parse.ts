import { closestWord } from '../lib/closest-word.ts';
import { visibleText } from '../lib/visible-text.ts';
import { jobKinds } from '../protocol/job-kinds.ts';
import { amountExamples, parseInterval } from './amounts.ts';
import {
  type Cell,
  errorAt,
  findPlain,
  leadingLetters,
  type RawTerm,
  splitAlternatives,
  splitTerms,
  textOf,
} from './cells.ts';
import { type Field, fields, findField, isNumberField } from './fields.ts';
import type { Outcome, Query, QueryError, Term, Test } from './query.ts';

export const MAX_QUERY_LENGTH = 500;
export const MAX_TERMS = 32;

/** Carries an error out of the depth of a term; never leaves this file. */
class Refusal extends Error {
  readonly error: QueryError;
  constructor(error: QueryError) {
    super(error.message);
    this.error = error;
  }
}

function refuse(message: string, cells: readonly Cell[], term: RawTerm): never {
  throw new Refusal(errorAt(message, cells, term));
}

const SHOWN_LENGTH = 40;
const shown = (cells: readonly Cell[]) => {
  const text = visibleText(textOf(cells));
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
};

const listOf = (words: readonly string[]) => words.join(', ');

function refuseField(cells: readonly Cell[], term: RawTerm): never {
  const name = textOf(cells);
  const isKind = (jobKinds as readonly string[]).includes(name.toLowerCase());
  const meant = closestWord(
    name,
    fields.flatMap((field) => [field.name, ...field.aliases]),
  );
  const whole = shown(term.cells);
  const remedy = isKind
    ? `For a job's key write job:${whole}.`
    : meant !== null
      ? `Did you mean ${meant}:?`
      : `For the text itself, quote it: "${whole}".`;
  const known = listOf(fields.map((field) => field.name));
  return refuse(`There is no field "${shown(cells)}". ${remedy} Fields: ${known}.`, cells, term);
}

function parseChoice(field: Field, choices: readonly string[], cells: readonly Cell[], term: RawTerm): Test {
  const isExact = cells[0]?.character === '=' && !cells[0].isQuoted;
  const word = textOf(isExact ? cells.slice(1) : cells).toLowerCase();
  if (choices.includes(word)) return { kind: 'text', text: word, isExact: true };
  const meant = closestWord(word, choices);
  const remedy = meant === null ? '' : ` Did you mean ${field.name}:${meant}?`;
  return refuse(
    `"${shown(cells)}" is nothing that ${field.name}: knows.${remedy} It knows: ${listOf(choices)}.`,
    cells,
    term,
  );
}

function parseText(field: Field, cells: readonly Cell[], term: RawTerm): Test {
  const [first] = cells;
  const sign = first && !first.isQuoted ? first.character : '';
  if (sign === '<' || sign === '>')
    return refuse(
      `${field.name}: is a text and cannot be compared with ${sign}. Write ${field.example}, or ${field.name}:=WORD for the whole text.`,
      cells,
      term,
    );
  const isExact = sign === '=';
  const text = textOf(isExact ? cells.slice(1) : cells).toLowerCase();
  if (text === '') return refuse(`${field.name}:= needs a text, such as ${field.example}.`, cells, term);
  return { kind: 'text', text, isExact };
}

function parseTest(field: Field, cells: readonly Cell[], term: RawTerm): Test {
  if (cells.length === 0)
    return refuse(`${field.name}: needs a value, such as ${field.example}.`, term.cells, term);
  if (field.choices) return parseChoice(field, field.choices, cells, term);
  const { kind } = field;
  if (!isNumberField(kind)) return parseText(field, cells, term);
  const read = parseInterval(kind, textOf(cells).trim());
  if (read.ok) return read.value;
  const fault = visibleText(read.fault);
  return refuse(`${fault}. ${field.name}: takes numbers such as ${amountExamples[kind]}.`, cells, term);
}

function parseWords(term: RawTerm): Test[] {
  return splitAlternatives(term.cells).map((cells) =>
    cells.length > 0
      ? { kind: 'text', text: textOf(cells).toLowerCase(), isExact: false }
      : refuse('There is nothing here to look for. Quote a minus or a comma: "-", ",".', term.cells, term),
  );
}

/** `free>=2` without its colon means the same. */
function comparedField(cells: readonly Cell[], letters: number): Field | null {
  const sign = cells[letters];
  if (!sign || sign.isQuoted || !'<>='.includes(sign.character)) return null;
  const field = findField(textOf(cells.slice(0, letters)));
  return field && isNumberField(field.kind) ? field : null;
}

function parseTerm(term: RawTerm): Term {
  const { cells, isNegated } = term;
  const letters = leadingLetters(cells);
  const hasColon = letters > 0 && findPlain(cells, ':') === letters;
  const compared = comparedField(cells, letters);
  if (!hasColon && compared === null) return { field: null, isNegated, tests: parseWords(term) };
  const name = cells.slice(0, letters);
  const field = compared ?? findField(textOf(name)) ?? refuseField(name, term);
  const value = cells.slice(hasColon ? letters + 1 : letters);
  const tests = splitAlternatives(value).map((alternative) => parseTest(field, alternative, term));
  return { field: field.name, isNegated, tests };
}

function tooMuch(text: string): QueryError | null {
  if (text.length <= MAX_QUERY_LENGTH) return null;
  const message = `A search has at most ${MAX_QUERY_LENGTH} characters; this one has ${text.length}. Leave some out.`;
  return { message, at: MAX_QUERY_LENGTH, length: text.length - MAX_QUERY_LENGTH };
}

function parseTerms(text: string): Term[] {
  const { terms, openQuoteAt } = splitTerms(text);
  if (openQuoteAt !== null)
    throw new Refusal({
      message: 'This quote is not closed. Add " where the text ends.',
      at: openQuoteAt,
      length: text.length - openQuoteAt,
    });
  const [beyond] = terms.slice(MAX_TERMS);
  if (beyond)
    throw new Refusal({
      message: `A search has at most ${MAX_TERMS} terms; this one has ${terms.length}. Leave some out.`,
      at: beyond.at,
      length: text.length - beyond.at,
    });
  return terms.map(parseTerm);
}

/** Reads a search text; see the table of fields. Never throws; time grows with the length of the text. */
export function parseQuery(text: string): Outcome<{ query: Query }> {
  const error = tooMuch(text);
  if (error) return { ok: false, error };
  try {
    return { ok: true, query: { terms: parseTerms(text) } };
  } catch (caught) {
    if (caught instanceof Refusal) return { ok: false, error: caught.error };
    throw caught;
  }
}
