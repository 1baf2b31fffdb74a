import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { shellCommand } from '../../lib/shell-quote.ts';
import { StepError } from '../ssh-step-error.ts';
import { readSignature } from './file-signature.ts';
import { type RunTool, runTool, ToolMissingError } from './run-tool.ts';
import { listConfigFiles, type SshConfigFiles } from './ssh-config-files.ts';
import { formatHops, type Hop } from './ssh-hops.ts';
import { type LocalValues, parseSettings, type SshSettings } from './ssh-settings-parse.ts';

/** A host as a person would give it to `ssh`: `ssh -p PORT -l USER HOST`. */
export type Place = Hop;

export interface SettingsResolver {
  /** What `ssh` would do for this host. Rejects with a `StepError`: `config`, `tool-missing`. */
  resolve(place: Place): Promise<SshSettings>;
  /** The configuration files that the answers rest on. */
  configFiles(): readonly string[];
  /** Those, keys, known hosts and agents: when one changes, a refused log-in may work. */
  accessFiles(): Iterable<string>;
}

export interface ResolverOptions {
  /** As `ssh -F`. */
  sshConfigFile: string | null;
  /** ssh itself goes by the password file, not by HOME. */
  home: string;
  environment: NodeJS.ProcessEnv;
  run?: RunTool;
}

/** A look at the files costs little, but a thousand nodes ask at once. */
const TRUST_MS = 1_000;
/** `Match exec` and canonical names may answer otherwise without any file having changed. */
const SHORT_LIVED_MS = 10_000;

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

async function askSsh(options: ResolverOptions, place: Place, lists: Lists): Promise<SshSettings> {
  const run = options.run ?? runTool;
  const { sshConfigFile } = options;
  const answer = await run('ssh', settingsCommand(sshConfigFile, place));
  const said = answer.stderr.trim().split(/\r?\n/).filter(Boolean);
  if (answer.code === null) throw configError(place, sshConfigFile, 'ssh -G did not answer within 10 s');
  if (answer.code !== 0) throw explainRefusal(place, sshConfigFile, answer.code, said);
  try {
    return shareLists(structuredClone(parseSettings(answer.stdout, place.host, localValues(options))), lists);
  } catch (error) {
    throw configError(place, sshConfigFile, error instanceof Error ? error.message : String(error));
  }
}

function missingTool(error: unknown): unknown {
  if (!(error instanceof ToolMissingError)) return error;
  return new StepError({ cause: 'tool-missing', tool: error.tool, hint: `Install it: ${INSTALL_SSH}` });
}

/** Watches the configuration files; `current` gives a text that changes with them. */
function createConfigWatch(options: ResolverOptions) {
  let files: SshConfigFiles = { paths: [], runsPrograms: false };
  let signature = '';
  let takenMs = Number.NEGATIVE_INFINITY;
  let looking: Promise<string> | null = null;

  async function look(): Promise<string> {
    const found = await readSignature(files.paths);
    if (files.paths.length === 0 || found !== signature) {
      const configFile = options.sshConfigFile === null ? null : resolve(options.sshConfigFile);
      files = await listConfigFiles(configFile, options.home, options.environment);
      signature = await readSignature(files.paths);
    }
    takenMs = performance.now();
    return signature;
  }

  return {
    async current(): Promise<string> {
      if (performance.now() - takenMs < TRUST_MS) return signature;
      looking ??= look().finally(() => {
        looking = null;
      });
      return looking;
    },
    files: () => files,
  };
}

/** Resolves hosts with `ssh -G`, which costs a few milliseconds; answers are kept while their files stay the same. */
export function createSettingsResolver(options: ResolverOptions): SettingsResolver {
  const watch = createConfigWatch(options);
  const answers = new Map<string, { settings: Promise<SshSettings>; takenMs: number; shortLived: boolean }>();
  let answersSignature = '';
  const lists: Lists = new Map();
  const accessFiles = new Set<string>();

  function rememberFiles(settings: SshSettings): void {
    const { identityFiles, certificateFiles, userKnownHostsFiles, globalKnownHostsFiles } = settings;
    const { identityAgent, revokedHostKeys } = settings;
    const certificates = [...certificateFiles, ...identityFiles.map((path) => `${path}-cert.pub`)];
    const knownHosts = [...userKnownHostsFiles, ...globalKnownHostsFiles];
    for (const file of [...identityFiles, ...certificates, ...knownHosts]) accessFiles.add(file);
    for (const file of [identityAgent, revokedHostKeys]) if (file !== null) accessFiles.add(file);
  }

  function ask(place: Place, key: string): Promise<SshSettings> {
    const settings = askSsh(options, place, lists).catch((error: unknown) => {
      answers.delete(key);
      throw missingTool(error);
    });
    const answer = { settings, takenMs: performance.now(), shortLived: watch.files().runsPrograms };
    answers.set(key, answer);
    settings.then(
      (found) => {
        if (found.canonicalizes) answer.shortLived = true;
        rememberFiles(found);
      },
      () => undefined,
    );
    return settings;
  }

  return {
    async resolve(place) {
      const signature = await watch.current();
      if (signature !== answersSignature) {
        answers.clear();
        lists.clear();
      }
      answersSignature = signature;
      const key = formatHops([place]);
      const kept = answers.get(key);
      const fresh = kept && !(kept.shortLived && performance.now() - kept.takenMs > SHORT_LIVED_MS);
      return fresh ? kept.settings : ask(place, key);
    },
    configFiles: () => watch.files().paths,
    accessFiles: () => [...watch.files().paths, ...accessFiles],
  };
}
