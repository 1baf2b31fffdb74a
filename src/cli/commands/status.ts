import type { CommandModule } from 'yargs';
import { formatBytes, formatMoment } from '../../lib/format.ts';
import { visibleText } from '../../lib/visible-text.ts';
import { renderFailures } from '../../render/text/failure-text.ts';
import { type NodeReport, renderStatusText } from '../../render/text/nodes-text.ts';
import type { HistoryStatus } from '../../report/history.ts';
import { withReaderOptions, wordOf } from '../flags.ts';
import { forReader, openReader, type Reader } from '../readers/reader.ts';
import { askForRows, queryOption, renderSaid } from '../rows.ts';
import { styleFor } from '../terminal-style.ts';
import { asScreen, watchReports } from '../watch.ts';

export const statusCommand: CommandModule = {
  builder: (parser) =>
    withReaderOptions(parser)
      .option('query', queryOption)
      .option('watch', { type: 'boolean', describe: 'Show it anew whenever it changes' })
      .option('json', {
        type: 'boolean',
        describe: 'As the API serves it; with --watch a line for each change',
      }),
  handler: async (flags) => {
    const reader = await openReader(flags);
    const query = wordOf(flags, 'query');
    const told = await statusOf(reader, query, flags);
    const render = (nodes: readonly NodeReport[]) => {
      const style = styleFor(flags);
      const stories = forReader(reader, renderFailures(nodes, style));
      const table =
        query !== null && nodes.length === 0 ? 'Nothing fits this search.\n' : renderStatusText(nodes, style);
      return headLine(reader) + historyLine(told.history) + problemLines(told.problems) + table + stories;
    };
    if (flags.watch) {
      return watchReports(reader, { node: null, query }, (nodes) => {
        if (flags.json) console.log(JSON.stringify({ nodes }));
        else process.stdout.write(asScreen(renderSaid(reader, () => render(nodes))));
      });
    }
    if (flags.json) console.log(JSON.stringify(told, null, 2));
    else process.stdout.write(renderSaid(reader, () => render(told.nodes)));
  },
};

interface Status {
  nodes: NodeReport[];
  /** Of the list and the settings; told to the head's owner who asks for all of it. */
  problems?: string[];
  /** Told to the same. */
  history?: HistoryStatus | null;
}

async function statusOf(reader: Reader, query: string | null, flags: object): Promise<Status> {
  if (reader.own !== null && query === null) return (await reader.own.getJson('/control/status')) as Status;
  const { rows } = await askForRows<NodeReport>(reader, 'nodes', flags);
  return { nodes: rows };
}

function headLine({ own, url }: Reader): string {
  if (own === null) return `head: page ${url}\n`;
  return `head: pid ${own.record.pid}, page ${url}, log ${own.folder.logPath}\n`;
}

/** What is wrong stands among the problems. */
function historyLine(history: HistoryStatus | null = null): string {
  if (history === null) return '';
  if (history.state === 'off') return 'history: off\n';
  const since = history.sinceMs === null ? '' : `, since ${formatMoment(history.sinceMs)}`;
  const size = history.sizeBytes === null ? '' : `, ${formatBytes(history.sizeBytes)}`;
  const engine = history.engine === null ? '' : ` (${history.engine})`;
  return `history: ${history.state === 'on' ? '' : 'not written; '}${history.place}${size}${since}${engine}\n`;
}

const problemLines = (problems: readonly string[] = []) =>
  problems.map((problem) => `problem: ${visibleText(problem)}\n`).join('');
