import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseNodeList } from '../src/nodes/node-list.ts';
import { createNodeSettings, defaultNodeSettings } from '../src/nodes/node-settings.ts';
import type { Target } from '../src/nodes/target.ts';
import type { Roles } from './roles.ts';

export interface SimulatedFleetOptions {
  nodes: number;
  /** Processes that play them. */
  servers: number;
  /** Milliseconds between the samples of a node. */
  interval: number;
  roles: Roles;
  /** As Ciphers and MACs of ssh_config. */
  ciphers?: string | undefined;
  macs?: string | undefined;
}

/** Nodes played by processes of their own, each an SSH server under many names. */
export interface SimulatedFleet {
  folder: string;
  sshConfig: string;
  /** Of the servers. */
  ports: number[];
  targets: Target[];
  sampleBytes: number;
  /** Kills one server and starts it again on the same port. */
  restartServer(at: number): Promise<void>;
  signalServer(at: number, signal: NodeJS.Signals): void;
  /** Ends all, and removes its files and the nodes' logs. */
  dispose(): void;
}

interface Server {
  child: ChildProcess;
  port: number;
  sampleBytes: number;
}

export async function startSimulatedFleet(options: SimulatedFleetOptions): Promise<SimulatedFleet> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-fleet-'));
  const servers: Server[] = [];
  for (const key of ['host', 'id'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)]);

  async function startServer(port: number): Promise<Server> {
    const child = fork('dist/bench/simulated-nodes.js', [
      join(folder, 'host'),
      String(port),
      String(options.interval),
      JSON.stringify(options.roles),
    ]);
    const [message] = (await once(child, 'message')) as [{ port: number; sampleBytes: number }];
    return { child, ...message };
  }

  function dispose(): void {
    for (const { child } of servers) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    for (const name of readdirSync('/tmp'))
      if (/^monitor-sim\d+-\d+\.log/.test(name)) rmSync(join('/tmp', name), { force: true });
  }

  servers.push(...(await Promise.all(Array.from({ length: options.servers }, () => startServer(0)))));
  const hostKey = readFileSync(join(folder, 'host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(join(folder, 'known_hosts'), `sim ${hostKey}\n`);
  const sshConfig = join(folder, 'ssh_config');
  const hosts = servers.map(
    ({ port }, at) => `Host sim${at}-*\n  HostName 127.0.0.1\n  Port ${port}\n  HostKeyAlias sim\n`,
  );
  writeFileSync(
    sshConfig,
    `${hosts.join('')}Host *\n  User bench\n  IdentityFile ${folder}/id\n  IdentitiesOnly yes\n  UserKnownHostsFile ${folder}/known_hosts\n  StrictHostKeyChecking yes\n`,
  );
  const algorithms = Object.entries({ Ciphers: options.ciphers, MACs: options.macs });
  for (const [keyword, value] of algorithms)
    if (value !== undefined) appendFileSync(sshConfig, `  ${keyword} ${value}\n`);
  const perServer = Math.ceil(options.nodes / options.servers);
  const list = servers.map((_, at) => `sim${at}-[1-${perServer}]`).join('\n');
  const withSettings = createNodeSettings(
    { ...defaultNodeSettings, intervalMs: options.interval, watchedIntervalMs: options.interval },
    [],
  );
  return {
    folder,
    sshConfig,
    ports: servers.map(({ port }) => port),
    targets: withSettings(parseNodeList(list, 'bench').targets.slice(0, options.nodes)),
    sampleBytes: servers[0]?.sampleBytes ?? 0,
    async restartServer(at) {
      const server = servers[at];
      if (!server) return;
      const ended = once(server.child, 'exit');
      server.child.kill('SIGKILL');
      await ended;
      servers[at] = await startServer(server.port);
    },
    signalServer: (at, signal) => void servers[at]?.child.kill(signal),
    dispose,
  };
}
