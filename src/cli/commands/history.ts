import type { CommandModule } from 'yargs';
import type { HistoryTools } from '../../head/history-tools.ts';
import { formatBytes } from '../../lib/format.ts';
import { visibleText } from '../../lib/visible-text.ts';
import { alignColumns, headings } from '../../render/text/align-columns.ts';
import { renderHistoryText } from '../../render/text/history-text.ts';
import type { HistoryAnswer } from '../../report/history.ts';
import { lastFlags, withReaderOptions, wordOf } from '../flags.ts';
import { findHead } from '../head-client.ts';
import { configFrom } from '../options.ts';
import { openReader } from '../readers/reader.ts';
import { renderSaid } from '../rows.ts';
import { styleFor } from '../terminal-style.ts';
import { UsageError } from '../usage/usage-error.ts';

const MOST_SQL_ROWS = 10_000;

export const historyCommand: CommandModule = {
  builder: (parser) =>
    withReaderOptions(parser)
      .positional('what', { type: 'string', describe: 'A node; or size, check, repair, sql, copy' })
      .positional('words', {
        type: 'string',
        array: true,
        describe: 'Series: cpu gpu.0 gpu.0.power; with sql the query',
      })
      .option('last', { type: 'string', requiresArg: true, describe: 'How far back: 24h, 7d (1h)' })
      .option('from', { type: 'string', requiresArg: true, describe: 'A time with its zone, or -24h' })
      .option('to', { type: 'string', requiresArg: true, describe: 'The same (now)' })
      .option('step', {
        type: 'string',
        requiresArg: true,
        describe: 'Between two points at least: 10s, 15m',
      })
      .option('file', {
        type: 'string',
        requiresArg: true,
        describe: 'With sql: which file, without its ending (ledger)',
      })
      .option('json', { type: 'boolean', describe: 'As the API serves it' })
      .option('csv', { type: 'boolean', describe: 'As a table for spreadsheets' })
      .conflicts('json', 'csv')
      .conflicts('last', ['from', 'to']),
  handler: async (flags) => {
    const { what, words = [] } = flags as { what?: string; words?: string[] };
    if (what === undefined)
      throw new UsageError(
        'history of which node? rollcall history NODE [SERIES…] --last 24h; or size, check, repair, sql, copy',
      );
    const tool = Object.hasOwn(tools, what) ? tools[what] : undefined;
    if (tool === undefined && what !== 'copy') return showNode(what, words, flags);
    const { history } = configFrom(flags);
    if (history === null) throw new UsageError('nothing is kept: [history] enabled = false in rollcall.toml');
    if (tool === undefined) {
      const { copyFiles } = await import('./history-copy.ts');
      return copyFiles(history, flags);
    }
    const { openHistoryTools } = await import('../../head/history-tools.ts');
    await tool(await openHistoryTools(history.folder), words, flags);
  },
};

async function showNode(node: string, series: readonly string[], flags: object): Promise<void> {
  const reader = await openReader(flags);
  const asked = new URLSearchParams({
    node,
    from: wordOf(flags, 'from') ?? `-${wordOf(flags, 'last') ?? '1h'}`,
  });
  if (series.length > 0) asked.set('series', series.join(','));
  for (const name of ['to', 'step']) {
    const word = wordOf(flags, name);
    if (word !== null) asked.set(name, word);
  }
  const answer = (await reader.getJson(`/api/v1/history?${asked}`)) as
    | (HistoryAnswer & { error?: { message: string } })
    | null;
  if (answer === null) throw new UsageError(`nothing is known of a node "${visibleText(node)}" in that time`);
  if (answer.error) throw new UsageError(visibleText(answer.error.message));
  if (lastFlags(flags).json) console.log(JSON.stringify(answer, null, 2));
  else if (lastFlags(flags).csv) {
    const { historyCsv } = await import('../../report/history-csv.ts');
    process.stdout.write(historyCsv(answer));
  } else process.stdout.write(renderSaid(reader, () => renderHistoryText(answer, styleFor(flags))));
}

type Tool = (files: HistoryTools, words: readonly string[], flags: object) => void | Promise<void>;

const tools: Readonly<Record<string, Tool>> = {
  size(files, _, flags) {
    const sizes = files.sizes();
    const totalBytes = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
    if (lastFlags(flags).json) return console.log(JSON.stringify({ files: sizes, totalBytes }, null, 2));
    const rows = [headings(['FILE', 'SIZE']), ...sizes.map(({ name, bytes }) => [name, formatBytes(bytes)])];
    console.log(
      [...alignColumns(rows, '', styleFor(flags)), `all of it: ${formatBytes(totalBytes)}`].join('\n'),
    );
  },
  check(files, _, flags) {
    const findings = [...files.check()];
    const bad = findings.filter(({ problems }) => problems.length > 0);
    if (lastFlags(flags).json) console.log(JSON.stringify({ files: findings }, null, 2));
    else {
      for (const { name, problems } of bad)
        for (const problem of problems) console.log(`${name}: ${visibleText(problem)}`);
      const chunks = findings.reduce((sum, found) => sum + (found.chunks ?? 0), 0);
      console.log(
        bad.length === 0
          ? `${findings.length} files, ${chunks} chunks: all is well`
          : `${bad.length} of ${findings.length} files are damaged; stop the head, then: rollcall history repair`,
      );
    }
    if (bad.length > 0) process.exitCode = 1;
  },
  repair(files, _, flags) {
    if (findHead(configFrom(flags)) !== null)
      throw new UsageError('a head runs with this state folder; stop it first, since it has the files open');
    const bad = [...files.check()].filter(({ problems }) => problems.length > 0);
    if (bad.length === 0) return console.log('nothing is damaged');
    for (const { name } of bad) {
      const { saved, lost, aside } = files.repair(name);
      console.log(`${name}: ${saved} rows saved, ${lost} lost; the old file is ${aside}`);
    }
  },
  sql(files, words, flags) {
    if (words.length === 0)
      throw new UsageError(
        "which query? rollcall history sql 'SELECT * FROM event ORDER BY at DESC LIMIT 9'",
      );
    let rows: ReturnType<HistoryTools['sql']>;
    try {
      rows = files.sql(wordOf(flags, 'file') ?? 'ledger', words.join(' '), MOST_SQL_ROWS);
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
    const told = rows.map((row) =>
      Object.values(row).map((value) => (value instanceof Uint8Array ? `${value.length} bytes` : value)),
    );
    if (lastFlags(flags).json)
      return console.log(
        JSON.stringify({ rows }, (_, value) => (typeof value === 'bigint' ? Number(value) : value), 2),
      );
    const names = headings(Object.keys(rows[0] ?? {}));
    const table = [names, ...told.map((row) => row.map((value) => String(value ?? '')))];
    console.log(rows.length === 0 ? 'no rows' : alignColumns(table, '', styleFor(flags)).join('\n'));
  },
};
