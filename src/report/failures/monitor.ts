import type { Way } from '../failure-detail.ts';
import { type DetailOf, type Sentences, seconds, trimmed, verbose, type Words } from './words.ts';

/** What fails once the login works: the runtime, the monitor, and what it sends. */

function describeProtocol(way: Way, { detail, isFlood }: DetailOf<'protocol'>): Words {
  if (isFlood) {
    return {
      message: `${way.node} sends too much: ${trimmed(detail)}.`,
      hint: `It is left alone for growing waits. See what runs there in place of a monitor: ${verbose(way)} ps -eo pid,user,args`,
    };
  }
  return {
    message: `${way.node} sent something that is not a monitor's message: ${trimmed(detail)}.`,
    hint: 'If a start-up file or a wrapper prints there, silence it for commands run over ssh.',
  };
}

export const monitorSentences = {
  'no-runtime': ({ node }, { detail, hint }) => ({
    message: `No runtime for the monitor on ${node}: ${trimmed(detail)}.`,
    hint,
  }),
  libc: ({ node }, { detail }) => ({
    message: `The shipped runtime does not start on ${node}: ${trimmed(detail)}.`,
    hint: "Install Node.js 18.15 or later from the node's own distribution.",
  }),
  noexec: ({ node }, { folders }) => ({
    message: `Programs may not run from ${trimmed(folders.join(' or '))} on ${node} (mounted noexec).`,
    hint: 'Install Node.js 18.15 or later on the node, or allow programs in ~/.cache.',
  }),
  'no-space': (way, { folders, neededMiB }) => ({
    message: `No room for the runtime (${neededMiB} MiB) in ${trimmed(folders.join(' or '))} on ${way.node}.`,
    hint: `Free some space, then see: ${verbose(way)} df -h`,
  }),
  'monitor-crashed': ({ node }, { detail }) => ({
    message: `The monitor on ${node} ended: ${trimmed(detail)}.`,
    hint: 'The last lines below and the log on the node say why; it is started again by itself.',
  }),
  'monitor-silent': (way, { silentMs }) => ({
    message: `The monitor on ${way.node} has said nothing for ${seconds(silentMs)}.`,
    hint: `The node may be overloaded or its monitor stopped. Look: ${verbose(way)} ps -eo pid,stat,args`,
  }),
  protocol: describeProtocol,
} satisfies Partial<Sentences>;
