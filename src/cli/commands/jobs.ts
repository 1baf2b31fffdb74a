import type { CommandModule } from 'yargs';
import { renderJobsText } from '../../render/text/jobs-text.ts';
import { wordOf } from '../flags.ts';
import { printRows, withRowOptions } from '../rows.ts';

/** A user's name as a search that means this user alone. */
const exactUser = (name: string) => `user:="${name.replace(/["\\]/g, '\\$&')}"`;

export const jobsCommand: CommandModule = {
  builder: (parser) =>
    withRowOptions(parser).option('user', {
      type: 'string',
      requiresArg: true,
      describe: 'Only jobs of this user',
    }),
  handler: (flags) => {
    const user = wordOf(flags, 'user');
    const words = [wordOf(flags, 'query'), user === null ? null : exactUser(user)];
    const query = words.filter((word) => word !== null).join(' ');
    return printRows('jobs', query === '' ? flags : { ...flags, query }, renderJobsText);
  },
};
