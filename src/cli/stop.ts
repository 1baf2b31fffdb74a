import type { CommandModule } from 'yargs';
import { configFrom, withCommonOptions } from './options.ts';
import { stopHead } from './stop-head.ts';

export const stopCommand: CommandModule = {
  command: 'stop',
  describe: 'Stop the head and every monitor that it started',
  builder: (parser) => withCommonOptions(parser),
  handler: async (flags) => {
    await stopHead(configFrom(flags), (line) => console.log(line));
  },
};
