import type { RunTool } from '../settings/run-tool.ts';
import type { SshSettings } from '../settings/ssh-settings-parse.ts';
import { StepError } from '../ssh-step-error.ts';
import { fingerprint, keyTypeName, type PublicKey, sizeProblem } from './host-key.ts';
import {
  type HostKeyVerdict,
  judgeHostKey,
  type KnownHosts,
  type KnownKey,
  knownHostsName,
  nameWithoutPort,
} from './known-hosts.ts';
import { knownHostsLine, recordHostKey } from './known-hosts-record.ts';
import { isRevokedBy, requireRevocations } from './revoked-host-keys.ts';

/** The check of one server's key. Everything known is read before the connection is opened. */
export interface HostKeyCheck {
  /** Key types that are known for the host: their algorithms are asked for first. */
  knownTypes: string[];
  /** Rejects with a `StepError` where ssh would refuse. Resolves to a few words for a person. */
  verify(key: PublicKey, remoteAddress: string | null): Promise<string>;
}

export interface HostKeyCheckOptions {
  settings: SshSettings;
  knownHosts: KnownHosts;
  run: RunTool;
  /** What a person types to get there, for the command that accepts a key. */
  sshWords: readonly string[];
  userId: number;
}

/** `ssh -F file host` → the same with a new key accepted and nothing run. */
export function acceptCommand(sshWords: readonly string[]): string[] {
  const [program = 'ssh', ...rest] = sshWords;
  return [program, '-o', 'StrictHostKeyChecking=accept-new', ...rest, 'true'];
}

const isLoopback = (address: string) => address === '::1' || /^(::ffff:)?127\./.test(address);

const shown = (key: PublicKey) => ({ keyType: keyTypeName(key.type), fingerprint: fingerprint(key) });

function revoked(key: PublicKey, knownHostsFile: string): StepError {
  return new StepError({ cause: 'host-key-revoked', ...shown(key), knownHostsFile });
}

function changed(
  options: HostKeyCheckOptions,
  key: PublicKey,
  known: KnownKey,
  authorityToo: boolean,
): StepError {
  return new StepError({
    cause: 'host-key-changed',
    ...shown(key),
    knownHostsFile: known.file,
    lookup: knownHostsName(options.settings),
    acceptCommand: acceptCommand(options.sshWords),
    authorityToo,
  });
}

function unknown(options: HostKeyCheckOptions, key: PublicKey, authorityOnly: boolean): StepError {
  const command = acceptCommand(options.sshWords);
  return new StepError({ cause: 'host-key-unknown', ...shown(key), acceptCommand: command, authorityOnly });
}

/** Like ssh, goes on where the key cannot be written down, and says so. */
async function record({ settings, userId }: HostKeyCheckOptions, key: PublicKey): Promise<string> {
  const [file] = settings.userKnownHostsFiles;
  if (file === undefined) return 'new key accepted';
  try {
    const line = knownHostsLine(knownHostsName(settings), key, settings.hashKnownHosts);
    await recordHostKey(file, line, userId);
    return `new key recorded in ${file}`;
  } catch (error) {
    return `new key accepted, not recorded: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** For a port of its own, ssh also takes a key that is known for the host without its port. */
async function isKnownWithoutPort(
  options: HostKeyCheckOptions,
  files: string[],
  key: PublicKey,
): Promise<boolean> {
  const name = nameWithoutPort(options.settings);
  if (name === null) return false;
  const known = await options.knownHosts.lookUp(name, files);
  return judgeHostKey(key, known).kind === 'match';
}

async function settle(
  options: HostKeyCheckOptions,
  files: string[],
  key: PublicKey,
  verdict: HostKeyVerdict,
): Promise<string> {
  switch (verdict.kind) {
    case 'match':
      return 'known';
    case 'revoked':
      throw revoked(key, verdict.known.file);
    case 'changed':
      throw changed(options, key, verdict.known, verdict.authorityToo);
    case 'unknown': {
      if (await isKnownWithoutPort(options, files, key)) return 'known without its port';
      const checking = options.settings.strictHostKeyChecking;
      if (checking === 'yes' || checking === 'ask') throw unknown(options, key, verdict.authorityOnly);
      return record(options, key);
    }
  }
}

/** Rejects with a `StepError` where no key could be taken. */
export async function prepareHostKeyCheck(options: HostKeyCheckOptions): Promise<HostKeyCheck> {
  const { settings, knownHosts, run } = options;
  const files = [...settings.userKnownHostsFiles, ...settings.globalKnownHostsFiles];
  const known = await knownHosts.lookUp(knownHostsName(settings), files);
  const { revokedHostKeys } = settings;
  if (revokedHostKeys !== null) await requireRevocations(revokedHostKeys);
  return {
    knownTypes: known.filter((key) => key.marker === 'none').map((key) => key.type),
    async verify(key, remoteAddress) {
      const problem = sizeProblem(key, settings.requiredRsaBits);
      if (problem !== null)
        throw new StepError({ cause: 'key-exchange', detail: `the host key is too short: ${problem}` });
      if (revokedHostKeys !== null && (await isRevokedBy(revokedHostKeys, key, run)))
        throw revoked(key, revokedHostKeys);
      const local = remoteAddress !== null && isLoopback(remoteAddress) && settings.hostKeyAlias === null;
      if (settings.noHostAuthenticationForLocalhost && local) return 'not asked for on this machine';
      return settle(options, files, key, judgeHostKey(key, known));
    },
  };
}
