import type { CommandModule } from 'yargs';
import { type NodeReport, renderNodeText } from '../../render/text/nodes-text.ts';
import { withReaderOptions, wordOf } from '../flags.ts';
import { forReader, openReader, type Reader } from '../readers/reader.ts';
import { askForRows, queryOption, renderSaid, sortOption } from '../rows.ts';
import { styleFor } from '../terminal-style.ts';
import { UsageError } from '../usage/usage-error.ts';
import { asScreen, watchReports } from '../watch.ts';

export const showCommand: CommandModule = {
  builder: (parser) =>
    withReaderOptions(parser)
      .positional('node', { type: 'string' })
      .option('watch', { type: 'boolean', describe: 'Show it anew whenever it changes' })
      .option('json', {
        type: 'boolean',
        describe: 'As the API serves it; with --watch a line for each change',
      })
      .option('query', queryOption)
      .option('sort', sortOption)
      .conflicts('node', ['query', 'sort'])
      .conflicts('watch', 'sort'),
  handler: async (flags) => {
    const reader = await openReader(flags);
    // The window may change its width while it is watched.
    const render = (reports: readonly NodeReport[]) => {
      const style = styleFor(flags);
      const text = reports.map((report) => renderNodeText(report, style)).join('\n');
      return forReader(reader, text);
    };
    const node = wordOf(flags, 'node');
    const { reports, answer } = await ask(reader, node, flags);
    if (flags.watch) {
      const isList = node === null;
      return watchReports(reader, { node, query: wordOf(flags, 'query') }, (nodes) => {
        if (flags.json) console.log(JSON.stringify(isList ? { nodes } : nodes[0]));
        else process.stdout.write(asScreen(renderSaid(reader, () => render(nodes))));
      });
    }
    if (flags.json) console.log(JSON.stringify(answer, null, 2));
    else process.stdout.write(renderSaid(reader, () => render(reports)));
  },
};

async function ask(
  reader: Reader,
  node: string | null,
  flags: object,
): Promise<{ reports: NodeReport[]; answer: unknown }> {
  if (node === null) {
    const { rows, answer } = await askForRows<NodeReport>(reader, 'nodes', flags);
    return { reports: rows, answer };
  }
  const answer = await reader.getJson(`/api/v1/nodes/${encodeURIComponent(node)}`);
  if (answer === null) throw new UsageError(`there is no node "${node}" in the running head's list`);
  return { reports: [answer as NodeReport], answer };
}
