import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { ConfigError } from '../config/config.ts';
import { version } from '../config/version.ts';
import { checkCommand } from './check.ts';
import { gpusCommand } from './gpus.ts';
import { jobsCommand } from './jobs.ts';
import { linkCommand } from './link.ts';
import { retryCommand } from './retry.ts';
import { tieValues } from './rows.ts';
import { showCommand } from './show.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { stopCommand } from './stop.ts';
import { templateCommand } from './template.ts';
import { unlockCommand } from './unlock.ts';
import { UsageError } from './usage-error.ts';
import { usersCommand } from './users.ts';

async function runCommandLine(): Promise<void> {
  await yargs(tieValues(hideBin(process.argv)))
    .scriptName('rollcall')
    .usage(
      '$0 COMMAND\n\nWho is using which GPU and CPU of a cluster, live, with nothing installed on the nodes.',
    )
    .command(startCommand)
    .command(stopCommand)
    .command(statusCommand)
    .command(showCommand)
    .command(gpusCommand)
    .command(jobsCommand)
    .command(usersCommand)
    .command(checkCommand)
    .command(retryCommand)
    .command(unlockCommand)
    .command(linkCommand)
    .command(templateCommand)
    .demandCommand(1, 'Name a command.')
    .strict()
    .version(version())
    .help()
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .fail((message, error, parser) => {
      if (error) throw error;
      parser.showHelp();
      throw new UsageError(message);
    })
    .parseAsync();
}

runCommandLine().catch((error: unknown) => {
  const isExpected = error instanceof UsageError || error instanceof ConfigError;
  const text =
    error instanceof Error ? (isExpected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`rollcall: ${text}\n`);
  process.exitCode = 1;
});
