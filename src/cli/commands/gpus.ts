import type { CommandModule } from 'yargs';
import { renderGpusText } from '../../render/text/gpus-text.ts';
import { printRows, withRowOptions } from '../rows.ts';

export const gpusCommand: CommandModule = {
  builder: (parser) => withRowOptions(parser),
  handler: (flags) => printRows('gpus', flags, renderGpusText),
};
