import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cause } from '../../src/report/causes.ts';
import { addAccount, writeNodeFile } from './accounts.ts';
import { requireFleet } from './fleet.ts';

/** A node of the list that has one fault, and what must be said of it. */
export interface FaultyNode {
  name: string;
  cause: Cause;
  message: RegExp;
  /** Lines of its ssh_config entry besides the usual ones. */
  settings: string[];
  /** The stage whose limit of 10 s it uses up; `after` is the last line in its log before that. */
  limit?: { after: RegExp | null };
  /** Something that its last lines hold. */
  said?: RegExp;
}

const BARE = 4;
const FAKE_NODE = '#!/bin/sh\n[ "$1" != -v ] || { echo v20.1.0; exit; }\n';
/** Programs that some accounts have for a shell; our own words, which they repeat, are left out. */
const otherShells = [
  {
    name: 'git-only',
    shell: '/usr/bin/git-shell',
    message: /no shell to run a monitor in: fatal: unrecognized command '\[our command\]'/,
  },
  { name: 'python-only', shell: '/usr/bin/python3', message: /no shell to run a monitor in: SyntaxError/ },
].filter(({ shell }) => existsSync(shell));
const STOPPED = (after: RegExp | null) => ({ cause: 'timeout' as const, limit: { after } });
const user = (name: string) => [`User ${name}`];

/** A small server: `greeting` is JavaScript that gets the socket `s`. */
const server = (port: number, greeting: string) =>
  `node -e 'require("net").createServer((s) => { s.on("error", () => 0); ${greeting} }).listen(${port})' </dev/null >/dev/null 2>&1 & echo $!`;

