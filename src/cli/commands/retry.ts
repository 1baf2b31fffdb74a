import type { CommandModule } from 'yargs';
import { visibleText } from '../../lib/visible-text.ts';
import type { NodeReport } from '../../render/text/nodes-text.ts';
import { withCommonOptions } from '../flags.ts';
import { type HeadClient, requireOwnHead } from '../head-client.ts';
import { UsageError } from '../usage/usage-error.ts';

export const retryCommand: CommandModule = {
  builder: (parser) =>
    withCommonOptions(parser)
      .positional('node', { type: 'string' })
      .option('all', { type: 'boolean', describe: 'Every node that is not live' }),
  handler: async (flags) => {
    const node = flags.node === undefined ? null : String(flags.node);
    if ((node === null) === (flags.all !== true)) throw new UsageError('name one node, or give --all');
    const head = await requireOwnHead(flags);
    for (const name of node === null ? await failingNodes(head) : [node]) await retry(head, name);
  },
};

async function failingNodes(head: HeadClient): Promise<string[]> {
  const { nodes } = (await head.getJson('/api/v1/nodes')) as { nodes: NodeReport[] };
  const failing = nodes.filter((node) => node.cause !== null).map((node) => node.name);
  if (failing.length === 0) console.log('no node has failed');
  return failing;
}

interface Retried {
  /** Null where there is nothing to try. */
  retrying?: string | null;
  state?: string;
  error?: { message: string };
}

async function retry(head: HeadClient, node: string): Promise<void> {
  const answer = (await head.postJson(`/api/v1/nodes/${encodeURIComponent(node)}/retry`)) as Retried | null;
  if (answer === null) throw new UsageError(`there is no node "${node}" in the running head's list`);
  if (answer.error) throw new UsageError(visibleText(answer.error.message));
  console.log(
    answer.retrying === null ? `${node} is ${answer.state}; nothing to try` : `${node}: tried again now`,
  );
}
