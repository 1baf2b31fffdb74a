import type { CommandModule } from 'yargs';
import { withCommonOptions } from '../flags.ts';
import { requireOwnHead } from '../head-client.ts';
import { scriptHere } from '../here.ts';
import { UsageError } from '../usage/usage-error.ts';

export const linkCommand: CommandModule = {
  builder: (parser) => withCommonOptions(parser),
  handler: async (flags) => {
    const head = await requireOwnHead(flags);
    const answer = (await head.postJson('/control/link')) as { path: string } | null;
    if (answer === null)
      throw new UsageError(`the head does not know links; restart it: ${scriptHere('run_monitor.sh')}`);
    console.log(new URL(answer.path, head.record.url).href);
    console.log('Good once, for ten minutes. Through an ssh -L tunnel, put localhost in place of the host.');
  },
};