/** Every fault that is there from the start. n1 has the servers, n3 the monitors, n4 no runtime. */
export function faultyNodes(folder: string): FaultyNode[] {
  const { address } = requireFleet();
  const on = (node: number, ...more: string[]) => [`HostName ${address(node)}`, ...more];
  const port = (number: number, ...more: string[]) => on(1, `Port ${number}`, ...more);
  return [
    { name: 'no-name', cause: 'dns', message: /no such name/, settings: ['HostName nxdomain.test'] },
    ...['a', 'b', 'c', 'd', 'e'].map((letter) => ({
      name: `no-resolver-${letter}`,
      cause: 'dns' as const,
      message: /no answer within 10 s/,
      settings: [`HostName ${letter}.silent.test`],
      limit: { after: null },
    })),
    { name: 'refused', cause: 'refused', message: /refused the connection/, settings: port(1) },
    { name: 'tcp-dropped', message: /opening the TCP connection/, settings: port(2301), ...STOPPED(null) },
    { name: 'banner-stopped', message: /the SSH banner/, settings: port(2302), ...STOPPED(/^tcp: /) },
    { name: 'keys-stopped', message: /exchanging keys/, settings: port(2303), ...STOPPED(/^banner: /) },
    { name: 'login-stopped', message: /logging in/, settings: port(2304), ...STOPPED(/^keys: /) },
    {
      name: 'shell-hangs',
      message: /waiting for the login shell/,
      settings: on(1, ...user('shell-hangs')),
      ...STOPPED(/^login: /),
    },
    {
      name: 'runtime-hangs',
      message: /waiting for the login shell/,
      settings: on(1, ...user('runtime-hangs')),
      ...STOPPED(/^login: /),
    },
    {
      name: 'hello-hangs',
      message: /the monitor's first message/,
      settings: on(1, ...user('hello-hangs')),
      ...STOPPED(/^runtime: /),
    },
    { name: 'closed', cause: 'closed', message: /no SSH server, it said "220 mail/, settings: port(2306) },
    {
      name: 'no-algorithm',
      cause: 'key-exchange',
      message: /no matching key exchange/,
      // The system's ssh knows more algorithms than the library.
      settings: [...port(2307), 'KexAlgorithms curve25519-sha256'],
    },
    {
      name: 'key-unknown',
      cause: 'host-key-unknown',
      message: /is not known: SHA256:/,
      settings: on(1, `UserKnownHostsFile ${join(folder, 'unknown')}`),
    },
    {
      name: 'key-changed',
      cause: 'host-key-changed',
      message: /has CHANGED/,
      settings: on(1, `UserKnownHostsFile ${join(folder, 'changed')}`),
    },
    {
      name: 'key-revoked',
      cause: 'host-key-revoked',
      message: /marked as revoked/,
      settings: on(1, `UserKnownHostsFile ${join(folder, 'revoked')}`),
    },
    {
      name: 'key-refused',
      cause: 'auth',
      message: /did not let ops in/,
      settings: port(2308),
      said: /Authorized users only/,
    },
    {
      name: 'no-shell',
      cause: 'no-shell',
      message: /not available/,
      settings: on(1, ...user('nologin')),
      said: /This account is currently not available/,
    },
    {
      name: 'cat-shell',
      cause: 'no-shell',
      message: /no shell to run a monitor in: .*cat --help/,
      settings: on(1, ...user('cat-shell')),
    },
    ...otherShells.map(({ name, message }) => ({
      name,
      cause: 'no-shell' as const,
      message,
      settings: on(1, ...user(name)),
    })),
    {
      name: 'silent-command',
      message: /let us in and did not run our command .* waiting for the login shell/,
      settings: port(2309, ...user('silent-command')),
      ...STOPPED(/^login: /),
    },
    {
      name: 'expired',
      cause: 'password-expired',
      message: /The password of expired on expired has expired/,
      settings: port(2310, ...user('expired')),
      said: /password/i,
    },
    {
      name: 'closed-node',
      cause: 'account-refused',
      message: /does not let closed-node work there now: Closed until Monday/,
      settings: on(1, ...user('closed-node')),
    },
    {
      name: 'full-node',
      cause: 'node-limit',
      message: /is at a limit and ended the login: .*fork/,
      settings: on(1, ...user('full-node')),
    },
    {
      name: 'moved',
      cause: 'login-ended',
      message: /ended before our command ran: this lab has moved \(exit code 3\)/,
      settings: on(1, ...user('moved')),
    },
    {
      name: 'other-command',
      cause: 'forced-command',
      message: /this account only says hello/,
      settings: on(1, ...user('forced')),
      said: /this account only says hello/,
    },
    { name: 'no-session', cause: 'session-limit', message: /another session/, settings: port(2305) },
    {
      name: 'disk-full',
      cause: 'no-space',
      message: /No room for the runtime \(\d+ MiB\) in \/home\/disk-full\/\.cache\/rollcall/,
      settings: on(BARE, ...user('disk-full')),
    },
    {
      name: 'quota-full',
      cause: 'no-space',
      message: /No room for the runtime \(\d+ MiB\) in \/home\/quota-full\/\.cache\/rollcall/,
      settings: on(BARE, ...user('quota-full')),
      said: /File size limit exceeded|File too large/,
    },
    {
      name: 'no-programs',
      cause: 'noexec',
      message: /may not run from \/home\/no-programs\/\.cache\/rollcall/,
      settings: on(BARE, ...user('no-programs')),
    },
    {
      name: 'other-machine',
      cause: 'no-runtime',
      message: /the head has none for Linux riscv64/,
      settings: on(BARE, ...user('other-machine')),
    },
    {
      name: 'old-libraries',
      cause: 'libc',
      message: /GLIBCXX_\S+' not found/,
      settings: on(BARE, ...user('old-libraries')),
    },
    {
      name: 'circle',
      cause: 'config',
      message: /run in a circle at circle/,
      settings: on(1, 'ProxyJump circle'),
    },
    {
      name: 'no-way',
      cause: 'proxy',
      message: /jump host banned: .*did not let ops in/,
      settings: on(1, 'ProxyJump banned'),
    },
    {
      name: 'throws',
      cause: 'monitor-crashed',
      message: /The monitor on throws ended: exit code 70\./,
      settings: on(3, ...user('throws')),
      said: /provoked by the test/,
    },
  ];
}

/** Jump hosts and good nodes that the list above needs. */
export const helpers = (): Record<string, string[]> => {
  const { address } = requireFleet();
  return {
    banned: [`HostName ${address(1)}`, 'Port 2308'],
    // Its start-up file has lost /usr/bin and /bin, and the node has no Node.js: all the same it gets live.
    'lost-path': [`HostName ${address(BARE)}`, 'User lost-path'],
    'by-hosts-file': ['HostName good.hosts.test', `HostKeyAlias ${address(1)}`],
  };
};

function writeKnownHosts(folder: string): void {
  const { address, hostKey } = requireFleet();
  writeFileSync(join(folder, 'unknown'), '');
  writeFileSync(join(folder, 'changed'), `${address(1)} ${hostKey(2, 'ed25519')}\n`);
  writeFileSync(
    join(folder, 'revoked'),
    `@revoked * ${hostKey(1, 'ed25519')}\n${address(1)} ${hostKey(1, 'ed25519')}\n`,
  );
}

/** Runs the real monitor with another script before it. */
export const nodeWithScript = '#!/bin/sh\nexec /usr/bin/node --require "$HOME/before.cjs" "$@"\n';

function addAccounts(): void {
  writeNodeFile(1, '/opt/hang', '#!/bin/sh\nexec sleep 1000\n');
  addAccount(1, { name: 'shell-hangs', shell: '/opt/hang' });
  addAccount(1, { name: 'cat-shell', shell: '/bin/cat' });
  for (const { name, shell } of otherShells) addAccount(1, { name, shell });
  addAccount(1, { name: 'silent-command' });
  addAccount(1, { name: 'expired' });
  writeNodeFile(1, '/opt/closed', '#!/bin/sh\necho "Closed until Monday." >&2\nexit 254\n');
  addAccount(1, { name: 'closed-node', shell: '/opt/closed' });
  writeNodeFile(
    1,
    '/opt/full',
    '#!/bin/sh\necho "bash: fork: retry: Resource temporarily unavailable" >&2\nexit 254\n',
  );
  addAccount(1, { name: 'full-node', shell: '/opt/full' });
  addAccount(1, { name: 'moved', files: { '.bashrc': 'echo this lab has moved >&2; exit 3\n' } });
  addAccount(1, { name: 'runtime-hangs', files: { 'bin/node': '#!/bin/sh\nexec sleep 1000\n' } });
  addAccount(1, { name: 'hello-hangs', files: { 'bin/node': `${FAKE_NODE}exec sleep 1000\n` } });
  // A real monitor, in which something throws three seconds after the start.
  const boom = 'setTimeout(() => { throw new Error("provoked by the test"); }, 3000);';
  addAccount(3, {
    name: 'throws',
    files: { 'bin/node': nodeWithScript, 'before.cjs': boom },
  });
  for (const name of ['disk-full', 'no-programs']) addAccount(BARE, { name });
  // df sees room enough, and writing fails half-way all the same.
  addAccount(BARE, { name: 'quota-full', files: { '.bashrc': 'ulimit -f 20000\n' } });
  addAccount(BARE, {
    name: 'other-machine',
    files: { 'bin/uname': '#!/bin/sh\ncase $1 in -m) echo riscv64;; *) echo Linux;; esac\n' },
  });
  addAccount(BARE, { name: 'lost-path', files: { '.bashrc': 'export PATH=/opt/tools/bin\n' } });
  addAccount(BARE, { name: 'old-libraries', files: { '.bashrc': 'export LD_LIBRARY_PATH=/opt/old\n' } });
}

/** Makes the faults; the result undoes what would disturb others. */
export async function provoke(folder: string): Promise<() => Promise<void>> {
  const { exec, startSshd } = requireFleet();
  writeKnownHosts(folder);
  addAccounts();
  writeNodeFile(1, '/opt/issue', 'Authorized users only\n');
  await exec(
    1,
    'nft "table inet faults { chain in { type filter hook input priority 0; tcp dport 2301 drop; }; }"',
  );
  const servers = await Promise.all([
    startSshd(1, 2302, []),
    startSshd(1, 2304, [
      'AuthorizedKeysFile none',
      'AuthorizedKeysCommand /bin/sleep 1000',
      'AuthorizedKeysCommandUser nobody',
    ]),
    startSshd(1, 2305, ['MaxSessions 0']),
    startSshd(1, 2307, ['KexAlgorithms sntrup761x25519-sha512@openssh.com']),
    startSshd(1, 2308, ['AuthorizedKeysFile none', 'Banner /opt/issue']),
    startSshd(1, 2309, ['ForceCommand cat']),
    startSshd(1, 2310, ['UsePAM yes']),
  ]);
  const pids = await Promise.all([
    exec(1, 'p=$(cat /run/sshd-2302.pid); kill -STOP $p; echo $p'),
    exec(1, server(2303, 's.write("SSH-2.0-OpenSSH_9.2\\r\\n"); s.resume();')),
    exec(1, server(2306, 's.end("220 mail.example ESMTP\\r\\n");')),
  ]);
  await exec(1, 'usermod -p "$(openssl passwd -6 not-used)" expired; chage -d 0 expired');
  // A library from before the runtime's: any other one under its name has not the versions asked for.
  await exec(
    BARE,
    'mount -t tmpfs -o size=8m full /home/disk-full; chown disk-full: /home/disk-full; chmod 700 /home/disk-full; ' +
      'mount -t tmpfs -o size=200m,noexec noexec /home/no-programs; chown no-programs: /home/no-programs; chmod 700 /home/no-programs; ' +
      'mkdir -p /opt/old; cp "$(ls /usr/lib/*/libm.so.6 | head -n 1)" /opt/old/libstdc++.so.6',
  );
  return async () => {
    await exec(1, `nft delete table inet faults; kill -9 ${pids.join(' ').replaceAll('\n', ' ')}; true`);
    await Promise.all(servers.slice(1).map((one) => one.stop()));
    await exec(BARE, 'umount -l /home/disk-full /home/no-programs');
  };
}

/** An ssh_config for these nodes; the fleet's usual lines follow. */
export function sshConfig(entries: Record<string, string[]>): string {
  const { identityFile, knownHostsFile } = requireFleet();
  const hosts = Object.entries(entries).map(([name, lines]) => [`Host ${name}`, ...lines].join('\n  '));
  const usual = [
    'Host *',
    'User ops',
    `IdentityFile ${identityFile}`,
    'IdentitiesOnly yes',
    `UserKnownHostsFile ${knownHostsFile}`,
    'GlobalKnownHostsFile none',
    'StrictHostKeyChecking yes',
  ].join('\n  ');
  return `${[...hosts, usual].join('\n')}\n`;
}
