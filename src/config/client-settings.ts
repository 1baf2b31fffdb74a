import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from './config-error.ts';
import { absolutePath, defaultStateDir, settingsFileOf } from './setting-paths.ts';

/**
 * What the commands that ask a head need of the settings, read without the schema of all of them: loading that would
 * take longer than the answer. What the head needs is checked by the head.
 */

export interface ClientSources {
  /** From the command line; undefined where not given. */
  flags: Readonly<Record<string, unknown>>;
  environment: NodeJS.ProcessEnv;
  workingFolder: string;
  /** Folder of package.json. */
  projectFolder: string;
}

/** Hears what is wrong with the settings and does not keep a command from its head. */
export type Tell = (problem: string) => void;

/** Which head is asked: one by the address of its page, or the own one by its state folder. */
export type AskedHead = { url: string } | { stateDir: string };

/**
 * As `readConfig` finds it: flags win over the environment, that over rollcall.toml. A file with a mistake must not shut
 * the owner out of the head that runs: the mistake is told, and the folder is the usual one.
 */
export async function readStateDir(sources: ClientSources, tell: Tell): Promise<string> {
  const { flags, environment, workingFolder } = sources;
  const named = flags['state-dir'] ?? (environment.ROLLCALL_STATE_DIR || undefined);
  if (named !== undefined) return absolutePath(String(named), workingFolder);
  const usual = defaultStateDir(environment);
  try {
    return (await stateDirOfFile(sources)) ?? usual;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    tell(`${error.message}; the head is looked for in ${usual}`);
    return usual;
  }
}

/** Null where there is no file, or none in it. Throws `ConfigError`. */
async function stateDirOfFile(sources: ClientSources): Promise<string | null> {
  const { path, isRequired } = settingsFileOf(sources.flags.config, sources);
  if (!isRequired && !existsSync(path)) return null;
  const { readSettingsFile } = await import('./settings-file.ts');
  const { 'state-dir': set } = readSettingsFile(path, isRequired).table;
  if (set === undefined) return null;
  if (typeof set !== 'string' || set === '')
    throw new ConfigError(`${path}: state-dir = ${JSON.stringify(set)}: must be the path of a folder`);
  return absolutePath(set, dirname(path));
}

/** `--url` wins over what names the own head, and that over ROLLCALL_URL. */
export async function readAskedHead(sources: ClientSources, tell: Tell): Promise<AskedHead> {
  const { flags, environment } = sources;
  if (flags.url !== undefined) return { url: String(flags.url) };
  const namesOwn = flags['state-dir'] !== undefined || flags.config !== undefined;
  if (environment.ROLLCALL_URL && !namesOwn) return { url: environment.ROLLCALL_URL };
  return { stateDir: await readStateDir(sources, tell) };
}
