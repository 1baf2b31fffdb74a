import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A PostgreSQL of the test's own, on a port of 127.0.0.1; it goes with its folder. */
export interface Postgres {
  /** With a password. */
  url: string;
  password: string;
  pid(): number;
  /** Resolves once it takes connections. */
  start(): Promise<void>;
  /** `SIGINT` ends connections first; with `SIGKILL` it is found as a power cut leaves it. */
  stop(signal?: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void>;
  remove(): Promise<void>;
}

/** Where Debian has it, the newest first; or beside `psql`. */
function findPrograms(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(debian, version, 'bin')), '/usr/local/bin', '/usr/bin'];
  return folders.find((folder) => existsSync(join(folder, 'initdb'))) ?? null;
}

const programs = findPrograms();
/** Debian's package, where this machine has it. */
export const hasPostgres = programs !== null;
if (!hasPostgres) console.log('skipped: PostgreSQL, because there is none (on Debian: postgresql)');

/** It refuses to run as root. */
const NOBODY = 65_534;
const PASSWORD = 'not told: ü/@%';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** Makes one, and starts it. */
export async function startPostgres(): Promise<Postgres> {
  if (programs === null) throw new Error('there is no PostgreSQL');
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-postgres-'));
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (identity.uid !== undefined) {
    chmodSync(folder, 0o711);
    for (const path of [folder, passwordFile]) chownSync(path, NOBODY, NOBODY);
  }
  const made = spawnSync(
    join(programs, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'rollcall',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-N',
      '-E',
      'UTF8',
      '--locale=C',
    ],
    { ...identity, cwd: folder, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const port = await freePort();
  const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '', fsync: 'off' };
  const words = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  let child: ReturnType<typeof spawn> | null = null;

  /** Resolves to what it said where it did not start. */
  async function tryStart(): Promise<string | null> {
    const started = spawn(join(programs ?? '', 'postgres'), ['-D', data, ...words], {
      ...identity,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = started;
    const said: string[] = [];
    return new Promise((resolve) => {
      createInterface({ input: started.stderr }).on('line', (line) => {
        said.push(line);
        if (line.includes('ready to accept connections')) resolve(null);
      });
      started.once('exit', () => resolve(said.join('\n')));
    });
  }

  async function start(): Promise<void> {
    for (;;) {
      const refusal = await tryStart();
      if (refusal === null) return;
      // What a killed one left behind ends by itself, soon.
      if (!refusal.includes('is still in use')) throw new Error(`postgres: ${refusal}`);
    }
  }

  async function stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  await start();
  return {
    url: `postgres://rollcall:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`,
    password: PASSWORD,
    pid: () => child?.pid ?? 0,
    start,
    stop,
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
