import { identify, type JobIdentity } from './job-identity.ts';

/** What the processes above a process tell where control groups tell nothing. */

export interface Ancestor {
  pid: number;
  /** The kernel's name of the program. */
  name: string;
  parentPid: number;
  startTicks: number;
}

export interface ProcessTree {
  find(pid: number): Ancestor | null;
  ownerOf(pid: number): number | null;
  /** Words separated by NUL, of a long line the first; null where it may not be read. */
  commandLineOf(pid: number): string | null;
}

const MAX_DEPTH = 64;
const FIRST_PROCESS = 1;
const KERNEL_THREADS = 2;
/** Below these a user's own tree of processes begins. `sshd` runs as the user from the login on. */
const LOGIN_PROGRAM =
  /^(?:sshd|sshd-.*|login|systemd|\(sd-pam\)|init|su|sudo|runuser|cron|crond|atd|dropbear|tinysshd|agetty|gdm.*|sddm.*|lightdm|slurmstepd|conmon|containerd-shim.*|pbs_mom|sge_shepherd.*|sge_execd|condor_starter|flux-broker.*|flux-imp|res|sbatchd)$/i;

/** Kernel threads are the process 2 and its children. */
export const isKernelThread = (pid: number, parentPid: number) =>
  pid === KERNEL_THREADS || parentPid === KERNEL_THREADS;

/** The process and those above it, nearest first, up to but without process 1. */
function ancestorsOf(pid: number, view: ProcessTree): Ancestor[] {
  const found: Ancestor[] = [];
  for (let at = view.find(pid); at !== null && at.pid > FIRST_PROCESS; at = view.find(at.parentPid)) {
    // A reused pid can make a circle between two reads.
    if (found.length >= MAX_DEPTH || found.some((other) => other.pid === at?.pid)) break;
    found.push(at);
  }
  return found;
}

const placeOf = ({ pid, startTicks }: Ancestor) => `${pid}-${startTicks}`;

/**
 * A Slurm job by its slurmstepd, which says `slurmstepd: [JOB.STEP]` as root: of a cluster without control groups,
 * or where their paths name a SLUID.
 */
