import type { CommandModule } from 'yargs';
import { type ClusterJob, renderJobsText } from '../render/jobs-text.ts';
import { requireHead } from './head-client.ts';
import { configFrom, withCommonOptions } from './options.ts';

export const jobsCommand: CommandModule = {
  command: 'jobs',
  describe: 'What runs on the nodes: jobs of schedulers, containers and sessions, merged across nodes',
  builder: (parser) =>
    withCommonOptions(parser)
      .option('user', { type: 'string', describe: 'Only jobs of this user' })
      .option('json', { type: 'boolean', describe: 'As the API serves it' }),
  handler: async (flags) => {
    const head = requireHead(configFrom(flags));
    const answer = (await head.getJson('/api/v1/jobs')) as { jobs: ClusterJob[] };
    const isMeant = (job: ClusterJob) => flags.user === undefined || job.user === flags.user;
    const jobs = answer.jobs.filter(isMeant);
    if (flags.json) console.log(JSON.stringify({ jobs }, null, 2));
    else process.stdout.write(renderJobsText(jobs));
  },
};
