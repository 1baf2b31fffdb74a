import { type Hop, parseHops } from './ssh-hops.ts';
import { expandHome, expandPath, expandProxyCommand, type TokenValues } from './ssh-tokens.ts';

export type StrictHostKeyChecking = 'yes' | 'ask' | 'accept-new' | 'no';

/** How a connection leaves this machine. */
export type SshProxy =
  | { kind: 'none' }
  | { kind: 'jump'; hops: Hop[] }
  | { kind: 'command'; command: string };

/** What only the system's ssh understands. */
export interface OpensshOnlySettings {
  gssapiAuthentication: boolean;
  /** Host-based login is asked for and ssh-keysign may sign. */
  hostbasedAuthentication: boolean;
  knownHostsCommand: string | null;
  /** Keys that DNS vouches for are taken without a question. */
  verifyHostKeyDns: boolean;
  pkcs11Provider: string | null;
  /** The interface whose address a connection comes from. */
  bindInterface: string | null;
  /** Null for the one that is built in. */
  securityKeyProvider: string | null;
  /** Settings that would keep a command from running as one; `ssh -o` words that undo them. */
  undo: string[];
}

/** What `ssh -G` resolved for one host, tokens expanded. */
export interface SshSettings {
  /** The host as it was asked for. */
  originalHost: string;
  hostName: string;
  user: string;
  port: number;
  proxy: SshProxy;
  proxyUseFdpass: boolean;
  /** IPv4 or IPv6 only; 0 for both. */
  addressFamily: 0 | 4 | 6;
  bindAddress: string | null;
  /** Null for ssh's own default. */
  connectTimeoutMs: number | null;
  identityFiles: string[];
  certificateFiles: string[];
  identitiesOnly: boolean;
  /** Socket of the agent; null for none. */
  identityAgent: string | null;
  pubkeyAuthentication: boolean;
  passwordAuthentication: boolean;
  kbdInteractiveAuthentication: boolean;
  preferredAuthentications: string[] | null;
  pubkeyAcceptedAlgorithms: string[];
  /** RSA keys of users and hosts that are shorter are refused. */
  requiredRsaBits: number;
  strictHostKeyChecking: StrictHostKeyChecking;
  userKnownHostsFiles: string[];
  globalKnownHostsFiles: string[];
  hashKnownHosts: boolean;
  hostKeyAlias: string | null;
  revokedHostKeys: string | null;
  noHostAuthenticationForLocalhost: boolean;
  hostKeyAlgorithms: string[];
  kexAlgorithms: string[];
  ciphers: string[];
  macs: string[];
  controlPath: string | null;
  canonicalizes: boolean;
  /** 0 for no keepalive. */
  serverAliveIntervalMs: number;
  serverAliveCountMax: number;
  openssh: OpensshOnlySettings;
}

/** What the machine itself adds to the tokens. */
export type LocalValues = Pick<TokenValues, 'localUser' | 'localUserId' | 'localHostName' | 'home'> & {
  environment: NodeJS.ProcessEnv;
};

/** The lines of `ssh -G`: keyword → values in order. */
export type RawSettings = ReadonlyMap<string, readonly string[]>;

/** Reads what `ssh -G` prints; keywords in lower case. */
export function parseRawSettings(text: string): RawSettings {
  const settings = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 0) continue;
    const key = line.slice(0, space).toLowerCase();
    const values = settings.get(key) ?? [];
    values.push(line.slice(space + 1));
    settings.set(key, values);
  }
  return settings;
}

const first = (raw: RawSettings, key: string) => raw.get(key)?.[0] ?? null;
const isOn = (raw: RawSettings, key: string) => ['yes', 'true'].includes(first(raw, key) ?? '');
const words = (raw: RawSettings, key: string) => (first(raw, key) ?? '').split(',').filter(Boolean);

/** `none` is ssh's word for an unset path. */
function path(raw: RawSettings, key: string): string | null {
  const value = first(raw, key);
  return value === null || value === 'none' || value === '' ? null : value;
}

/** Several paths stand in one line, unquoted; one that holds a space is told by what its rest begins with. */
function paths(raw: RawSettings, key: string, home: string): string[] {
  const value = first(raw, key) ?? '';
  return value
    .split(/ (?=[/~.])| (?=none$)/)
    .filter((part) => part !== '' && part !== 'none')
    .map((part) => expandHome(part, home));
}

function strictness(raw: RawSettings): StrictHostKeyChecking {
  switch (first(raw, 'stricthostkeychecking')) {
    case 'true':
    case 'yes':
      return 'yes';
    case 'false':
    case 'no':
    case 'off':
      return 'no';
    case 'accept-new':
      return 'accept-new';
    default:
      return 'ask';
  }
}

function addressFamily(raw: RawSettings): 0 | 4 | 6 {
  const family = first(raw, 'addressfamily');
  return family === 'inet' ? 4 : family === 'inet6' ? 6 : 0;
}

function connectTimeoutMs(raw: RawSettings): number | null {
  const seconds = Number(first(raw, 'connecttimeout'));
  return seconds > 0 ? seconds * 1000 : null;
}

function readProxy(raw: RawSettings, values: TokenValues): SshProxy {
  const jump = path(raw, 'proxyjump');
  if (jump !== null) return { kind: 'jump', hops: parseHops(expandProxyCommand(jump, values)) };
  const command = path(raw, 'proxycommand');
  return command === null
    ? { kind: 'none' }
    : { kind: 'command', command: expandProxyCommand(command, values) };
}

/** The files of one setting; like `ssh`, goes no further where their tokens mean nothing here. */
function expandedPaths(
  raw: RawSettings,
  key: string,
  values: TokenValues,
  environment: NodeJS.ProcessEnv,
): string[] {
  const files = (raw.get(key) ?? []).filter((value) => value !== 'none');
  return files.map((file) => expandPath(file, values, environment));
}

