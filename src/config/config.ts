import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { visibleText } from '../lib/visible-text.ts';
import { ConfigError } from './config-error.ts';
import { type NodeRule, nodeRulesSchema, secondsSchema } from './node-rules.ts';
import { absolutePath, defaultStateDir, settingsFileOf } from './setting-paths.ts';
import { readSettingsFile } from './settings-file.ts';

export { ConfigError };

const NOT_A_PORT = 'not a port (0 to 65535)';
/** Digits, so that nothing else becomes a port: an empty word would be 0, which means any. */
const portSchema = z
  .union([z.number(), z.string().regex(/^\d{1,5}$/, NOT_A_PORT)], NOT_A_PORT)
  .transform(Number)
  .refine((port) => Number.isInteger(port) && port >= 0 && port <= 65_535, NOT_A_PORT);

/** Everything that can be set. The same names serve rollcall.toml, flags and ROLLCALL_… variables. */
const settingsSchema = z.strictObject({
  'node-list': z.string().min(1),
  /** The page as a designer sees it. */
  design: z.string().min(1),
  'ssh-config': z.string().min(1).nullable(),
  host: z.string().min(1),
  port: portSchema,
  'state-dir': z.string().min(1),
  'allowed-hosts': z.array(z.string().min(1)),
  /** Passwords and passphrases, for logins that need some. */
  'password-file': z.string().min(1).nullable(),
  /** A program that asks a person, as SSH_ASKPASS. */
  askpass: z.string().min(1).nullable(),
  public: z.boolean(),
  demo: z.boolean(),
  'interval-seconds': secondsSchema,
  'watched-interval-seconds': secondsSchema,
  /** That carry the fleet beside the main one; null: as many as the list needs. */
  threads: z.coerce.number().int().min(0).max(64).nullable(),
  handshakes: z.coerce.number().int().min(1).max(1_000),
  'jump-host-handshakes': z.coerce.number().int().min(1).max(1_000),
  /** When a GPU gets a mark: held without work for so long, so much memory that nobody holds, … */
  'held-idle-minutes': z.coerce.number().min(1).max(100_000),
  'ghost-mebibytes': z.coerce.number().min(1).max(10_000_000),
  /** … full utilization at less than this share of the power limit, and hotter than its siblings by so much. */
  'low-power-percent': z.coerce.number().min(0).max(100),
  'hotter-celsius': z.coerce.number().min(1).max(200),
  /** Per node or pattern; only in rollcall.toml. */
  nodes: nodeRulesSchema,
});
type Settings = z.infer<typeof settingsSchema>;
type SettingName = keyof Settings;

const settingNames = Object.keys(settingsSchema.shape) as SettingName[];
const pathSettings: readonly SettingName[] = [
  'node-list',
  'design',
  'ssh-config',
  'state-dir',
  'password-file',
  'askpass',
];

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
  marks: { heldIdleMs: number; ghostBytes: number; lowPowerShare: number; hotterCelsius: number };
  /** In the order of the file: later ones win. */
  nodeRules: NodeRule[];
  /** Where the program's own files are. */
  projectFolder: string;
  /** The user's, for `~/.ssh`. */
  homeFolder: string;
  /** For ssh's agent and the programs that are started. */
  environment: NodeJS.ProcessEnv;
}

export interface ConfigSources {
  /** From the command line; undefined where not given. */
  flags: Partial<Record<SettingName | 'config', unknown>>;
  environment: NodeJS.ProcessEnv;
  workingFolder: string;
  /** Folder of package.json. */
  projectFolder: string;
}

type Partly = Partial<Record<SettingName, unknown>>;

function readToml(file: string, isRequired: boolean): Partly {
  const table = readSettingsFile(file, isRequired);
  for (const name of Object.keys(table)) {
    if (!(settingNames as string[]).includes(name)) {
      throw new ConfigError(
        `${file}: there is no setting "${name}". The settings are: ${settingNames.join(', ')}`,
      );
    }
  }
  return absolutePaths(table as Partly, dirname(file));
}

/** Relative paths count from the place that named them. */
function absolutePaths(values: Partly, folder: string): Partly {
  const changed: Partly = { ...values };
  for (const name of pathSettings) {
    const value = changed[name];
    if (typeof value === 'string' && value !== '') changed[name] = absolutePath(value, folder);
  }
  return changed;
}

const variableOf = (name: string) => `ROLLCALL_${name.toUpperCase().replaceAll('-', '_')}`;

const switches: readonly SettingName[] = ['public', 'demo'];

