import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './config-error.ts';
import { defaultStateDir, settingsFileOf } from './setting-paths.ts';
import { flatSection } from './settings/flat-section.ts';
import type { GivenTable } from './settings/given.ts';
import { type HistoryConfig, historySection, toHistoryConfig } from './settings/history-section.ts';
import { type MarkSettings, marksSection, toMarkThresholds } from './settings/marks-section.ts';
import { type NodeRule, nodesSection, toNodeRule } from './settings/nodes-section.ts';
import type { Setting } from './settings/parse-table.ts';
import { readSettings, type Settings } from './settings/read-settings.ts';
import { type Section, type SectionValues, sectionOf } from './settings/section.ts';
import { missingSettingsFile, readSettingsFile, type SettingsFile } from './settings-file.ts';

export { ConfigError };

export interface Config {
  nodeList: string;
  /** Path of the design file. */
  design: string;
  sshConfig: string | null;
  host: string;
  port: number;
  stateDir: string;
  allowedHosts: string[];
  passwordFile: string | null;
  askpass: string | null;
  public: boolean;
  demo: boolean;
  /** Where a demo would have its files, for commands that name no folder; null where one was named. */
  demoStateDir: string | null;
  /** Between samples of a node while nobody looks at it. */
  intervalMs: number;
  /** Between samples of a node while somebody does. */
  watchedIntervalMs: number;
  /** Threads that carry nodes beside the main one; null: as many as the list needs. */
  threads: number | null;
  /** Logins under way at a time, in all and through one jump host. */
  handshakes: number;
  jumpHostHandshakes: number;
  /** When a GPU is remarkable. */
  marks: MarkSettings;
  /** What is kept of former times; null for nothing. */
  history: HistoryConfig | null;
  /** In the order of the file: later ones win. */
  nodeRules: NodeRule[];
  /** What every section says, for `sectionOf`. */
  sections: SectionValues;
  /** Every setting with its value and where that comes from. */
  inForce: readonly Setting[];
  /** What was read; it may have been missing. */
  settingsFile: Pick<SettingsFile, 'path' | 'stamp' | 'isMissing'>;
  /** Where the program's own files are. */
  projectFolder: string;
  /** The user's, for `~/.ssh`. */
  homeFolder: string;
  /** For ssh's agent and the programs that are started. */
  environment: NodeJS.ProcessEnv;
}

export interface ConfigSources {
  /** From the command line; undefined where not given. */
  flags: Readonly<Record<string, unknown>>;
  environment: NodeJS.ProcessEnv;
  workingFolder: string;
  /** Folder of package.json. */
  projectFolder: string;
  /** Left alone, as if it were not there. */
  hasNoFile?: boolean;
  /** Those of the rooms, beside config's own. */
  sections?: readonly Section[];
}

/** What there was before rooms had settings of their own. */
export const ownSections: readonly Section[] = [flatSection, marksSection, historySection, nodesSection];

/** Flags win over the environment, that over rollcall.toml, that over the defaults. Throws `ConfigError`. */
export function readConfig(sources: ConfigSources): Config {
  const { path, isRequired } = settingsFileOf(sources.flags.config, sources);
  const file = sources.hasNoFile ? missingSettingsFile(path) : readSettingsFile(path, isRequired);
  const sections = [...ownSections, ...(sources.sections ?? [])];
  const defaultsFor = (given: GivenTable['values']) => defaults(sources, isOwnDemo(given));
  return toConfig(readSettings({ ...sources, file, defaultsFor }, sections), file, sources);
}

/** The file's place and port are meant for the real nodes, unless it asks for a demo itself. */
function isOwnDemo(given: GivenTable['values']): boolean {
  const demo = given.get('demo');
  if (demo?.value !== true) return false;
  for (const name of ['port', 'state-dir'])
    if (demo.origin.kind !== 'file' && given.get(name)?.origin.kind === 'file') given.delete(name);
  return true;
}

const USUAL_PORT = 7070;
const DEMO_PORT = 7071;

function defaults(sources: ConfigSources, isDemo: boolean) {
  return {
    'node-list': join(sources.projectFolder, 'node-list.txt'),
    design: join(sources.projectFolder, 'index-design.html'),
    'ssh-config': null,
    host: '127.0.0.1',
    port: isDemo ? DEMO_PORT : USUAL_PORT,
    'state-dir': defaultStateDir(sources.environment, isDemo),
    'allowed-hosts': [],
    'password-file': null,
    askpass: null,
    public: false,
    demo: false,
    'interval-seconds': 10,
    'watched-interval-seconds': 1,
    threads: null,
    handshakes: 64,
    'jump-host-handshakes': 8,
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function toConfig({ values, inForce }: Settings, file: SettingsFile, sources: ConfigSources): Config {
  const flat = sectionOf(values, flatSection);
  if (!isLoopback(flat.host) && !flat.public) {
    const { kind, place } = inForce.find(({ name }) => name === 'host')?.origin ?? {
      kind: 'default',
      place: '',
    };
    throw new ConfigError(
      `${kind === 'file' ? `${place}: ` : ''}host = "${flat.host}" would show the page to other machines: add --public if strangers may see it ` +
        '(arguments of programs are then left out), or keep 127.0.0.1 and use the ssh -L line that the start prints',
    );
  }
  return {
    nodeList: flat['node-list'],
    design: flat.design,
    sshConfig: flat['ssh-config'],
    host: flat.host,
    port: flat.port,
    stateDir: flat['state-dir'],
    allowedHosts: flat['allowed-hosts'],
    passwordFile: flat['password-file'],
    askpass: flat.askpass,
    public: flat.public,
    demo: flat.demo,
    demoStateDir:
      flat['state-dir'] === defaultStateDir(sources.environment)
        ? defaultStateDir(sources.environment, true)
        : null,
    intervalMs: flat['interval-seconds'] * 1000,
    watchedIntervalMs: flat['watched-interval-seconds'] * 1000,
    threads: flat.threads,
    handshakes: flat.handshakes,
    jumpHostHandshakes: flat['jump-host-handshakes'],
    marks: toMarkThresholds(sectionOf(values, marksSection)),
    history: toHistoryConfig(sectionOf(values, historySection), flat['state-dir']),
    nodeRules: Array.from(sectionOf(values, nodesSection), toNodeRule),
    sections: values,
    inForce,
    settingsFile: { path: file.path, stamp: file.stamp, isMissing: file.isMissing },
    projectFolder: sources.projectFolder,
    homeFolder: homedir(),
    environment: sources.environment,
  };
}
