import { readFileSync } from 'node:fs';
import type { Cause } from '../../src/report/causes.ts';
import { addAccount, writeNodeFile } from './accounts.ts';

/** A node that does harm, and what is said of it; null where it counts as live all the same. */
export interface HostileNode {
  name: string;
  cause: Cause | null;
  message: RegExp;
  /** It does its harm instead of a login shell, not instead of a monitor. */
  atLogin?: boolean;
  /** It is the SSH server itself: what it does with each socket `s`. */
  server?: string;
}

const protocol = (name: string, message: RegExp): HostileNode => ({ name, cause: 'protocol', message });
const live = (name: string): HostileNode => ({ name, cause: null, message: /^/ });

export const hostileNodes: HostileNode[] = [
  { name: 'silent', cause: 'timeout', message: /the monitor's first message/ },
  { name: 'half-line', cause: 'monitor-silent', message: /has said nothing for 1\d(\.\d)? s/ },
  protocol('endless-hello', /a line longer than 1048576 bytes|endless text before the first message/),
  protocol('wrong-version', /protocol version 999, not 1/),
  protocol('wrong-nonce', /hello with a wrong nonce/),
  protocol('absurd-hello', /hello: pid: /),
  protocol('invalid-hello', /hello: a line is not JSON/),
  protocol('invalid-utf8', /a line is not JSON/),
  protocol('deep-json', /processes\.0: /),
  protocol('endless-line', /a line longer than 1048576 bytes/),
  protocol('byte-by-byte', /a line longer than 1048576 bytes|SSH packets a second/),
  protocol('error-flood', /more than 16 KiB of error output a second/),
  protocol('message-flood', /more than 50 messages a second/),
  protocol('facts-flood', /more than 1 MiB a second/),
  protocol('million-processes', /topProcesses\.pid: not a list of at most 64/),
  protocol('absurd-sequence', /sequence: /),
  protocol('no-brief', /a sample without its brief/),
  protocol('no-whole', /a sample without its whole/),
  protocol('brief-rubbish', /a sample's brief: machine: not so many figures/),
  protocol('two-tales', /a sample and its brief tell of different machine/),
  protocol('late-rubbish', /type: /),
  protocol('two-hellos', /a second hello/),
  protocol('same-sequence', /sample 5 after sample 5/),
  protocol('back-in-sequence', /sample 3 after sample 9/),
  protocol('after-bye', /a message after the last one/),
  { name: 'evil-bye', cause: 'monitor-crashed', message: /alert\(1\).*\\x1b\[2J/ },
  { name: 'bye-loop', cause: 'monitor-crashed', message: /ended: again\./ },
  { ...protocol('login-line', /endless text before the first message/), atLogin: true },
  { ...protocol('login-noise', /endless text before the first message/), atLogin: true },
  { ...protocol('login-errors', /more than 16 KiB of error output a second/), atLogin: true },
  live('large-strings'),
  live('absurd'),
  live('markup'),
];

const endless = (text: string) => `const more = (error) => error || s.write(${text}, more); more();`;
const BANNER = 's.write("SSH-2.0-OpenSSH_9.2\\r\\n");';
/** SSH servers that never were any. */
export const hostileServers: HostileNode[] = [
  { name: 'server-text', cause: 'closed', message: /no SSH server/, server: endless('"x".repeat(65536)') },
  {
    name: 'server-lines',
    cause: 'closed',
    message: /no SSH server/,
    server: endless('"x\\n".repeat(32768)'),
  },
  {
    name: 'server-rubbish',
    cause: 'unreadable',
    message: /exchanging keys/,
    server: BANNER + endless('require("crypto").randomBytes(65536)'),
  },
  {
    name: 'server-ignores',
    cause: 'protocol',
    message: /sends too much: more than 1 MiB before the login/,
    // Well-formed packets that say nothing: SSH_MSG_IGNORE with 24 bytes.
    server:
      BANNER +
      endless(
        'Buffer.concat(Array(1000).fill(Buffer.from("0000002c0f0200000018" + "00".repeat(38), "hex")))',
      ),
  },
];
export const allHostileNodes = [...hostileNodes, ...hostileServers];
export const FIRST_SERVER_PORT = 2400;

const PROGRAM = '/opt/hostile-node.cjs';

/** Gives a node an account for each of them. */
export function addHostileAccounts(node: number): void {
  const source = readFileSync(new URL('./hostile-node.cjs', import.meta.url), 'utf8');
  writeNodeFile(node, PROGRAM, source);
  for (const [at, { server }] of hostileServers.entries())
    writeNodeFile(
      node,
      `/opt/server-${FIRST_SERVER_PORT + at}.cjs`,
      `require('node:net').createServer((s) => { s.on('error', () => 0); s.resume(); ${server} }).listen(${FIRST_SERVER_PORT + at});`,
    );
  for (const { name, atLogin } of hostileNodes) {
    const program = `#!/bin/sh\nexec /usr/bin/node ${PROGRAM} ${name} "$@"\n`;
    if (atLogin) writeNodeFile(node, `/opt/${name}`, program);
    addAccount(node, atLogin ? { name, shell: `/opt/${name}` } : { name, files: { 'bin/node': program } });
  }
}
