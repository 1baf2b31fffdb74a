import type { CommandModule } from 'yargs';
import { type NodeReport, renderStatusText } from '../../render/text/nodes-text.ts';
import { askSecrets, questionsOf } from '../ask-secrets.ts';
import { withCommonOptions } from '../flags.ts';
import { requireOwnHead } from '../head-client.ts';
import { isOnTerminal } from '../read-secret.ts';
import { UsageError } from '../usage/usage-error.ts';

export const unlockCommand: CommandModule = {
  builder: (parser) => withCommonOptions(parser),
  handler: async (flags) => {
    const head = await requireOwnHead(flags);
    if ((await questionsOf(head)).length === 0) {
      console.log('no node waits for an answer');
      return;
    }
    if (!isOnTerminal()) {
      throw new UsageError(
        'passwords are asked for on a terminal; without one: ssh-add for keys, or set password-file or askpass in rollcall.toml',
      );
    }
    if ((await askSecrets(head)).answers === 0) {
      console.log('No answer was given.');
      return;
    }
    const { nodes } = (await head.getJson('/control/status')) as { nodes: NodeReport[] };
    process.stdout.write(renderStatusText(nodes));
  },
};
