import { shellCommand } from '../../lib/shell-quote.ts';
import type { Place } from '../settings/ask-ssh.ts';
import { formatHops } from '../settings/ssh-hops.ts';
import type { SshSettings, StrictHostKeyChecking } from '../settings/ssh-settings-parse.ts';

/** A host on the way, and how it is reached itself. */
export interface OpensshHop {
  place: Place;
  settings: SshSettings;
  /** The host before it; null where its own configuration says how. */
  via: OpensshHop | null;
}

export interface OpensshCommandOptions extends OpensshHop {
  sshConfigFile: string | null;
  /** Nothing to answer questions with. */
  batch: boolean;
  logPath: string;
  /** Of a master that may answer: its end is told at this level only. */
  mayBeShared: boolean;
  command: string;
  /** Of the connection itself. */
  connectMs: number;
}

const KEEPALIVE_MS = 5_000;
const KEEPALIVE_COUNT = 2;

/** How often ssh asks a silent server, and how often in vain: ours, unless the user's own is stricter. */
export function keepaliveOf(settings: SshSettings): { intervalMs: number; count: number } {
  const { serverAliveIntervalMs: intervalMs, serverAliveCountMax: count } = settings;
  const isStricter = intervalMs > 0 && intervalMs * count <= KEEPALIVE_MS * KEEPALIVE_COUNT;
  return isStricter ? { intervalMs, count } : { intervalMs: KEEPALIVE_MS, count: KEEPALIVE_COUNT };
}

/** A question would have nobody to answer it; and as with ssh2, a changed key is refused whatever the setting. */
function withoutQuestions(checking: StrictHostKeyChecking): string {
  return checking === 'yes' || checking === 'ask' ? 'yes' : 'accept-new';
}

const options = (...words: string[]) => words.flatMap((word) => ['-o', word]);

/** What holds for every host on the way. A master is used where one answers, and never made: it would outlive us. */
function commonWords(hop: OpensshHop, batch: boolean, sshConfigFile: string | null): string[] {
  const { place, settings, via } = hop;
  const { intervalMs, count } = keepaliveOf(settings);
  const words = options(
    `BatchMode=${batch ? 'yes' : 'no'}`,
    // A wrong answer is offered once: servers ban.
    'NumberOfPasswordPrompts=1',
    `StrictHostKeyChecking=${withoutQuestions(settings.strictHostKeyChecking)}`,
    'ControlMaster=no',
    'PermitLocalCommand=no',
    `ServerAliveInterval=${Math.ceil(intervalMs / 1000)}`,
    `ServerAliveCountMax=${count}`,
    ...settings.openssh.undo,
  );
  if (via !== null) {
    // As for ProxyJump, whatever is set for other commands.
    words.push(...options(`ProxyCommand=${proxyCommand(via, batch, sshConfigFile)}`, 'ProxyUseFdpass=no'));
  }
  if (sshConfigFile !== null) words.push('-F', sshConfigFile);
  if (place.port !== null) words.push('-p', String(place.port));
  if (place.user !== null) words.push('-l', place.user);
  return words;
}

/** As ProxyJump does it, with our options for the jump host too: ssh passes none on. */
function proxyCommand(hop: OpensshHop, batch: boolean, sshConfigFile: string | null): string {
  // Its own words tell why it failed, also where the configuration asks for silence.
  const words = ['ssh', '-a', '-x', ...options('LogLevel=INFO'), ...commonWords(hop, batch, sshConfigFile)];
  const escaped = shellCommand(words).replaceAll('%', '%%');
  return `${escaped} -W '[%h]:%p' -- ${shellCommand([hop.place.host]).replaceAll('%', '%%')}`;
}

/** The words behind `ssh` that run a command on a host. */
export function opensshWords(command: OpensshCommandOptions): string[] {
  return [
    '-T',
    '-a',
    '-x',
    '-E',
    command.logPath,
    ...options(
      `LogLevel=${command.mayBeShared ? 'DEBUG2' : 'DEBUG1'}`,
      'ClearAllForwardings=yes',
      `ConnectTimeout=${Math.ceil(command.connectMs / 1000)}`,
    ),
    ...commonWords(command, command.batch, command.sshConfigFile),
    '--',
    command.place.host,
    command.command,
  ];
}

/** The hosts before one, nearest first. */
export function hopsBefore(hop: OpensshHop): OpensshHop[] {
  return hop.via === null ? [] : [...hopsBefore(hop.via), hop.via];
}

/** As ProxyJump writes it: `ann@gate:2222`. */
export const hopName = (hop: OpensshHop) => formatHops([hop.place]);
