import type { CommandModule } from 'yargs';
import type { Config } from '../config/config.ts';
import { checkNode, targetsFor } from '../main.ts';
import { renderFailureText } from '../render/failure-text.ts';
import { findHead } from './head-client.ts';
import { configFrom, withHeadOptions } from './options.ts';
import { UsageError } from './usage-error.ts';

export const checkCommand: CommandModule = {
  command: 'check [node]',
  describe: 'Walk through name, port, host key, login, shell, runtime, monitor, GPUs',
  builder: (parser) => withHeadOptions(parser).positional('node', { type: 'string' }),
  handler: async (flags) => {
    const config = settingsOfRunningHead(configFrom(flags), flags);
    const node = flags.node === undefined ? null : String(flags.node);
    const targets = await targetsFor(config, node).catch((error: Error) => {
      throw new UsageError(error.message);
    });
    let failed = 0;
    for (const target of targets) {
      console.log(`${target.name}`);
      const result = await checkNode(config, target, ({ step, fact }) =>
        console.log(`  ok      ${step.padEnd(11)}${fact}`),
      );
      if (result === null) continue;
      failed++;
      console.log(`  FAILED  ${result.step}\n${renderFailureText(result.failure, '          ')}`);
    }
    if (failed > 0) process.exitCode = 1;
  },
};

/** Flags win; else the running head's own node list and ssh settings, so that both see the same. */
function settingsOfRunningHead(config: Config, flags: Record<string, unknown>): Config {
  const record = findHead(config)?.record;
  if (!record || record.demo) return config;
  return {
    ...config,
    nodeList: flags['node-list'] === undefined ? record.nodeList : config.nodeList,
    sshConfig: flags['ssh-config'] === undefined ? record.sshConfig : config.sshConfig,
  };
}
