import type { CommandModule } from 'yargs';
import { type NodeReport, renderNodeText } from '../render/text.ts';
import { requireHead } from './head-client.ts';
import { configFrom, withCommonOptions } from './options.ts';
import { UsageError } from './usage-error.ts';

export const showCommand: CommandModule = {
  command: 'show [node]',
  describe: 'What a node says (all nodes without a name)',
  builder: (parser) =>
    withCommonOptions(parser)
      .positional('node', { type: 'string' })
      .option('json', { type: 'boolean', describe: 'As the API serves it' }),
  handler: async (flags) => {
    const head = requireHead(configFrom(flags));
    const node = flags.node === undefined ? null : String(flags.node);
    const answer = await head.getJson(
      node === null ? '/api/v1/nodes' : `/api/v1/nodes/${encodeURIComponent(node)}`,
    );
    if (answer === null) throw new UsageError(`there is no node "${node}" in the running head's list`);
    if (flags.json) {
      console.log(JSON.stringify(answer, null, 2));
      return;
    }
    const reports = node === null ? (answer as { nodes: NodeReport[] }).nodes : [answer as NodeReport];
    process.stdout.write(reports.map((report) => renderNodeText(report)).join('\n'));
  },
};
