import type { Config } from '../config/config.ts';

/** What a running head takes over when its settings are read anew; all else needs a restart. */
const taken: readonly (keyof Config)[] = [
  'nodeList',
  'nodeRules',
  'intervalMs',
  'watchedIntervalMs',
  'allowedHosts',
  'marks',
];

/** As they are called in rollcall.toml. */
const names: Partial<Record<keyof Config, string>> = {
  host: 'host',
  port: 'port',
  stateDir: 'state-dir',
  sshConfig: 'ssh-config',
  design: 'design',
  passwordFile: 'password-file',
  askpass: 'askpass',
  public: 'public',
  demo: 'demo',
  threads: 'threads',
  handshakes: 'handshakes',
  jumpHostHandshakes: 'jump-host-handshakes',
};

/** Settings that are others now and count only after a restart, as rollcall.toml calls them. Pure. */
export function needRestart(before: Config, now: Config): string[] {
  const keys = Object.keys(names) as (keyof Config)[];
  return keys
    .filter((key) => !taken.includes(key) && JSON.stringify(before[key]) !== JSON.stringify(now[key]))
    .flatMap((key) => names[key] ?? []);
}
