import { COMMAND_NAME } from '../../lib/command-name.ts';
import { shellCommand } from '../../lib/shell-quote.ts';
import type { HeadLimit, Way } from '../failure-detail.ts';
import { type DetailOf, type Sentences, trimmed, type Words } from './words.ts';

/** What fails on the head's own machine. */

/** The sentence begins with what is short; `of` is the limit where it is known. */
const limits: Record<HeadLimit, (of: string) => Words> = {
  files: (of) => ({
    message: `This head has no free file descriptors${of}`,
    hint: 'Raise the limit and start the head again: ulimit -n 65536, or LimitNOFILE=65536 in a systemd unit.',
  }),
  'all-files': () => ({
    message: 'The machine of this head has no free file descriptors',
    hint: 'See who holds so many files (lsof), or raise the limit of the machine: sysctl fs.file-max',
  }),
  processes: () => ({
    message: 'This head may start no more processes',
    hint: 'Raise the limit and start the head again: ulimit -u, or TasksMax= in a systemd unit; or free memory.',
  }),
};

function describeHeadLimit({ node }: Way, { what, limit, detail }: DetailOf<'head-limit'>): Words {
  const { message, hint } = limits[what](limit === null ? '' : ` (limit ${limit})`);
  return { message: `${message}, so that it cannot go to ${node}: ${trimmed(detail)}.`, hint };
}

export const headSentences = {
  config: ({ node }, { detail, hint }) => ({
    message: `The settings for ${node} do not work: ${trimmed(detail)}.`,
    hint,
  }),
  'tool-missing': (_way, { tool, hint }) => ({ message: `${tool} is missing on this machine.`, hint }),
  'head-limit': describeHeadLimit,
  'head-error': ({ node }, { detail }) => ({
    message: `The head made a mistake with ${node}: ${trimmed(detail)}.`,
    hint: `It goes on after a wait; at once with: ${COMMAND_NAME} retry ${shellCommand([node])}`,
  }),
} satisfies Partial<Sentences>;
