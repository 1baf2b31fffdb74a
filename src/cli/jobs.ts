import type { CommandModule } from 'yargs';
import { renderJobsText } from '../render/jobs-text.ts';
import { printRows, withRowOptions } from './rows.ts';

/** A user's name as a search that means this user alone. */
const exactUser = (name: string) => `user:="${name.replace(/["\\]/g, '\\$&')}"`;

export const jobsCommand: CommandModule = {
  command: 'jobs',
  describe: 'What runs on the nodes: jobs of schedulers, containers and sessions, merged across nodes',
  builder: (parser) =>
    withRowOptions(parser).option('user', { type: 'string', describe: 'Only jobs of this user' }),
  handler: (flags) => {
    const words = [flags.query, flags.user === undefined ? undefined : exactUser(String(flags.user))];
    const query = words.filter((word) => word !== undefined).join(' ');
    return printRows('jobs', query === '' ? flags : { ...flags, query }, renderJobsText);
  },
};
