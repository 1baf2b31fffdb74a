import type { Argv } from 'yargs';
import { renderGroups, renderQueryError } from '../render/query-text.ts';
import { requireHead } from './head-client.ts';
import { scriptHere } from './here.ts';
import { configFrom, withCommonOptions } from './options.ts';
import { UsageError } from './usage-error.ts';

/** What commands that print rows have in common. The head does the searching, so that page, API and terminal agree. */

export const queryOption = {
  alias: 'q',
  type: 'string',
  requiresArg: true,
  describe: "Only what fits this search: 'gpu:h100 free:>=2'",
} as const;

export const sortOption = {
  type: 'string',
  requiresArg: true,
  describe: 'By this; with a minus the largest first: -util',
} as const;

const mayBeginWithMinus: Readonly<Record<string, string>> = {
  '-q': '--query',
  '--query': '--query',
  '--sort': '--sort',
};

/** A search and an order may begin with a minus, which would be taken for an option: such values are tied to theirs. */
export function tieValues(words: readonly string[]): string[] {
  const tied: string[] = [];
  for (const word of words) {
    const before = mayBeginWithMinus[tied.at(-1) ?? ''];
    if (before !== undefined && /^-[^-]/.test(word)) tied[tied.length - 1] = `${before}=${word}`;
    else tied.push(word);
  }
  return tied;
}

export function withRowOptions<T>(parser: Argv<T>) {
  return withCommonOptions(parser)
    .option('query', queryOption)
    .option('sort', sortOption)
    .option('group', {
      type: 'string',
      requiresArg: true,
      describe: 'A table for each of these: user, model, tag …',
    })
    .option('json', { type: 'boolean', describe: 'As the API serves it' });
}

type Flags = Readonly<Record<string, unknown>>;

/** An option that is given twice counts as it was given last. */
function wordOf(flags: Flags, name: string): string | null {
  const value: unknown = flags[name];
  const last: unknown = Array.isArray(value) ? value.at(-1) : value;
  return last === undefined ? null : String(last);
}

/** Address of a list of the API with what the flags ask for. */
export function rowsPath(kind: 'nodes' | 'gpus' | 'jobs' | 'users', flags: Flags): string {
  const asked = new URLSearchParams();
  for (const [name, flag] of [
    ['q', 'query'],
    ['sort', 'sort'],
    ['group', 'group'],
  ] as const) {
    const word = wordOf(flags, flag);
    if (word !== null) asked.set(name, word);
  }
  return `/api/v1/${kind}${asked.size > 0 ? `?${asked}` : ''}`;
}

interface Refused {
  error?: { code: string; message: string; at: number; length: number };
}

const flagOf: Readonly<Record<string, string>> = {
  'bad-query': 'query',
  'bad-sort': 'sort',
  'bad-group': 'group',
};

/** Ends the command with the place and the remedy where the head did not understand the question. */
export function refuseBadQuestion(answer: unknown, flags: Flags): void {
  const { error } = answer as Refused;
  if (!error) return;
  const flag = flagOf[error.code];
  if (flag === undefined) throw new UsageError(error.message);
  throw new UsageError(renderQueryError(wordOf(flags, flag) ?? '', error).trimEnd());
}

interface GroupsAnswer {
  groups?: { title: string | null; rows: number[] }[];
}

/** Asks the running head for rows and prints them as text or JSON. */
export async function printRows<Row>(
  kind: 'gpus' | 'jobs' | 'users',
  flags: Flags,
  render: (rows: readonly Row[]) => string,
): Promise<void> {
  const head = requireHead(configFrom(flags));
  const answer = await head.getJson(rowsPath(kind, flags));
  if (answer === null)
    throw new UsageError(
      `the running head is older than this command; restart it: ${scriptHere('run_monitor.sh')}`,
    );
  refuseBadQuestion(answer, flags);
  if (flags.json) {
    console.log(JSON.stringify(answer, null, 2));
    return;
  }
  const { groups, [kind]: rows = [] } = answer as GroupsAnswer & { [Kind in typeof kind]?: Row[] };
  const withRows = groups?.map(({ title, rows: places }) => ({
    title,
    rows: places.flatMap((at) => rows[at] ?? []),
  }));
  process.stdout.write(withRows ? renderGroups(withRows, render) : render(rows));
}
