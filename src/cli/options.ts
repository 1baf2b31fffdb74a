import type { Argv } from 'yargs';
import { readStateDir } from '../config/client-settings.ts';
import { type Config, ConfigError, readConfig } from '../config/config.ts';
import { environment, surroundings } from './environment.ts';
import { lastFlags, withCommonOptions } from './flags.ts';
import { tellProblem } from './tell-problem.ts';

export { withCommonOptions };

/** Options that say what to watch and where to serve. */
export function withHeadOptions<T>(parser: Argv<T>) {
  return withCommonOptions(parser)
    .option('node-list', { type: 'string', requiresArg: true, describe: 'File with one node per line' })
    .option('design', { type: 'string', requiresArg: true, describe: 'Design file of the page' })
    .option('ssh-config', { type: 'string', requiresArg: true, describe: 'ssh settings file, as ssh -F' })
    .option('host', { type: 'string', requiresArg: true, describe: 'Address to listen on (127.0.0.1)' })
    .option('port', { type: 'string', requiresArg: true, describe: 'Port of the page (7070)' })
    .option('allowed-hosts', {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'Further host names under which the page may be asked for',
    })
    .option('password-file', {
      type: 'string',
      requiresArg: true,
      describe: 'File of passwords and passphrases (mode 0600)',
    })
    .option('askpass', {
      type: 'string',
      requiresArg: true,
      describe: 'Program that asks for them, as SSH_ASKPASS',
    })
    .option('demo', { type: 'boolean', describe: 'Show a simulated cluster' })
    .option('public', { type: 'boolean', describe: 'Allow other machines to see the page' });
}

/** Reads the settings for parsed flags. Throws `ConfigError`. */
export function configFrom(flags: object): Config {
  return readConfig({ flags: lastFlags(flags), ...surroundings() });
}

/**
 * The same for what must reach the head that runs whatever became of the settings: mistakes are told, and then only
 * the flags and the state folder count.
 */
export async function configDespiteMistakes(flags: object): Promise<Config> {
  try {
    return configFrom(flags);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    tellProblem(error.message);
  }
  const asked = { ...surroundings(), flags: lastFlags(flags) };
  // The file's folder is not meant for a demo.
  const isDemo = asked.flags.demo === true;
  const stateDir = isDemo ? asked.flags['state-dir'] : await readStateDir(asked, () => undefined);
  const isMistake = (name: string) => name.startsWith('ROLLCALL_') && name !== 'ROLLCALL_STATE_DIR';
  const kept = Object.entries(environment).filter(([name]) => !isMistake(name));
  return readConfig({
    ...asked,
    flags: { ...asked.flags, 'state-dir': stateDir },
    environment: Object.fromEntries(kept),
    hasNoFile: true,
  });
}
