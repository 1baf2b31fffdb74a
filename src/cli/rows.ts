import type { Argv } from 'yargs';
import type { RowKind } from '../lib/row-kinds.ts';
import { visibleText } from '../lib/visible-text.ts';
import { renderGroups, renderQueryError } from '../render/text/query-text.ts';
import type { TextStyle } from '../render/text/text-style.ts';
import { withReaderOptions, wordOf } from './flags.ts';
import { scriptHere } from './here.ts';
import { openReader, type Reader } from './readers/reader.ts';
import { styleFor } from './terminal-style.ts';
import { UsageError } from './usage/usage-error.ts';

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

/** Options of commands that print rows: search, order, JSON, colour, whose head. */
export function withRowOptions<T>(parser: Argv<T>) {
  return withReaderOptions(parser)
    .option('query', queryOption)
    .option('sort', sortOption)
    .option('group', {
      type: 'string',
      requiresArg: true,
      describe: 'A table for each of these: user, model, tag …',
    })
    .option('json', { type: 'boolean', describe: 'As the API serves it' });
}

/** Address of a list of the API with what the flags ask for. */
export function rowsPath(kind: RowKind, flags: object): string {
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

/** Ends the command with the option, the place in it and the remedy where the head did not understand the question. */
export function refuseBadQuestion(answer: unknown, flags: object): void {
  const { error } = answer as Refused;
  if (!error) return;
  const flag = flagOf[error.code];
  if (flag === undefined) throw new UsageError(visibleText(error.message));
  throw new UsageError(`--${flag}: ${renderQueryError(wordOf(flags, flag) ?? '', error).trimEnd()}`);
}

interface Listed<Row> {
  rows: Row[];
  groups: { title: string | null; rows: number[] }[] | null;
  /** As the head said it. */
  answer: unknown;
}

type ListAnswer<Row> = Partial<Record<RowKind, Row[]>> & { groups?: Listed<Row>['groups'] };

/** Asks for rows. Throws `UsageError` where the head does not know them or what answers is no head. */
export async function askForRows<Row>(reader: Reader, kind: RowKind, flags: object): Promise<Listed<Row>> {
  const answer = await reader.getJson(rowsPath(kind, flags));
  if (answer === null) {
    const remedy = reader.own === null ? '' : `; restart it: ${scriptHere('run_monitor.sh')}`;
    throw new UsageError(`the running head is older than this command${remedy}`);
  }
  refuseBadQuestion(answer, flags);
  const { groups = null, [kind]: rows } = answer as ListAnswer<Row>;
  if (!Array.isArray(rows)) throw noRollcall(reader);
  return { rows, groups, answer };
}

const noRollcall = ({ url }: Reader) =>
  new UsageError(`${url} is not the page of a Rollcall of this version: its answer is another one`);

/** Makes a text of what a head said. Another's head may be of any version, and what stands there may be no head. */
export function renderSaid(reader: Reader, render: () => string): string {
  if (reader.own !== null) return render();
  try {
    return render();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw noRollcall(reader);
    throw error;
  }
}

/** Asks a head for rows and prints them as text or JSON. */
export async function printRows<Row>(
  kind: 'gpus' | 'jobs' | 'users',
  flags: object,
  render: (rows: readonly Row[], style: TextStyle) => string,
): Promise<void> {
  const style = styleFor(flags);
  const reader = await openReader(flags);
  const { rows, groups, answer } = await askForRows<Row>(reader, kind, flags);
  if (wordOf(flags, 'json') === 'true') {
    console.log(JSON.stringify(answer, null, 2));
    return;
  }
  const withRows = groups?.map(({ title, rows: places }) => ({
    title,
    rows: places.flatMap((at) => rows[at] ?? []),
  }));
  const renderTable = (table: readonly Row[]) => render(table, style);
  process.stdout.write(
    renderSaid(reader, () => (withRows ? renderGroups(withRows, renderTable) : renderTable(rows))),
  );
}
