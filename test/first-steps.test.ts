import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HeadRecord } from '../src/config/state-folder.ts';

/** What a new user meets: with settings as they are, and state folders where they usually are. */

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'first-steps-'));
  writeFileSync(join(home, 'nodes'), 'localhost\n');
});
afterEach(async () => {
  await run('kill_monitor.sh');
  rmSync(home, { recursive: true, force: true });
});

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(script: string, words: readonly string[] = [], folder = root, path = process.env.PATH) {
  const environment = { ...process.env, FORCE_COLOR: undefined, ROLLCALL_URL: undefined };
  return spawn(join(folder, 'scripts', script), words, {
    env: { ...environment, XDG_STATE_HOME: home, PATH: path, ROLLCALL_NODE_LIST: join(home, 'nodes') },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

async function resultOf(child: ReturnType<typeof start>): Promise<Result> {
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

const run = (script: string, ...words: string[]) => resultOf(start(script, words));

const recordOf = (folder: string) =>
  JSON.parse(readFileSync(join(home, 'rollcall', folder, 'head.json'), 'utf8')) as HeadRecord;

function status(url: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL('/healthz', url), { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('the demo', () => {
  it('stands beside a head of real nodes, and goes with it', async () => {
    expect((await run('run_monitor.sh', '--port', '0')).code).toBe(0);
    const real = recordOf(hostname());
    const demo = await run('run_monitor.sh', '--demo', '--port', '0');
    expect(demo.code).toBe(0);
    expect(demo.stdout).not.toContain('stopped');
    expect(demo.stdout).toContain('12 nodes:');
    expect(recordOf(hostname()).pid).toBe(real.pid);
    expect(recordOf(`${hostname()}-demo`)).toMatchObject({ demo: true });
    // What is asked without a folder is the head of real nodes, and the demo where there is no other.
    expect((await run('rollcall', 'status')).stdout).toContain('localhost');
    expect((await run('kill_monitor.sh', '--demo')).stdout).toContain('stopped the head');
    expect(existsSync(`/proc/${real.pid}`)).toBe(true);
    expect((await run('run_monitor.sh', '--demo', '--port', '0')).code).toBe(0);
    const both = await run('kill_monitor.sh');
    expect(both.stdout).toContain('localhost: monitor ended');
    expect(both.stdout).toContain('demo: stopped the head');
    expect(await run('kill_monitor.sh')).toMatchObject({ code: 0, stdout: 'nothing is running\n' });
  });

  it('is asked where no head of real nodes runs, and its printed way to stop it works', async () => {
    const { stdout } = await run('run_monitor.sh', '--demo', '--port', '0');
    expect((await run('rollcall', 'status')).stdout).toContain('h100-01');
    const [, stop = ''] = /Stop it: (.+)$/m.exec(stdout) ?? [];
    const stopping = spawn('sh', ['-c', stop], { cwd: root, env: { ...process.env, XDG_STATE_HOME: home } });
    const [code] = (await once(stopping, 'close')) as [number];
    expect(code).toBe(0);
    expect(existsSync(join(home, 'rollcall', `${hostname()}-demo`, 'head.json'))).toBe(false);
  });

  it('never takes the place of a head of real nodes, though it is given its folder', async () => {
    const state = ['--state-dir', join(home, 'rollcall', hostname())];
    expect((await run('run_monitor.sh', '--port', '0')).code).toBe(0);
    const { pid } = recordOf(hostname());
    const refused = await run('run_monitor.sh', '--demo', '--port', '0', ...state);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('a head of real nodes runs with the state folder');
    expect(recordOf(hostname()).pid).toBe(pid);
  });
});

it('a page for others has an address that they can type, and answers under this machine’s names', async () => {
  const { code, stdout } = await run('run_monitor.sh', '--host', '0.0.0.0', '--public', '--port', '0');
  expect(code).toBe(0);
  const { url } = recordOf(hostname());
  const { port } = new URL(url);
  expect(stdout).toContain(`The page: http://${hostname()}:${port}/`);
  expect(stdout).not.toContain('0.0.0.0');
  const local = `http://127.0.0.1:${port}/`;
  expect(await status(local, `${hostname()}:${port}`)).toBe(200);
  expect(await status(local, hostname().split('.')[0] ?? '')).toBe(200);
  expect(await status(local, 'evil.example')).toBe(403);
});

it('Ctrl-C during the set-up says that nothing was started', async () => {
  // A project without packages, and an npm that takes its time.
  const folder = join(home, 'project');
  cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(root, file), join(folder, file));
  mkdirSync(join(home, 'bin'));
  writeFileSync(join(home, 'bin', 'npm'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  const child = start('run_monitor.sh', [], folder, `${join(home, 'bin')}:${process.env.PATH}`);
  const result = resultOf(child);
  await new Promise<void>((resolve) => {
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes('Installing packages')) resolve();
    });
  });
  // As a terminal does, to all of its group.
  process.kill(-(child.pid ?? 0), 'SIGINT');
  const { code, stderr } = await result;
  expect(code).not.toBe(0);
  expect(stderr).toContain('stopped while setting up; nothing was started');
});
