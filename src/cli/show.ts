import type { CommandModule } from 'yargs';
import { type NodeReport, renderNodeText } from '../render/text.ts';
import { type HeadClient, requireHead } from './head-client.ts';
import { withCommandsOfHere } from './here.ts';
import { configFrom, withCommonOptions } from './options.ts';
import { queryOption, refuseBadQuestion, rowsPath, sortOption } from './rows.ts';
import { UsageError } from './usage-error.ts';

/** The head says something whenever a node does; a fleet that is silent for so long still is no reason to leave. */
const WATCH_LIMIT_MS = 24 * 3_600_000;
const CLEAR_SCREEN = '\u001b[H\u001b[2J\u001b[3J';

export const showCommand: CommandModule = {
  command: 'show [node]',
  describe: 'What a node says (all nodes without a name)',
  builder: (parser) =>
    withCommonOptions(parser)
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
    const head = requireHead(configFrom(flags));
    const node = flags.node === undefined ? null : String(flags.node);
    const path = node === null ? rowsPath('nodes', flags) : `/api/v1/nodes/${encodeURIComponent(node)}`;
    const answer = await head.getJson(path);
    if (answer === null) throw new UsageError(`there is no node "${node}" in the running head's list`);
    refuseBadQuestion(answer, flags);
    if (flags.watch) return watch(head, watchPath(node, flags.query), flags.json === true, node === null);
    if (flags.json) {
      console.log(JSON.stringify(answer, null, 2));
      return;
    }
    const reports = node === null ? (answer as { nodes: NodeReport[] }).nodes : [answer as NodeReport];
    process.stdout.write(withCommandsOfHere(renderReports(reports)));
  },
};

const renderReports = (reports: readonly NodeReport[]) =>
  reports.map((report) => renderNodeText(report)).join('\n');

function watchPath(node: string | null, query: unknown): string {
  if (node !== null) return `/control/watch?node=${encodeURIComponent(node)}`;
  return query === undefined ? '/control/watch' : `/control/watch?q=${encodeURIComponent(String(query))}`;
}

/** Ends with the head, with the node, or when whoever reads has gone. */
async function watch(head: HeadClient, path: string, asJson: boolean, isList: boolean): Promise<void> {
  process.stdout.on('error', () => process.exit(0));
  const clear = process.stdout.isTTY ? CLEAR_SCREEN : '';
  await head.lines('GET', path, (line) => show(line), WATCH_LIMIT_MS);

  function show(line: string): void {
    const { nodes } = JSON.parse(line) as { nodes: NodeReport[] };
    if (!asJson) process.stdout.write(`${clear}${renderReports(nodes)}\n`);
    else console.log(JSON.stringify(isList ? { nodes } : nodes[0]));
  }
}
