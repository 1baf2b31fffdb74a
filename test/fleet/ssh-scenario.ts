import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultNodeSettings } from '../../src/nodes/node-settings.ts';
import type { Failure, Stage } from '../../src/report/causes.ts';
import type { TransportName } from '../../src/report/node-report.ts';
import { type Access, type AccessOptions, createAccess } from '../../src/transport/access.ts';
import { createOpensshTransport } from '../../src/transport/openssh/openssh.ts';
import type { SessionLimits } from '../../src/transport/ssh2/session.ts';
import { createSsh2Transport } from '../../src/transport/ssh2/ssh2.ts';
import { type Channel, type Transport, TransportError } from '../../src/transport/transport.ts';
import { createWorkFolder, requireFleet, runProgram, runSsh } from './fleet.ts';
import { collect } from './transport-contract.ts';

/** What came of one attempt to run a command on a node. */
export interface Attempt {
  /** Null where the login worked. */
  failure: Failure | null;
  output: string;
  stages: Stage[];
  facts: string[];
  /** What carried it, and why; the last that was told. */
  transport: { name: TransportName; reason: string | null } | null;
  tookMs: number;
}

export interface AttemptOptions {
  port?: number;
  user?: string;
  command?: string;
  limits?: Partial<SessionLimits>;
  environment?: NodeJS.ProcessEnv;
  /** `ssh2` unless given. */
  by?: 'auto' | 'ssh2' | 'openssh';
  /** With what somebody may have told it. */
  access?: Access;
  /** As after `rollcall retry`. */
  demanded?: boolean;
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
  /** As a head has it; ended with the scenario. */
  access(config: string, options?: Partial<AccessOptions>): Access;
  /** Tries with our transport. */
  attempt(config: string, host: string, options?: AttemptOptions): Promise<Attempt>;
  /** Opens a channel that stays; ended with the scenario. */
  hold(config: string, host: string, options?: AttemptOptions): Promise<Channel>;
  /** What the user's own ssh does: true where it gets in. */
  sshGetsIn(config: string, host: string, ...args: string[]): Promise<boolean>;
  end(): void;
}

const projectFolder = fileURLToPath(new URL('../..', import.meta.url));

const target = (host: string, options: AttemptOptions) => ({
  name: host,
  host,
  user: options.user ?? null,
  port: options.port ?? null,
  local: false,
  settings: { ...defaultNodeSettings, transport: options.by ?? 'auto' },
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

  const accesses: Access[] = [];

  function access(config: string, options: Partial<AccessOptions> = {}): Access {
    const made = createAccess({
      homeFolder: folder.path,
      sshConfig: config,
      environment: { ...process.env, SSH_AUTH_SOCK: '' },
      stateDir: path('state'),
      projectFolder,
      passwordFile: null,
      askpass: null,
      asksPersons: true,
      ...options,
    });
    accesses.push(made);
    return made;
  }

  function transportFor(config: string, host: string, options: AttemptOptions): Transport {
    const { limits, environment = { ...process.env, SSH_AUTH_SOCK: '' }, by = 'ssh2' } = options;
    if (options.access) return options.access.transportFor(target(host, options));
    const common = { sshConfigFile: config, environment };
    if (by === 'ssh2') return createSsh2Transport({ ...common, ...(limits ? { limits } : {}) });
    if (by === 'auto') return access(config, { environment }).transportFor(target(host, options));
    return createOpensshTransport({ ...common, folder: path('pipes'), stageMs: limits?.stageMs ?? 10_000 });
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
    access,
    async attempt(config, host, options = {}) {
      const transport = transportFor(config, host, options);
      const stages: Stage[] = [];
      const facts: string[] = [];
      let carrier: Attempt['transport'] = null;
      const started = performance.now();
      const finish = (failure: Failure | null, output: string) => {
        if (!options.access) transport.dispose();
        return { failure, output, stages, facts, transport: carrier, tookMs: performance.now() - started };
      };
      try {
        const channel = await transport.open(target(host, options), {
          command: options.command ?? 'echo in',
          demandedAtMs: options.demanded ? performance.now() : 0,
          signal: AbortSignal.any([stop.signal, AbortSignal.timeout(50_000)]),
          onStage: (stage, fact) => {
            stages.push(stage);
            facts.push(fact);
          },
          onTransport: (name, reason) => {
            carrier = { name, reason };
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
      transportFor(config, host, options).open(target(host, options), {
        command: options.command ?? 'exec cat',
        signal: stop.signal,
      }),
    async sshGetsIn(config, host, ...args) {
      const { stdout } = await runSsh(['-F', config, ...args, host, 'echo in']);
      return stdout === 'in\n';
    },
    end() {
      stop.abort();
      for (const made of accesses) made.dispose();
      folder.remove();
    },
  };
}
