import { hostname, userInfo } from 'node:os';
import { shellCommand } from '../../lib/shell-quote.ts';
import { StepError } from '../ssh-step-error.ts';
import { type RunTool, runTool, ToolMissingError } from './run-tool.ts';
import type { Hop } from './ssh-hops.ts';
import { type LocalValues, parseSettings, type SshSettings } from './ssh-settings-parse.ts';

/** A host as a person would give it to `ssh`: `ssh -p PORT -l USER HOST`. */
export type Place = Hop;

export interface ResolverOptions {
  /** As `ssh -F`. */
  sshConfigFile: string | null;
  /** ssh itself goes by the password file, not by HOME. */
  home: string;
  environment: NodeJS.ProcessEnv;
  run?: RunTool;
}

export const INSTALL_SSH = 'apt-get install openssh-client';

function localValues(options: ResolverOptions): LocalValues {
  const user = userInfo();
  return {
    localUser: user.username,
    localUserId: user.uid,
    localHostName: hostname(),
    home: options.home,
    environment: options.environment,
  };
}

/** What a person types behind `ssh` to name a host. */
export function settingsWords(sshConfigFile: string | null, place: Place): string[] {
  const words: string[] = [];
  if (sshConfigFile !== null) words.push('-F', sshConfigFile);
  if (place.port !== null) words.push('-p', String(place.port));
  if (place.user !== null) words.push('-l', place.user);
  return [...words, '--', place.host];
}

/** The words of the command that asks for a host's settings. `-T` keeps ssh from speaking about terminals. */
export function settingsCommand(sshConfigFile: string | null, place: Place): string[] {
  return ['-T', '-G', ...settingsWords(sshConfigFile, place)];
}

function configError(
  place: Place,
  sshConfigFile: string | null,
  detail: string,
  lastLines: readonly string[] = [],
): StepError {
  const words = settingsCommand(sshConfigFile, place).slice(1);
  const hint = `Mend the ssh configuration, then see what it says: ${shellCommand(['ssh', ...words])}`;
  return new StepError({ cause: 'config', detail, hint }, lastLines);
}

/** Why `ssh -G` gave no settings. */
function explainRefusal(place: Place, sshConfigFile: string | null, code: number, said: string[]): StepError {
  // With `CanonicalizeFallbackLocal no` the name is looked up before anything else.
  if (said.some((line) => line.includes('Could not resolve host ')))
    return new StepError({ cause: 'dns', detail: 'it is found in none of the CanonicalDomains' });
  // What is wrong comes before the line that counts how much is.
  const reason = said.findLast((line) => !line.includes(': terminating, '));
  return configError(place, sshConfigFile, reason ?? `ssh -G ended with code ${code}`, said);
}

type Lists = Map<string, string[]>;

/**
 * Lists that a thousand nodes have alike are kept once. (The copy that comes in here matters too: parts of ssh's answer
 * would keep the whole of it alive.)
 */
function shareLists(settings: SshSettings, lists: Lists): SshSettings {
  const shared = (list: string[]) => {
    const key = list.join('\n');
    const known = lists.get(key) ?? list;
    lists.set(key, known);
    return known;
  };
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, Array.isArray(value) ? shared(value) : value]),
  ) as unknown as SshSettings;
}

function missingTool(error: unknown): unknown {
  if (!(error instanceof ToolMissingError)) return error;
  return new StepError({ cause: 'tool-missing', tool: error.tool, hint: `Install it: ${INSTALL_SSH}` });
}

/** What `ssh -G` printed, and what it means. */
export interface SshAnswer {
  text: string;
  settings: SshSettings;
}

export interface SshAsker {
  /** Runs `ssh -G`, which costs a few milliseconds. Rejects with a `StepError`: `config`, `dns`, `tool-missing`. */
  ask(place: Place): Promise<SshAnswer>;
  /** Reads an answer for this place. Throws a `StepError`: `config`. */
  read(place: Place, text: string): SshSettings;
  /** The configuration files that ssh says it reads, as it writes them; null where it does not say. */
  filesRead(place: Place): Promise<string[] | null>;
  /** Forgets the lists that settings share. */
  forgetLists(): void;
}

/** Asks for one place at a time; settings that come of it share the lists that they have alike. */
export function createSshAsker(options: ResolverOptions): SshAsker {
  const { sshConfigFile } = options;
  const run = options.run ?? runTool;
  const lists: Lists = new Map();
  const local = localValues(options);

  function read(place: Place, text: string): SshSettings {
    try {
      return shareLists(structuredClone(parseSettings(text, place.host, local)), lists);
    } catch (error) {
      throw configError(place, sshConfigFile, error instanceof Error ? error.message : String(error));
    }
  }

  return {
    async ask(place) {
      const answer = await run('ssh', settingsCommand(sshConfigFile, place)).catch((error: unknown) => {
        throw missingTool(error);
      });
      const said = answer.stderr.trim().split(/\r?\n/).filter(Boolean);
      if (answer.code === null) throw configError(place, sshConfigFile, 'ssh -G did not answer within 10 s');
      if (answer.code !== 0) throw explainRefusal(place, sshConfigFile, answer.code, said);
      return { text: answer.stdout, settings: read(place, answer.stdout) };
    },
    read,
    async filesRead(place) {
      const { code, stderr } = await run('ssh', ['-v', ...settingsCommand(sshConfigFile, place)]);
      if (code !== 0) return null;
      return [...stderr.matchAll(/^debug1: Reading configuration data ([^\r\n]+)/gm)].map(
        ([, path = '']) => path,
      );
    },
    forgetLists: () => lists.clear(),
  };
}
