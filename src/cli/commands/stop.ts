import type { CommandModule } from 'yargs';
import { earlierHead } from '../head-client.ts';
import { configDespiteMistakes, withCommonOptions } from '../options.ts';
import { NOTHING, stopHeads } from '../stop-head.ts';

export const stopCommand: CommandModule = {
  command: 'stop',
  describe: 'Stop the head and every monitor that it started',
  builder: (parser) =>
    withCommonOptions(parser).option('demo', { type: 'boolean', describe: 'Only the simulated cluster' }),
  handler: async (flags) => {
    const config = await configDespiteMistakes(flags);
    let isFound = true;
    await stopHeads(config, (line) => {
      if (line === NOTHING) isFound = false;
      console.log(line);
    });
    const earlier = isFound || flags.demo ? null : earlierHead(config, flags);
    if (earlier !== null) console.log(earlier);
  },
};
