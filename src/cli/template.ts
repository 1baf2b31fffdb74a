import type { CommandModule } from 'yargs';
import { writeTemplates } from '../main/templates.ts';
import { configFrom, withCommonOptions } from './options.ts';

export const templateCommand: CommandModule = {
  command: 'template',
  describe: 'Turn index-design.html into templates/',
  builder: (parser) => withCommonOptions(parser),
  handler: async (flags) => {
    for (const file of await writeTemplates(configFrom(flags).projectFolder)) console.log(`wrote ${file}`);
  },
};
