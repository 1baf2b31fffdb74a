import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { requireFleet } from './fleet.ts';

/** More accounts on the fleet's nodes, each with a start-up file of its own: what people really break. */
export interface Account {
  name: string;
  /** Login shell; bash unless named. */
  shell?: string;
  /** Files below the home directory, all of them executable by their owner. */
  files?: Record<string, string>;
}

const FIRST_UID = 3001;

/** Where this machine sees a node's `/`. */
export function nodeRoot(node: number): string {
  const { state } = requireFleet();
  return `/proc/${readFileSync(join(state, `n${node}`, 'init.pid'), 'utf8').trim()}/root`;
}

/** Writes a file as root inside a node; 0755. */
export function writeNodeFile(node: number, path: string, text: string | Uint8Array): void {
  const file = join(nodeRoot(node), path);
  mkdirSync(dirname(file), { recursive: true });
  // At once: a program of the node may read it at any moment.
  writeFileSync(`${file}.new`, text);
  chmodSync(`${file}.new`, 0o755);
  renameSync(`${file}.new`, file);
}

function nextUid(root: string): number {
  const uids = readFileSync(join(root, 'etc/passwd'), 'utf8')
    .split('\n')
    .map((line) => Number(line.split(':')[2]))
    .filter((uid) => uid >= FIRST_UID && uid < 10_000);
  return Math.max(FIRST_UID - 1, ...uids) + 1;
}

/** An account that takes the fleet's key. `~/bin` comes first on its PATH. Idempotent by name. */
export function addAccount(node: number, { name, shell = '/bin/bash', files = {} }: Account): void {
  const root = nodeRoot(node);
  const home = join(root, 'home', name);
  if (existsSync(home)) return;
  const uid = nextUid(root);
  appendFileSync(join(root, 'etc/passwd'), `${name}:x:${uid}:${uid}::/home/${name}:${shell}\n`);
  appendFileSync(join(root, 'etc/group'), `${name}:x:${uid}:\n`);
  appendFileSync(join(root, 'etc/shadow'), `${name}:*:19000:0:99999:7:::\n`);
  const own = (path: string, mode: number) => {
    chmodSync(path, mode);
    chownSync(path, uid, uid);
  };
  mkdirSync(join(home, 'bin'), { recursive: true });
  own(home, 0o700);
  own(join(home, 'bin'), 0o700);
  for (const [path, text] of Object.entries({ '.bashrc': 'PATH=$HOME/bin:$PATH\n', ...files })) {
    writeFileSync(join(home, path), text);
    own(join(home, path), 0o700);
  }
}
