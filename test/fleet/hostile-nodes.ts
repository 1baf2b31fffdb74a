import { readFileSync } from 'node:fs';
import type { Cause } from '../../src/protocol/causes.ts';
import { addAccount, writeNodeFile } from './accounts.ts';

/** A node that does harm, and what is said of it; null where it counts as live all the same. */
export interface HostileNode {
  name: string;
  cause: Cause | null;
  message: RegExp;
  /** It does its harm instead of a login shell, not instead of a monitor. */
  atLogin?: boolean;
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
  protocol('byte-by-byte', /a line longer than 1048576 bytes/),
  protocol('error-flood', /more than 16 KiB of error output a second/),
  protocol('message-flood', /more than 50 messages a second/),
  protocol('facts-flood', /more than 1 MiB a second/),
  protocol('million-processes', /topProcesses\.pid: not a list of at most 64/),
  protocol('absurd-sequence', /sequence: /),
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

const PROGRAM = '/opt/hostile-node.cjs';

/** Gives a node an account for each of them. */
export function addHostileAccounts(node: number): void {
  const source = readFileSync(new URL('./hostile-node.cjs', import.meta.url), 'utf8');
  writeNodeFile(node, PROGRAM, source);
  for (const { name, atLogin } of hostileNodes) {
    const program = `#!/bin/sh\nexec /usr/bin/node ${PROGRAM} ${name} "$@"\n`;
    if (atLogin) writeNodeFile(node, `/opt/${name}`, program);
    addAccount(node, atLogin ? { name, shell: `/opt/${name}` } : { name, files: { 'bin/node': program } });
  }
}
