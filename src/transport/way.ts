import type { Target } from '../nodes/target.ts';
import type { Way } from '../report/failure-detail.ts';
import type { SshSettings } from './settings/ssh-settings-parse.ts';

/** What a person would type to reach the node, and where that goes before settings are resolved. */
export function wayTo(target: Omit<Target, 'settings'>, sshConfigFile: string | null): Way {
  const words = ['ssh'];
  if (sshConfigFile !== null) words.push('-F', sshConfigFile);
  if (target.port !== null) words.push('-p', String(target.port));
  if (target.user !== null) words.push('-l', target.user);
  return {
    node: target.name,
    sshWords: target.local ? [] : [...words, target.host],
    host: target.host,
    port: target.port ?? 22,
  };
}

/** The same way once its settings were resolved. */
export function resolvedWay(way: Way, { hostName, port, user }: SshSettings): Way {
  return { ...way, host: hostName, port, user };
}
