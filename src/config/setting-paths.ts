import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';

/** A path of a setting. Relative ones count from the place that named them, and `~/` from the home folder. */
export function absolutePath(path: string, folder: string): string {
  return resolve(folder, path.replace(/^~(?=\/)/, homedir()));
}

/**
 * Where the head's own files are unless a setting says otherwise. A demo has a folder of its own: it must never take the
 * place of a head of real nodes.
 */
export function defaultStateDir(environment: NodeJS.ProcessEnv, isDemo = false): string {
  const stateHome = environment.XDG_STATE_HOME;
  const base = stateHome?.startsWith('/') ? stateHome : join(homedir(), '.local', 'state');
  return join(base, 'rollcall', isDemo ? `${hostname()}-demo` : hostname());
}

/** The settings file, and whether it must be there because somebody named it. */
export function settingsFileOf(
  flag: unknown,
  { workingFolder, projectFolder }: { workingFolder: string; projectFolder: string },
): { path: string; isRequired: boolean } {
  if (typeof flag === 'string') return { path: resolve(workingFolder, flag), isRequired: true };
  return { path: join(projectFolder, 'rollcall.toml'), isRequired: false };
}
