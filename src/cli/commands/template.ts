import type { CommandModule } from 'yargs';
import { writeTemplates } from '../../head/templates.ts';
import { configFrom, withCommonOptions } from '../options.ts';
import { UsageError } from '../usage/usage-error.ts';

export const templateCommand: CommandModule = {
  builder: (parser) => withCommonOptions(parser),
  handler: async (flags) => {
    const files = await writeTemplates(configFrom(flags)).catch((error: Error) => {
      throw new UsageError(error.message);
    });
    for (const file of files) console.log(`wrote ${file}`);
  },
};
