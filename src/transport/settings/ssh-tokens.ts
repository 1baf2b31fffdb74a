import { createHash } from 'node:crypto';

/** What the tokens of ssh_config(5) stand for. */
export interface TokenValues {
  /** `%h`, after HostName. */
  hostName: string;
  /** `%n`, as given. */
  originalHost: string;
  port: number;
  /** `%r`. */
  user: string;
  hostKeyAlias: string | null;
  localUser: string;
  localUserId: number;
  localHostName: string;
  home: string;
}

/** Where `ssh` would refuse the setting: an unknown token or an environment variable that is not set. */
export class TokenError extends Error {}

/** `%C`; OpenSSH 9.8 and later add the jump host. */
export const connectionHash = (
  values: Pick<TokenValues, 'localHostName' | 'hostName' | 'port' | 'user'>,
  jumpHost = '',
) =>
  createHash('sha1')
    .update(`${values.localHostName}${values.hostName}${values.port}${values.user}${jumpHost}`)
    .digest('hex');

/** Those of ProxyCommand. */
function proxyToken(letter: string, values: TokenValues): string | null {
  switch (letter) {
    case '%':
      return '%';
    case 'h':
      return values.hostName;
    case 'n':
      return values.originalHost;
    case 'p':
      return String(values.port);
    case 'r':
      return values.user;
    default:
      return null;
  }
}

/** Those that name files. */
function fileToken(letter: string, values: TokenValues): string | null {
  switch (letter) {
    case 'C':
      return connectionHash(values);
    case 'd':
      return values.home;
    case 'i':
      return String(values.localUserId);
    case 'k':
      return values.hostKeyAlias ?? values.originalHost;
    case 'L':
      return values.localHostName.replace(/\..*$/, '');
    case 'l':
      return values.localHostName;
    case 'u':
      return values.localUser;
    default:
      return proxyToken(letter, values);
  }
}

function replaceTokens(text: string, expand: (letter: string) => string | null): string {
  return text.replace(/%(.?)/gs, (token, letter: string) => {
    const value = expand(letter);
    if (value === null) throw new TokenError(`unknown token ${token} in "${text}"`);
    return value;
  });
}

function replaceVariables(text: string, environment: NodeJS.ProcessEnv): string {
  return text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined) throw new TokenError(`the environment variable ${name} is not set`);
    return value;
  });
}

/** `~/x`; `~other/x` is left as it is: nobody's key file is looked up by another user's name. */
export function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? `${home}${path.slice(1)}` : path;
}

/** Expands IdentityFile, CertificateFile and IdentityAgent, which `ssh -G` leaves alone. */
export function expandPath(path: string, values: TokenValues, environment: NodeJS.ProcessEnv): string {
  const expanded = replaceTokens(replaceVariables(path, environment), (letter) => fileToken(letter, values));
  return expandHome(expanded, values.home);
}

/** Expands ProxyCommand, which `ssh -G` leaves alone. */
export function expandProxyCommand(command: string, values: TokenValues): string {
  return replaceTokens(command, (letter) => proxyToken(letter, values));
}
