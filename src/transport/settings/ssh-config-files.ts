import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { joinSignatures, signatureOf } from './file-signature.ts';
import { expandHome } from './ssh-tokens.ts';
import { addTellingLines, noTellingLines, type TellingLines } from './telling-lines.ts';

/** The files that an answer of `ssh -G` rests on. */
export interface SshConfigFiles {
  /** Files, and the folders in which an `Include` with a wildcard looks. */
  paths: string[];
  /** A `Match exec` may answer otherwise at any time, and so may a `Match localnetwork`. */
  runsPrograms: boolean;
  /** What names may be told apart by. */
  telling: TellingLines;
  /** As `readSignature(paths)` was before anything was read. */
  signature: string;
}

/** Before anything was read. */
export const noConfigFiles = (): SshConfigFiles => ({
  paths: [],
  runsPrograms: false,
  telling: noTellingLines(),
  signature: '',
});

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

const MISSING: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'EISDIR'];

/** Nobody reads anything there. What fails for another reason, as for want of descriptors, ssh may read all the same. */
const isMissing = (error: unknown) =>
  error instanceof Error && 'code' in error && MISSING.includes(error.code);

async function listNames(state: Walk, folder: string, pattern: RegExp): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => pattern.test(name) && !name.startsWith('.')).sort();
  } catch (error) {
    if (!isMissing(error)) state.telling.unclear = true;
    return [];
  }
}

/** Expands wildcards; `folders` takes those in which a new file would count. */
async function expandWildcards(state: Walk, path: string): Promise<string[]> {
  if (!hasWildcard(path)) return [path];
  const parents = await expandWildcards(state, dirname(path));
  const name = basename(path);
  if (!hasWildcard(name)) return parents.map((parent) => join(parent, name));
  const found = await Promise.all(
    parents.map(async (parent) => {
      if (!state.folders.has(parent)) state.folders.set(parent, await signatureOf(parent));
      return (await listNames(state, parent, wildcardPattern(name))).map((match) => join(parent, match));
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

/** Files and folders with what their signatures were before they were read. */
interface Walk {
  home: string;
  environment: NodeJS.ProcessEnv;
  files: Map<string, string>;
  folders: Map<string, string>;
  runsPrograms: boolean;
  telling: TellingLines;
}

async function readText(state: Walk, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (!isMissing(error)) state.telling.unclear = true;
    return '';
  }
}

async function walk(state: Walk, path: string, baseFolder: string, depth: number): Promise<void> {
  if (depth > MAX_DEPTH || state.files.has(path)) return;
  state.files.set(path, await signatureOf(path));
  const text = await readText(state, path);
  addTellingLines(text, state.telling);
  const { includes, runsPrograms } = parseConfigFile(text);
  if (runsPrograms) state.runsPrograms = true;
  for (const include of includes) {
    const variables = include.replace(/\$\{([^}]*)\}/g, (_, name: string) => state.environment[name] ?? '');
    const expanded = expandHome(variables, state.home);
    const absolute = expanded.startsWith('/') ? expanded : join(baseFolder, expanded);
    for (const file of await expandWildcards(state, absolute)) await walk(state, file, baseFolder, depth + 1);
  }
}

/** Follows `Include` from the user's file, or the one that `-F` names, and the system's. */
export async function listConfigFiles(
  sshConfigFile: string | null,
  home: string,
  environment: NodeJS.ProcessEnv,
): Promise<SshConfigFiles> {
  // The C library expands `~` of an Include, and goes by HOME; the file itself is that of the password file's home.
  const includeHome = environment.HOME || home;
  const telling = noTellingLines();
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  const state: Walk = { home: includeHome, environment, files, folders, runsPrograms: false, telling };
  await walk(state, sshConfigFile ?? join(home, '.ssh', 'config'), join(includeHome, '.ssh'), 0);
  // `ssh -F` leaves the system's file out.
  if (sshConfigFile === null) await walk(state, join(SYSTEM_FOLDER, 'ssh_config'), SYSTEM_FOLDER, 0);
  const paths = [...files.keys(), ...folders.keys()];
  const signature = joinSignatures([...files.values(), ...folders.values()]);
  return { paths, runsPrograms: state.runsPrograms, telling, signature };
}