function readEnvironment(environment: NodeJS.ProcessEnv): Partly {
  const values: Partly = {};
  for (const name of settingNames) {
    if (name === 'nodes') continue;
    const text = environment[variableOf(name)];
    if (text === undefined || text === '') continue;
    if (switches.includes(name)) values[name] = text === '1' || text === 'true';
    else values[name] = name === 'allowed-hosts' ? text.split(',').map((host) => host.trim()) : text;
  }
  return values;
}

function given(flags: ConfigSources['flags']): Partly {
  return Object.fromEntries(
    settingNames.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]),
  );
}

const USUAL_PORT = 7070;
const DEMO_PORT = 7071;

function defaults(sources: ConfigSources, isDemo: boolean): Settings {
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
    'held-idle-minutes': 30,
    'ghost-mebibytes': 1024,
    'low-power-percent': 25,
    'hotter-celsius': 15,
    nodes: [],
  };
}

/** Flags win over the environment, that over rollcall.toml, that over the defaults. Throws `ConfigError`. */
export function readConfig(sources: ConfigSources): Config {
  const { file, isRequired } = settingsFileOf(sources.flags.config, sources);
  const fromEnvironment = absolutePaths(readEnvironment(sources.environment), sources.workingFolder);
  const fromFlags = absolutePaths(given(sources.flags), sources.workingFolder);
  const fromToml = readToml(file, isRequired);
  const asked = { ...fromEnvironment, ...fromFlags };
  const isDemo = (asked.demo ?? fromToml.demo) === true;
  // The file's place and port are meant for the real nodes, unless it asks for a demo itself.
  const { port: _port, 'state-dir': _stateDir, ...others } = fromToml;
  const merged = { ...defaults(sources, isDemo), ...(asked.demo === true ? others : fromToml), ...asked };
  const parsed = settingsSchema.safeParse(merged);
  if (!parsed.success) throw new ConfigError(explain(parsed.error, merged, { fromFlags, fromEnvironment }));
  return toConfig(parsed.data, sources);
}

/** Each wrong value as it was given: on the command line, in the environment, or in the file. */
function explain(
  error: z.ZodError,
  values: Partly,
  { fromFlags, fromEnvironment }: { fromFlags: Partly; fromEnvironment: Partly },
): string {
  const told = error.issues.map(({ path, message }) => {
    const name = String(path[0] ?? '');
    const place = path.map((step, depth) => (depth === 1 ? JSON.stringify(step) : String(step))).join('.');
    const value = valueAt(values, path);
    if (name in fromFlags) return `--${name} ${visibleText(String(value))}: ${message}`;
    if (name in fromEnvironment) return `${variableOf(name)}=${visibleText(String(value))}: ${message}`;
    return `${place || 'settings'} = ${JSON.stringify(value)}: ${message}`;
  });
  return [...new Set(told)].join('; ');
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  let value = values;
  for (const step of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[step];
  return value;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function toConfig(settings: Settings, sources: ConfigSources): Config {
  if (!isLoopback(settings.host) && !settings.public) {
    throw new ConfigError(
      `host = "${settings.host}" would show the page to other machines: add --public if strangers may see it ` +
        '(arguments of programs are then left out), or keep 127.0.0.1 and use the ssh -L line that the start prints',
    );
  }
  return {
    nodeList: settings['node-list'],
    design: settings.design,
    sshConfig: settings['ssh-config'],
    host: settings.host,
    port: settings.port,
    stateDir: settings['state-dir'],
    allowedHosts: settings['allowed-hosts'],
    passwordFile: settings['password-file'],
    askpass: settings.askpass,
    public: settings.public,
    demo: settings.demo,
    demoStateDir:
      settings['state-dir'] === defaultStateDir(sources.environment)
        ? defaultStateDir(sources.environment, true)
        : null,
    intervalMs: settings['interval-seconds'] * 1000,
    watchedIntervalMs: settings['watched-interval-seconds'] * 1000,
    threads: settings.threads,
    handshakes: settings.handshakes,
    jumpHostHandshakes: settings['jump-host-handshakes'],
    marks: {
      heldIdleMs: settings['held-idle-minutes'] * 60_000,
      ghostBytes: settings['ghost-mebibytes'] * 1024 ** 2,
      lowPowerShare: settings['low-power-percent'] / 100,
      hotterCelsius: settings['hotter-celsius'],
    },
    nodeRules: settings.nodes,
    projectFolder: sources.projectFolder,
    homeFolder: homedir(),
    environment: sources.environment,
  };
}
