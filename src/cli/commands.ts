import type { CommandModule } from 'yargs';
import { once } from '../lib/once.ts';

/**
 * All commands. What one of them does is loaded when it is asked for: a look at the nodes must not wait for an SSH
 * client, and help for nothing.
 */

interface Command {
  /** With its positional words. */
  command: string;
  describe: string;
  load(): Promise<Pick<CommandModule, 'builder' | 'handler'>>;
}

export const commands: readonly Command[] = [
  {
    command: 'start',
    describe: 'Start the head (in the background unless --foreground)',
    load: async () => (await import('./commands/start.ts')).startCommand,
  },
  {
    command: 'stop',
    describe: 'Stop the head and every monitor that it started',
    load: async () => (await import('./commands/stop.ts')).stopCommand,
  },
  {
    command: 'status',
    describe: 'A line per node of the running head, and the story of each that has a problem',
    load: async () => (await import('./commands/status.ts')).statusCommand,
  },
  {
    command: 'show [node]',
    describe: 'What a node says (all nodes without a name)',
    load: async () => (await import('./commands/show.ts')).showCommand,
  },
  {
    command: 'gpus',
    describe: 'A line per GPU: free, busy, held idle or out, with its users and jobs',
    load: async () => (await import('./commands/gpus.ts')).gpusCommand,
  },
  {
    command: 'jobs',
    describe: 'What runs on the nodes: jobs of schedulers, containers and sessions, merged across nodes',
    load: async () => (await import('./commands/jobs.ts')).jobsCommand,
  },
  {
    command: 'users',
    describe: 'Who holds what: GPUs, memory and CPU of every user, over all nodes',
    load: async () => (await import('./commands/users.ts')).usersCommand,
  },
  {
    command: 'history [what] [words..]',
    describe: "A node's former times; or size, check, repair, sql and copy for what is kept of them",
    load: async () => (await import('./commands/history.ts')).historyCommand,
  },
  {
    command: 'check [node]',
    describe: 'Walk through name, port, host key, login, shell, runtime, monitor, GPUs',
    load: async () => (await import('./commands/check.ts')).checkCommand,
  },
  {
    command: 'retry [node]',
    describe: 'Try a node again now, without waiting',
    load: async () => (await import('./commands/retry.ts')).retryCommand,
  },
  {
    command: 'unlock',
    describe: 'Ask for the passwords and passphrases that nodes wait for',
    load: async () => (await import('./commands/unlock.ts')).unlockCommand,
  },
  {
    command: 'link',
    describe: 'An address that lets one browser press the buttons of the page',
    load: async () => (await import('./commands/link.ts')).linkCommand,
  },
  {
    command: 'config',
    describe: 'The settings that are in force, and where each comes from',
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
  {
    command: 'template',
    describe: 'Turn index-design.html into templates/',
    load: async () => (await import('./commands/template.ts')).templateCommand,
  },
];

/** `status`, `show` … */
export const commandNames: readonly string[] = commands.map(
  ({ command }) => command.split(' ')[0] ?? command,
);

/** A command for the parser, which is loaded when it is named. */
export function toModule({ command, describe, load }: Command): CommandModule {
  const loaded = once(load);
  return {
    command,
    describe,
    builder: async (parser) => {
      const { builder } = await loaded();
      return typeof builder === 'function' ? builder(parser) : parser;
    },
    handler: async (flags) => (await loaded()).handler(flags),
  };
}
