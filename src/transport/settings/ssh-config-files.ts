import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expandHome } from './ssh-tokens.ts';

/** The files that an answer of `ssh -G` rests on. */
export interface SshConfigFiles {
  /** Files, and the folders in which an `Include` with a wildcard looks. */
  paths: string[];
  /** A `Match exec` may answer otherwise at any time, and so may a `Match localnetwork`. */
  runsPrograms: boolean;
}

const MAX_DEPTH = 16;
const SYSTEM_FOLDER = '/etc/ssh';

const hasWildcard = (text: string) => /[*?[]/.test(text);

function wildcardPattern(text: string): RegExp {
  const source = text
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
    .replaceAll('[!', '[^');
  return new RegExp(`^${source}$`);
}

async function listNames(folder: string, pattern: RegExp): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => pattern.test(name) && !name.startsWith('.')).sort();
  } catch {
    return [];
  }
}

/** Expands wildcards; `folders` takes those in which a new file would count. */
async function expandWildcards(path: string, folders: Set<string>): Promise<string[]> {
  if (!hasWildcard(path)) return [path];
  const parents = await expandWildcards(dirname(path), folders);
  const name = basename(path);
  if (!hasWildcard(name)) return parents.map((parent) => join(parent, name));
  const found = await Promise.all(
    parents.map(async (parent) => {
      folders.add(parent);
      return (await listNames(parent, wildcardPattern(name))).map((match) => join(parent, match));
    }),
  );
  return found.flat();
}

/** The words after a keyword, as ssh_config splits them. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|([^\s"]+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** What one configuration file refers to. */
export function parseConfigFile(text: string): { includes: string[]; runsPrograms: boolean } {
  const includes: string[] = [];
  let runsPrograms = false;
  for (const line of text.split(/\r?\n/)) {
    const [, keyword = '', rest = ''] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*)$/.exec(line) ?? [];
    if (keyword.toLowerCase() === 'include') includes.push(...splitWords(rest));
    if (keyword.toLowerCase() === 'match' && /(^|[\s!])(?:exec|localnetwork)[\s=]/i.test(rest))
      runsPrograms = true;
  }
  return { includes, runsPrograms };
}

interface Walk {
  home: string;
  environment: NodeJS.ProcessEnv;
  files: Set<string>;
  folders: Set<string>;
  runsPrograms: boolean;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}

async function walk(state: Walk, path: string, baseFolder: string, depth: number): Promise<void> {
  if (depth > MAX_DEPTH || state.files.has(path)) return;
  state.files.add(path);
  const { includes, runsPrograms } = parseConfigFile(await readText(path));
  if (runsPrograms) state.runsPrograms = true;
  for (const include of includes) {
    const variables = include.replace(/\$\{([^}]*)\}/g, (_, name: string) => state.environment[name] ?? '');
    const expanded = expandHome(variables, state.home);
    const absolute = expanded.startsWith('/') ? expanded : join(baseFolder, expanded);
    for (const file of await expandWildcards(absolute, state.folders))
      await walk(state, file, baseFolder, depth + 1);
  }
}

/** Follows `Include` from the user's file, or the one that `-F` names, and the system's. */
export async function listConfigFiles(
  sshConfigFile: string | null,
  home: string,
  environment: NodeJS.ProcessEnv,
): Promise<SshConfigFiles> {
  const state: Walk = { home, environment, files: new Set(), folders: new Set(), runsPrograms: false };
  const userFolder = join(home, '.ssh');
  await walk(state, sshConfigFile ?? join(userFolder, 'config'), userFolder, 0);
  // `ssh -F` leaves the system's file out.
  if (sshConfigFile === null) await walk(state, join(SYSTEM_FOLDER, 'ssh_config'), SYSTEM_FOLDER, 0);
  return { paths: [...state.files, ...state.folders], runsPrograms: state.runsPrograms };
}
