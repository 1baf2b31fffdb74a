import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultNodeSettings } from '../../src/nodes/node-settings.ts';
import type { Failure, Stage } from '../../src/protocol/causes.ts';
import { createSsh2Transport } from '../../src/transport/ssh2.ts';
import type { SessionLimits } from '../../src/transport/ssh2-session.ts';
import { type Channel, TransportError } from '../../src/transport/transport.ts';
import { createWorkFolder, requireFleet, runProgram, runSsh } from './fleet.ts';
import { collect } from './transport-contract.ts';

/** What came of one attempt to run a command on a node. */
export interface Attempt {
  /** Null where the login worked. */
  failure: Failure | null;
  output: string;
  stages: Stage[];
  facts: string[];
  tookMs: number;
}

export interface AttemptOptions {
  port?: number;
  user?: string;
  command?: string;
  limits?: Partial<SessionLimits>;
  environment?: NodeJS.ProcessEnv;
}

export interface Scenario {
  /** Of this scenario alone. */
  path(name: string): string;
  write(name: string, text: string, mode?: number): string;
  /** An ssh_config that ends with the fleet's usual lines; returns its path. */
  config(...lines: string[]): string;
  /** A copy of the fleet's key. */
  copyKey(name: string, mode?: number): string;
  newKey(name: string, ...args: string[]): Promise<string>;
  /** Tries with our transport. */
  attempt(config: string, host: string, options?: AttemptOptions): Promise<Attempt>;
  /** Opens a channel that stays; ended with the scenario. */
  hold(config: string, host: string, options?: AttemptOptions): Promise<Channel>;
  /** What the user's own ssh does: true where it gets in. */
  sshGetsIn(config: string, host: string, ...args: string[]): Promise<boolean>;
  end(): void;
}

const target = (host: string, options: AttemptOptions) => ({
  name: host,
  host,
  user: options.user ?? null,
  port: options.port ?? null,
  local: false,
  settings: defaultNodeSettings,
});

export function createScenario(): Scenario {
  const fleet = requireFleet();
  const folder = createWorkFolder();
  const stop = new AbortController();
  const path = (name: string) => join(folder.path, name);
  let configs = 0;

  function write(name: string, text: string, mode = 0o600): string {
    writeFileSync(path(name), text, { mode });
    return path(name);
  }

  function transportFor(config: string, options: AttemptOptions) {
    const { limits, environment } = options;
    return createSsh2Transport({
      sshConfigFile: config,
      environment: environment ?? { ...process.env, SSH_AUTH_SOCK: '' },
      ...(limits ? { limits } : {}),
    });
  }

  return {
    path,
    write,
    config(...lines) {
      configs += 1;
      const usual = [
        'Host *',
        '  User ops',
        `  IdentityFile ${fleet.identityFile}`,
        '  IdentitiesOnly yes',
        `  UserKnownHostsFile ${fleet.knownHostsFile}`,
        '  GlobalKnownHostsFile none',
        '  StrictHostKeyChecking yes',
      ];
      const hosts = [1, 2, 3, 4].flatMap((node) => [`Host n${node}`, `  HostName ${fleet.address(node)}`]);
      return write(`config-${configs}`, [...lines, ...hosts, ...usual].join('\n'));
    },
    copyKey(name, mode = 0o600) {
      copyFileSync(fleet.identityFile, path(name));
      chmodSync(path(name), mode);
      return path(name);
    },
    async newKey(name, ...args) {
      await runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(name), ...args]);
      return path(name);
    },
    async attempt(config, host, options = {}) {
      const transport = transportFor(config, options);
      const stages: Stage[] = [];
      const facts: string[] = [];
      const started = performance.now();
      const finish = (failure: Failure | null, output: string) => {
        transport.dispose();
        return { failure, output, stages, facts, tookMs: performance.now() - started };
      };
      try {
        const channel = await transport.open(target(host, options), {
          command: options.command ?? 'echo in',
          signal: AbortSignal.any([stop.signal, AbortSignal.timeout(50_000)]),
          onStage: (stage, fact) => {
            stages.push(stage);
            facts.push(fact);
          },
        });
        const { stdout, failure } = await collect(channel);
        return finish(failure, stdout.toString());
      } catch (error) {
        if (error instanceof TransportError) return finish(error.failure, '');
        throw error;
      }
    },
    hold: (config, host, options = {}) =>
      transportFor(config, options).open(target(host, options), {
        command: options.command ?? 'exec cat',
        signal: stop.signal,
      }),
    async sshGetsIn(config, host, ...args) {
      const { stdout } = await runSsh(['-F', config, ...args, host, 'echo in']);
      return stdout === 'in\n';
    },
    end() {
      stop.abort();
      folder.remove();
    },
  };
}
