import type { CommandModule } from 'yargs';
import { renderGpusText } from '../render/gpus-text.ts';
import { printRows, withRowOptions } from './rows.ts';

export const gpusCommand: CommandModule = {
  command: 'gpus',
  describe: 'A line per GPU: free, busy, held idle or out, with its users and jobs',
  builder: (parser) => withRowOptions(parser),
  handler: (flags) => printRows('gpus', flags, renderGpusText),
};
