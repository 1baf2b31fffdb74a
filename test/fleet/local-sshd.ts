import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWorkFolder, runProgram } from './fleet.ts';

/** One sshd of the user who runs the tests, on a high port of 127.0.0.1: what a machine without root can do. */
export interface LocalSshd {
  port: number;
  user: string;
  folder: string;
  /** Works for `here`, with StrictHostKeyChecking yes. */
  sshConfigFile: string;
  identityFile: string;
  knownHostsFile: string;
  stop(): Promise<void>;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(),
      );
    });
  });
}

async function makeKey(file: string): Promise<void> {
  const { code, stderr } = await runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  if (code !== 0) throw new Error(stderr);
}

const serverLines = (folder: string, port: number) => [
  `Port ${port}`,
  'ListenAddress 127.0.0.1',
  `HostKey ${join(folder, 'host')}`,
  `PidFile ${join(folder, 'pid')}`,
  `AuthorizedKeysFile ${join(folder, 'id.pub')}`,
  'StrictModes no',
  'UsePAM no',
  'PasswordAuthentication no',
  'KbdInteractiveAuthentication no',
  'UseDNS no',
];

const clientLines = (folder: string, port: number, user: string) => [
  'Host here',
  '  HostName 127.0.0.1',
  `  Port ${port}`,
  `  User ${user}`,
  `  IdentityFile ${join(folder, 'id')}`,
  '  IdentitiesOnly yes',
  `  UserKnownHostsFile ${join(folder, 'known_hosts')}`,
  '  GlobalKnownHostsFile none',
  '  StrictHostKeyChecking yes',
];

/** The shell ends the server when the end of its stdin says that the test runner is gone. */
function startServer(folder: string): ChildProcess {
  const script = `/usr/sbin/sshd -D -e -f "$1" 2>"$2" & p=$!; read -r line; pkill -P $p; kill $p`;
  return spawn('/bin/sh', ['-c', script, 'sshd', join(folder, 'sshd_config'), join(folder, 'sshd.log')], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}

async function awaitListening(folder: string): Promise<void> {
  const log = join(folder, 'sshd.log');
  for (let tries = 0; tries < 200; tries += 1) {
    if (existsSync(log) && readFileSync(log, 'utf8').includes('Server listening')) return;
    await sleep(25);
  }
  throw new Error(`sshd does not listen: ${existsSync(log) ? readFileSync(log, 'utf8') : 'no log'}`);
}

/**
 * As root sshd wants its privilege separation folder, which Debian makes only when the service starts. Test runs side by
 * side share it: each leaves a mark in it, and the last one takes it away.
 */
function borrowRunFolder(): () => void {
  const folder = '/run/sshd';
  if (process.getuid?.() !== 0) return () => undefined;
  const isOurs = !existsSync(folder) || readdirSync(folder).some((name) => name.startsWith('rollcall-'));
  if (!isOurs) return () => undefined;
  mkdirSync(folder, { mode: 0o755, recursive: true });
  const mark = join(folder, `rollcall-${process.pid}-${Math.random()}`);
  writeFileSync(mark, '');
  return () => {
    rmSync(mark, { force: true });
    try {
      rmdirSync(folder);
    } catch {
      // Somebody else needs it still.
    }
  };
}

export async function startLocalSshd(config: readonly string[] = []): Promise<LocalSshd> {
  const work = createWorkFolder();
  const folder = work.path;
  const port = await freePort();
  const user = userInfo().username;
  await Promise.all([makeKey(join(folder, 'host')), makeKey(join(folder, 'id'))]);
  const hostKey = readFileSync(join(folder, 'host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`);
  writeFileSync(join(folder, 'sshd_config'), [...config, ...serverLines(folder, port)].join('\n'));
  writeFileSync(join(folder, 'ssh_config'), clientLines(folder, port, user).join('\n'));
  const giveBack = borrowRunFolder();
  const server = startServer(folder);
  const gone = new Promise((resolve) => server.once('close', resolve));
  await awaitListening(folder);
  return {
    port,
    user,
    folder,
    sshConfigFile: join(folder, 'ssh_config'),
    identityFile: join(folder, 'id'),
    knownHostsFile: join(folder, 'known_hosts'),
    stop: async () => {
      server.stdin?.end();
      await gone;
      giveBack();
      work.remove();
    },
  };
}
