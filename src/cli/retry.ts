import type { CommandModule } from 'yargs';
import { requireHead } from './head-client.ts';
import { configFrom, withCommonOptions } from './options.ts';
import { UsageError } from './usage-error.ts';

export const retryCommand: CommandModule = {
  command: 'retry <node>',
  describe: 'Try a node again now, without waiting',
  builder: (parser) => withCommonOptions(parser).positional('node', { type: 'string', demandOption: true }),
  handler: async (flags) => {
    const node = String(flags.node);
    const status = await requireHead(configFrom(flags)).post(
      `/api/v1/nodes/${encodeURIComponent(node)}/retry`,
    );
    if (status === 404) throw new UsageError(`there is no node "${node}" in the running head's list`);
    if (status >= 300) throw new UsageError(`the head answered ${status}`);
    console.log(`${node}: tried again now`);
  },
};
