import type { Argv } from 'yargs';
import { parseSpan } from '../lib/parse-time.ts';
import { visibleText } from '../lib/visible-text.ts';
import type { TextStyle } from '../render/text/text-style.ts';
import { wordOf } from './flags.ts';
import { openReader } from './readers/reader.ts';
import { refuseBadQuestion, renderSaid } from './rows.ts';
import { styleFor } from './terminal-style.ts';
import { UsageError } from './usage/usage-error.ts';

/** What commands have in common that ask for former times instead of now. */

const ROW_OPTIONS = ['query', 'sort', 'group'];

/** Options that name a time. What searches and sorts rows of now knows nothing of former ones. */
export function withPastOptions<T>(parser: Argv<T>) {
  return parser
    .option('last', {
      type: 'string',
      requiresArg: true,
      describe: 'Of former times, so far back: 24h, 7d, 2w',
    })
    .option('from', { type: 'string', requiresArg: true, describe: 'A time with its zone, or -24h' })
    .option('to', { type: 'string', requiresArg: true, describe: 'The same (now)' })
    .option('csv', { type: 'boolean', describe: 'Of former times, as a table for spreadsheets' })
    .conflicts('last', ['from', 'to', ...ROW_OPTIONS])
    .conflicts('from', ROW_OPTIONS)
    .conflicts('to', ROW_OPTIONS)
    .conflicts('json', 'csv');
}

/** Whether a switch is given. */
export const isSet = (flags: object, name: string): boolean => wordOf(flags, name) === 'true';

/** Whether the flags name a time. */
export const namesTime = (flags: object): boolean =>
  ['last', 'from', 'to'].some((name) => wordOf(flags, name) !== null);

/** The words of an address for the time that the flags name. Throws `UsageError` where that is none. */
export function timeWords(flags: object): Record<string, string> {
  const last = wordOf(flags, 'last');
  if (last !== null) {
    try {
      parseSpan(last);
    } catch (error) {
      throw new UsageError(`--last: ${error instanceof Error ? error.message : String(error)}`);
    }
    return { from: `-${last.trim()}` };
  }
  const words: Record<string, string> = {};
  for (const name of ['from', 'to']) {
    const word = wordOf(flags, name);
    if (word !== null) words[name] = word;
  }
  return words;
}

export interface PastPrinter<Answer> {
  /** In this an answer has its rows. */
  rows: keyof Answer & string;
  toText(answer: Answer, style: TextStyle): string;
  toCsv(answer: Answer): string;
}

/** Asks a head for former times and prints what it says as text, JSON or CSV. */
export async function printPast<Answer extends object>(
  path: string,
  words: Readonly<Record<string, string>>,
  flags: object,
  { rows, toText, toCsv }: PastPrinter<Answer>,
): Promise<void> {
  const style = styleFor(flags);
  const reader = await openReader(flags);
  const answer = await reader.getJson(`${path}?${new URLSearchParams(words)}`);
  if (answer === null) {
    throw new UsageError(
      `${visibleText(reader.url)} has no ledger to tell: nothing is kept there ([history] enabled = false), it is ` +
        'for strangers (--public), or its head is older than this command',
    );
  }
  refuseBadQuestion(answer, flags);
  const said = answer as Answer;
  if (!Array.isArray(said[rows]))
    throw new UsageError(`${visibleText(reader.url)} answers something else; its head is of another version`);
  if (isSet(flags, 'json')) console.log(JSON.stringify(said, null, 2));
  else
    process.stdout.write(renderSaid(reader, () => (isSet(flags, 'csv') ? toCsv(said) : toText(said, style))));
}