export function findSlurmStep(pid: number, view: ProcessTree): JobIdentity | null {
  for (const { pid: at, name } of ancestorsOf(pid, view)) {
    if (name !== 'slurmstepd' || view.ownerOf(at) !== 0) continue;
    const id = /^slurmstepd: \[(\d{1,20})\./.exec(view.commandLineOf(at) ?? '')?.[1];
    if (id !== undefined) return identify('slurm', id);
  }
  return null;
}

/**
 * A Grid Engine job by its shepherd, of which most call themselves `sge_shepherd-JOB`. Debian's does not; there the
 * supplementary groups tell.
 */
export function findShepherd(pid: number, view: ProcessTree): JobIdentity | null {
  const self = view.ownerOf(pid);
  for (const { pid: at, name } of ancestorsOf(pid, view)) {
    // A user may call a process so, yet not one that belongs to somebody else.
    if (at === pid || !name.startsWith('sge_shepherd') || view.ownerOf(at) === self) continue;
    const id = /(?:^|\/)sge_shepherd-(\d{1,10})(?:\0|$)/.exec(view.commandLineOf(at) ?? '')?.[1];
    if (id !== undefined) return identify('sge', id);
  }
  return null;
}

const FLUX_DIGITS = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Flux' number of 64 bits as people see it, in base 58 (RFC 19), with the plain `f` that its tools take for `ƒ`. */
export function fluxId(number: string): string {
  let rest = BigInt(number);
  let text = '';
  do {
    text = FLUX_DIGITS.charAt(Number(rest % 58n)) + text;
    rest /= 58n;
  } while (rest > 0n);
  return `f${text}`;
}

/**
 * A job of Flux by its shell, `flux-shell [OPTIONS] JOBID`, which runs as the job's user. In an instance inside another
 * job the outermost shell counts, whose number the system's instance knows.
 */
export function findFluxJob(pid: number, view: ProcessTree): JobIdentity | null {
  const uid = view.ownerOf(pid);
  const shell = ancestorsOf(pid, view).findLast(
    (at) => at.name === 'flux-shell' && view.ownerOf(at.pid) === uid,
  );
  if (shell === undefined) return null;
  const words = (view.commandLineOf(shell.pid) ?? '').split('\0').filter((word) => word !== '');
  const word = words.at(-1) ?? '';
  if (/^\d{1,20}$/.test(word)) return identify('flux', fluxId(word), { uid });
  const id = /^(?:\u0192|f)([1-9A-HJ-NP-Za-km-z]{1,12})$/.exec(word)?.[1];
  return id === undefined ? null : identify('flux', `f${id}`, { uid });
}

/** A container of Podman by its conmon, where there is one above the process. */
export const findPodmanContainer = (pid: number, view: ProcessTree) =>
  findPodman(ancestorsOf(pid, view), view);

/**
 * By what stands above: a container without control groups of its own (rootless Podman with cgroupfs), tmux or
 * screen, or else the topmost process of the same user below a login.
 */
export function findByAncestors(pid: number, view: ProcessTree): JobIdentity | null {
  const ancestors = ancestorsOf(pid, view);
  return (
    findSlurmStep(pid, view) ??
    findShepherd(pid, view) ??
    findFluxJob(pid, view) ??
    findPodman(ancestors, view) ??
    findMultiplexer(ancestors, view) ??
    findSession(ancestors, view)
  );
}

/** conmon, a container's keeper, has `-c ID` and `-n NAME` among its words and runs as Podman's user. */
function findPodman([, ...above]: readonly Ancestor[], view: ProcessTree): JobIdentity | null {
  const conmon = above.find(({ name }) => name === 'conmon');
  if (conmon === undefined) return null;
  const words = (view.commandLineOf(conmon.pid) ?? '').split('\0');
  const id = wordAfter(words, '-c', '--cid');
  if (id === null || !/^[0-9a-f]{64}$/.test(id)) return null;
  const name = wordAfter(words, '-n', '--name');
  return identify('podman', id, { name, uid: view.ownerOf(conmon.pid) });
}

function wordAfter(words: readonly string[], ...options: readonly string[]): string | null {
  const at = words.findIndex((word) => options.includes(word));
  return at < 0 ? null : (words[at + 1] ?? null);
}

/** Clients have the same program: tmux names its server, screen writes it in capitals. */
const isServerItself = ({ pid, name }: Ancestor, view: ProcessTree) =>
  name === 'tmux: server' ||
  (name === 'screen' && (view.commandLineOf(pid)?.startsWith('SCREEN\0') ?? false));

/** Flags may stand together, the one with a word being the last: `screen -dmS NAME`. */
function wordAfterFlag(words: readonly string[], flag: string): string | null {
  const at = words.findIndex((word) => /^-[A-Za-z]+$/.test(word) && word.endsWith(flag));
  return at < 0 ? null : (words[at + 1] ?? null);
}

/**
 * The server of a tmux or screen: all sessions of one tmux server are one job. `tmux new -s NAME` and
 * `screen -S NAME` name it, tmux by its first session.
 */
function findMultiplexer(ancestors: readonly Ancestor[], view: ProcessTree): JobIdentity | null {
  const [self, ...above] = ancestors;
  if (self === undefined) return null;
  const uid = view.ownerOf(self.pid);
  const isServer = ({ name }: Ancestor) => name.startsWith('tmux') || name === 'screen';
  // The server's fork has its name until it becomes a shell, so the topmost of that name is the server.
  const server = above.findLast(isServer) ?? (isServerItself(self, view) ? self : undefined);
  if (server === undefined || view.ownerOf(server.pid) !== uid) return null;
  const words = (view.commandLineOf(server.pid) ?? '').split('\0');
  return server.name === 'screen'
    ? identify('screen', placeOf(server), { uid, name: wordAfterFlag(words, 'S') })
    : identify('tmux', placeOf(server), { uid, name: wordAfterFlag(words, 's') });
}

/** Started by somebody who logged in, or by a clock: not a part of the service that let them in. */
export function isBelowLogin(pid: number, view: ProcessTree): boolean {
  const [self, ...above] = ancestorsOf(pid, view);
  return (
    self !== undefined && !LOGIN_PROGRAM.test(self.name) && above.some(({ name }) => LOGIN_PROGRAM.test(name))
  );
}

function findSession(ancestors: readonly Ancestor[], view: ProcessTree): JobIdentity | null {
  const [self, ...above] = ancestors;
  if (self === undefined || isKernelThread(self.pid, self.parentPid)) return null;
  const uid = view.ownerOf(self.pid);
  let top = self;
  for (const at of above) {
    if (LOGIN_PROGRAM.test(at.name) || view.ownerOf(at.pid) !== uid) break;
    top = at;
  }
  return identify('session', placeOf(top), { uid });
}
