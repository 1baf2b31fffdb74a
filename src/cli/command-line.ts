import yargs from 'yargs';
import { ConfigError } from '../config/config-error.ts';
import { version } from '../config/version.ts';
import { commandNames, commands, toModule } from './commands.ts';
import { scriptHere } from './here.ts';
import { checkSwitches, tieValues } from './usage/tie-values.ts';
import { UsageError } from './usage/usage-error.ts';
import { explainUsage } from './usage/usage-message.ts';

const WIDEST = 100;

/** Does what the words of a command line ask for; tells on the error stream why not, and sets the exit code to 1. */
export async function runCommandLine(given: readonly string[]): Promise<void> {
  // A head in the background has its parent's channel, and says this into its log.
  const isLogged = process.send !== undefined;
  try {
    checkSwitches(given);
    await parse(tieValues(given));
  } catch (error) {
    const time = isLogged ? `${new Date().toISOString()} ` : '';
    process.stderr.write(`${time}rollcall: ${messageOf(error, given)}\n`);
    process.exitCode = 1;
  }
}

async function parse(words: readonly string[]): Promise<void> {
  const parser = yargs(words)
    // Its own sentences are read below, so they are in one language.
    .detectLocale(false)
    .scriptName('rollcall')
    .usage(
      '$0 COMMAND\n\nWho is using which GPU and CPU of a cluster, live, with nothing installed on the nodes.',
    )
    .command(commands.map(toModule))
    .demandCommand(1, 'Name a command.')
    .strict()
    .version(version())
    .alias('version', 'V')
    .help()
    .alias('help', 'h')
    .wrap(Math.min(WIDEST, process.stdout.columns ?? WIDEST))
    .fail((said: string | null, error: Error | undefined, usage: unknown) => {
      if (error && !isUsageFault(error)) throw error;
      throw new UsageError(explain(said ?? error?.message ?? '', words, namesOf(usage)));
    });
  await parser.parseAsync();
}

const explain = (said: string, words: readonly string[], options: readonly string[]) =>
  explainUsage(said, { words, commands: commandNames, options, program: scriptHere('rollcall') });

const isUsageFault = (error: unknown): error is Error => error instanceof Error && error.name === 'YError';

/** The options that the parser knows at this point, by what it has to say of them in a help text. */
function namesOf(usage: unknown): string[] {
  const { getDescriptions } = usage as { getDescriptions?: () => object };
  return getDescriptions === undefined ? [] : Object.keys(getDescriptions());
}

function messageOf(error: unknown, words: readonly string[]): string {
  // Where a command is loaded late, the parser throws some of its faults past the hook for them.
  if (isUsageFault(error)) return explain(error.message, words, []);
  if (error instanceof UsageError || error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
