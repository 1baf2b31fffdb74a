import type { CommandModule } from 'yargs';
import { configFrom, withCommonOptions } from '../options.ts';
import { stopHeads } from '../stop-head.ts';

export const stopCommand: CommandModule = {
  command: 'stop',
  describe: 'Stop the head and every monitor that it started',
  builder: (parser) =>
    withCommonOptions(parser).option('demo', { type: 'boolean', describe: 'Only the simulated cluster' }),
  handler: async (flags) => {
    await stopHeads(configFrom(flags), (line) => console.log(line));
  },
};
