import type { CommandModule } from 'yargs';
import { renderFailures } from '../render/failure-text.ts';
import { type NodeReport, renderStatusText } from '../render/text.ts';
import { requireHead } from './head-client.ts';
import { withCommandsOfHere } from './here.ts';
import { configFrom, withCommonOptions } from './options.ts';

export const statusCommand: CommandModule = {
  command: 'status',
  describe: 'A line per node of the running head, and the story of each that has a problem',
  builder: (parser) => withCommonOptions(parser),
  handler: async (flags) => {
    const head = requireHead(configFrom(flags));
    const { nodes, problems } = (await head.getJson('/control/status')) as {
      nodes: NodeReport[];
      problems: string[];
    };
    console.log(`head: pid ${head.record.pid}, page ${head.record.url}, log ${head.folder.logPath}`);
    for (const problem of problems) console.log(`problem: ${problem}`);
    process.stdout.write(renderStatusText(nodes) + withCommandsOfHere(renderFailures(nodes)));
  },
};