/** `SSH_AUTH_SOCK` and `$NAME` name variables; all else is a path. */
function agentSocket(raw: RawSettings, values: TokenValues, environment: NodeJS.ProcessEnv): string | null {
  const value = first(raw, 'identityagent') ?? 'SSH_AUTH_SOCK';
  if (value === 'none') return null;
  if (value === 'SSH_AUTH_SOCK') return environment.SSH_AUTH_SOCK || null;
  if (/^\$[A-Za-z_]/.test(value)) return environment[value.slice(1)] || null;
  return expandedPaths(raw, 'identityagent', values, environment)[0] ?? null;
}

/** Keywords of newer versions, which older ones refuse: named only where they are set. */
const commandSpoilers = [
  ['remotecommand', 'RemoteCommand=none', 'none'],
  ['sessiontype', 'SessionType=default', 'default'],
  ['stdinnull', 'StdinNull=no', 'no'],
  ['forkafterauthentication', 'ForkAfterAuthentication=no', 'no'],
] as const;

/** An ssh that was built without a provider of its own prints `$SSH_SK_PROVIDER`, whether that is set or not. */
function securityKeyProvider(raw: RawSettings, environment: NodeJS.ProcessEnv): string | null {
  const value = path(raw, 'securitykeyprovider');
  if (value === null || value === 'internal') return null;
  return value.startsWith('$') ? environment[value.slice(1)] || null : value;
}

function opensshOnly(raw: RawSettings, environment: NodeJS.ProcessEnv): OpensshOnlySettings {
  return {
    gssapiAuthentication: isOn(raw, 'gssapiauthentication'),
    hostbasedAuthentication: isOn(raw, 'hostbasedauthentication') && isOn(raw, 'enablesshkeysign'),
    knownHostsCommand: path(raw, 'knownhostscommand'),
    verifyHostKeyDns: isOn(raw, 'verifyhostkeydns'),
    pkcs11Provider: path(raw, 'pkcs11provider'),
    bindInterface: path(raw, 'bindinterface'),
    securityKeyProvider: securityKeyProvider(raw, environment),
    undo: commandSpoilers.flatMap(([key, option, harmless]) => {
      const value = first(raw, key);
      return value === null || value === harmless || (harmless === 'no' && value === 'false') ? [] : [option];
    }),
  };
}

function tokenValues(raw: RawSettings, originalHost: string, local: LocalValues): TokenValues {
  return {
    hostName: first(raw, 'hostname') ?? originalHost,
    originalHost,
    port: Number(first(raw, 'port') ?? 22),
    user: first(raw, 'user') ?? local.localUser,
    hostKeyAlias: path(raw, 'hostkeyalias'),
    localUser: local.localUser,
    localUserId: local.localUserId,
    localHostName: local.localHostName,
    home: local.home,
  };
}

/** Makes typed settings of what `ssh -G` printed. Throws with a sentence where they cannot work. */
export function parseSettings(text: string, originalHost: string, local: LocalValues): SshSettings {
  const raw = parseRawSettings(text);
  const values = tokenValues(raw, originalHost, local);
  const { environment, home } = local;
  return {
    originalHost,
    hostName: values.hostName,
    user: values.user,
    port: values.port,
    proxy: readProxy(raw, values),
    proxyUseFdpass: isOn(raw, 'proxyusefdpass'),
    addressFamily: addressFamily(raw),
    bindAddress: path(raw, 'bindaddress'),
    connectTimeoutMs: connectTimeoutMs(raw),
    identityFiles: expandedPaths(raw, 'identityfile', values, environment),
    certificateFiles: expandedPaths(raw, 'certificatefile', values, environment),
    identitiesOnly: isOn(raw, 'identitiesonly'),
    identityAgent: agentSocket(raw, values, environment),
    // Newer versions print `unbound` and `host-bound` here.
    pubkeyAuthentication: !['no', 'false'].includes(first(raw, 'pubkeyauthentication') ?? 'yes'),
    passwordAuthentication: isOn(raw, 'passwordauthentication'),
    kbdInteractiveAuthentication: isOn(raw, 'kbdinteractiveauthentication'),
    preferredAuthentications: raw.has('preferredauthentications')
      ? words(raw, 'preferredauthentications')
      : null,
    pubkeyAcceptedAlgorithms: words(raw, 'pubkeyacceptedalgorithms'),
    requiredRsaBits: Number(first(raw, 'requiredrsasize') ?? 0),
    strictHostKeyChecking: strictness(raw),
    userKnownHostsFiles: paths(raw, 'userknownhostsfile', home),
    globalKnownHostsFiles: paths(raw, 'globalknownhostsfile', home),
    hashKnownHosts: isOn(raw, 'hashknownhosts'),
    hostKeyAlias: values.hostKeyAlias,
    revokedHostKeys: path(raw, 'revokedhostkeys'),
    noHostAuthenticationForLocalhost: isOn(raw, 'nohostauthenticationforlocalhost'),
    hostKeyAlgorithms: words(raw, 'hostkeyalgorithms'),
    kexAlgorithms: words(raw, 'kexalgorithms'),
    ciphers: words(raw, 'ciphers'),
    macs: words(raw, 'macs'),
    controlPath: path(raw, 'controlpath'),
    canonicalizes: !['false', 'no', null].includes(first(raw, 'canonicalizehostname')),
    serverAliveIntervalMs: Number(first(raw, 'serveraliveinterval') ?? 0) * 1000,
    serverAliveCountMax: Number(first(raw, 'serveralivecountmax') ?? 3),
    openssh: opensshOnly(raw, environment),
  };
}
