import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shellQuote } from '../../src/lib/shell-quote.ts';

/**
 * The fleet of SSH servers that `test/run.mjs` started, as tests see it. Tests run inside the head's network
 * namespace; without root there is none and `fleet` is null: `describe.runIf(fleet)`.
 */

const script = fileURLToPath(new URL('./fleet.sh', import.meta.url));
const BARE_NODE = 4;

export type Fault =
  | 'cut'
  | 'drop'
  | 'hang'
  | 'kill'
  | 'slow'
  | 'lossy'
  | 'hang-mount'
  | 'freeze-disk'
  | 'tmp-read-only'
  | 'tmp-full';
export type HostKeyType = 'ed25519' | 'rsa' | 'ecdsa';

/** Accounts of every node; all take the fleet's key. `ops` has bash and is the ssh_config's user. */
export const fleetUsers = [
  'ops',
  'dash',
  'zsh',
  'fish',
  'tcsh',
  'rbash',
  'noisy',
  'homeless',
  'nologin',
  'forced',
] as const;

export interface ProgramResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; never rejects. Code 124 stands for a time-out. */
export function runProgram(
  command: string,
  args: readonly string[],
  timeoutMs = 30_000,
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      // What is printed is compared as plain text, whatever colours the tests have.
      { timeout: timeoutMs, killSignal: 'SIGKILL', env: { ...process.env, FORCE_COLOR: undefined } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 124;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.end();
  });
}

/** What the user's own ssh says: `runSsh(['-F', file, 'n1', 'true'])`. */
export const runSsh = (args: readonly string[], timeoutMs?: number) =>
  runProgram('ssh', ['-o', 'BatchMode=yes', ...args], timeoutMs);

async function runScript(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(script, args);
  if (code !== 0) throw new Error(`fleet.sh ${args.join(' ')}: exit code ${code}: ${stderr}`);
  return stdout;
}

export interface FleetSshd {
  port: number;
  /** What it has written to its log. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface Fleet {
  /** Folder of keys and client files. */
  state: string;
  /** Works for `n1`, `n2` …: key, known hosts, StrictHostKeyChecking yes. */
  sshConfigFile: string;
  identityFile: string;
  knownHostsFile: string;
  nodeCount: number;
  /** The node without Node.js, Python and curl. */
  bareNode: number;
  address(node: number): string;
  /** `ssh-ed25519 AAAA…`. */
  hostKey(node: number, type: HostKeyType): string;
  /** Runs a shell command as root inside a node, without ssh, and gives its output. */
  exec(node: number, command: string): Promise<string>;
  /** The machine's pids of all processes of a node. */
  pids(node: number): Promise<number[]>;
  /** Starts a fault, `amount` being a rate or a percentage; the result undoes every fault of the node. */
  fault(node: number, fault: Fault, amount?: string): Promise<() => Promise<void>>;
  heal(node: number): Promise<void>;
  /** Starts another sshd in a node, with the default settings unless `config` lines name others. */
  startSshd(node: number, port: number, config: readonly string[]): Promise<FleetSshd>;
}

/** sshd takes the first value of a setting, so the test's own lines come first. */
function sshdConfig(port: number, config: readonly string[]): string {
  const defaults = [
    `Port ${port}`,
    `PidFile /run/sshd-${port}.pid`,
    'HostKey /etc/ssh/ssh_host_ed25519_key',
    'AuthorizedKeysFile /etc/ssh/fleet_keys .ssh/authorized_keys',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'PrintMotd no',
    'UseDNS no',
    'Subsystem sftp internal-sftp',
  ];
  const own = config.some((line) => line.startsWith('HostKey '));
  return [...config, ...(own ? defaults.filter((line) => !line.startsWith('HostKey ')) : defaults)].join(
    '\n',
  );
}

function createFleet(state: string): Fleet {
  const exec = (node: number, command: string) => runScript('exec', String(node), 'sh', '-c', command);
  const heal = async (node: number) => void (await runScript('heal', String(node)));
  return {
    state,
    sshConfigFile: join(state, 'ssh_config'),
    identityFile: join(state, 'keys', 'id'),
    knownHostsFile: join(state, 'known_hosts'),
    nodeCount: BARE_NODE,
    bareNode: BARE_NODE,
    address: (node) => `10.78.0.${10 + node}`,
    hostKey: (node, type) =>
      readFileSync(join(state, 'keys', `n${node}-${type}.pub`), 'utf8')
        .split(' ')
        .slice(0, 2)
        .join(' '),
    exec,
    pids: async (node) => (await runScript('pids', String(node))).split('\n').filter(Boolean).map(Number),
    fault: async (node, fault, amount) => {
      await runScript(fault, String(node), ...(amount === undefined ? [] : [amount]));
      return () => heal(node);
    },
    heal,
    startSshd: async (node, port, config) => {
      const file = `/etc/ssh/sshd_config_${port}`;
      const log = `/run/sshd-${port}.log`;
      const pid = `/run/sshd-${port}.pid`;
      await exec(
        node,
        `printf '%s\\n' ${shellQuote(sshdConfig(port, config))} > ${file} && : > ${log} && /usr/sbin/sshd -f ${file} -E ${log}`,
      );
      // It goes into the background first, listens then, and writes its pid last.
      await exec(
        node,
        `for at in $(seq 300); do [ -s ${pid} ] && exit; sleep 0.1; done; cat ${log} >&2; exit 1`,
      );
      const stop = async () => {
        await exec(node, `p=$(cat ${pid}); kill $p; pkill -P $p; rm -f ${file} ${pid}`);
      };
      return { port, log: () => exec(node, `cat ${log}`), stop };
    },
  };
}

const state = process.env.FLEET_STATE;
export const fleet: Fleet | null = state === undefined ? null : createFleet(state);

/** The fleet in tests that are only run with one. */
export function requireFleet(): Fleet {
  if (fleet === null) throw new Error('this test needs the fleet: npm test');
  return fleet;
}

/** A new folder for a test's own files; `remove` it at the end. */
export function createWorkFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
