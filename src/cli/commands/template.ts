import type { CommandModule } from 'yargs';
import { writeTemplates } from '../../head/templates.ts';
import { configFrom, withCommonOptions } from '../options.ts';

export const templateCommand: CommandModule = {
  builder: (parser) => withCommonOptions(parser),
  handler: async (flags) => {
    for (const file of await writeTemplates(configFrom(flags))) console.log(`wrote ${file}`);
  },
};
