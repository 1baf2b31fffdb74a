import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from './fleet/fleet.ts';
import { createHeadProcess, type HeadProcess } from './head-process.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Searching from the command line, in the simulated cluster. */
describe('rollcall finds', () => {
  let head: HeadProcess;
  beforeAll(async () => {
    head = createHeadProcess(null);
    head.writeList('localhost\n');
    expect((await head.start('--demo')).code).toBe(0);
  }, 60_000);
  afterAll(() => head.dispose());

  const json = async (...words: string[]) => {
    const { stdout, stderr, code } = await head.rollcall(...words, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Record<string, Record<string, unknown>[]>;
  };

  it('nodes', async () => {
    const { nodes = [] } = await json('show', '-q', 'gpu:4090', '--sort', '-node');
    expect(nodes.map(({ name }) => name)).toEqual(['ws-02', 'ws-01']);
    const { stdout } = await head.rollcall('show', '-q', 'node:=ws-02');
    expect(stdout).toMatch(/^ws-02 /);
    expect(stdout).not.toContain('ws-01');
    const without = await json('show', '-q', '-gpu:nvidia');
    expect(without.nodes?.map(({ name }) => name)).toEqual(['cpu-01']);
  });

  it('GPUs', async () => {
    const { gpus = [] } = await json('gpus', '-q', 'is:sick');
    expect(gpus).toMatchObject([{ node: 'a100-02', index: 5, use: 'out' }]);
    const { stdout } = await head.rollcall(
      'gpus',
      '-q',
      'node:l40s-02',
      '--sort',
      '-node',
      '--group',
      'state',
    );
    expect(stdout.split('\n')[0]).toBe('live (4)');
    expect(stdout).toMatch(/^l40s-02 +0 +NVIDIA L40S +free /m);
  });

  it('jobs', async () => {
    const { jobs = [] } = await json('jobs', '--query', 'job:48120', '--user', 'mkaur');
    expect(jobs).toMatchObject([{ key: 'slurm:48120', nodes: ['h100-01', 'h100-02'] }]);
    expect(await json('jobs', '--query', 'job:48120', '--user', 'mkau')).toEqual({ jobs: [] });
  });

  it('users', async () => {
    const { users = [] } = await json('users', '-q', 'job:48120');
    expect(users).toMatchObject([{ user: 'mkaur' }]);
    const { stdout } = await head.rollcall('users', '--sort', '-gpus');
    expect(stdout).toMatch(/^USER +GPUS +IDLE/);
    expect(stdout).not.toMatch(/^root /m);
  });

  it.each([
    [['show', '-q', 'usr:al'], 'Did you mean user:?'],
    [['gpus', '--sort', 'utli'], 'Did you mean util?'],
    [['users', '--group', 'nope'], 'Rows can be grouped by'],
  ])('nothing with %j, and says why', async (words, remedy) => {
    const { code, stderr } = await head.rollcall(...words);
    expect(code).toBe(1);
    expect(stderr).toContain(remedy);
    expect(stderr.split('\n').at(-2)).toMatch(/^ {2} *\^+$/);
  });

  it('nodes for a status, as text, as JSON and with a line for all', async () => {
    const { nodes = [] } = await json('status', '-q', 'gpu:4090');
    expect(nodes.map(({ name }) => name)).toEqual(['ws-01', 'ws-02']);
    expect(Object.keys(await json('status'))).toEqual(['nodes', 'problems', 'history']);
    const { stdout } = await head.rollcall('status', '-q', 'gpu:4090');
    expect(stdout).toMatch(
      /^head: pid \d+, page .*\nNODE +STATE .*\nws-01 .*\nws-02 .*\n2 nodes: 2 live · \d+ GPUs: /,
    );
    expect((await head.rollcall('gpus', '--color', 'always')).stdout).toContain('\u001b[32mfree\u001b[0m');
    expect((await head.rollcall('gpus', '--color', 'blue')).stderr).toBe(
      'rollcall: --color blue: not one of auto, always, never\n',
    );
  });

  it('the same through the address of the page, without any rights', async () => {
    const { url } = head.record();
    const ask = (environment: string[], ...words: string[]) =>
      runProgram('env', [...environment, process.execPath, join(root, 'dist/rollcall.js'), ...words]);
    const asked = await Promise.all([
      ask([], 'users', '--sort', '-gpus', '--url', url),
      ask([], 'jobs', '-q', 'job:48120', '--user', 'mkaur', '--url', url),
      ask([], 'gpus', '-q', 'is:sick', '--group', 'state', '--url', url),
    ]);
    expect(asked.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      asked.map(() => ({ code: 0, stderr: '' })),
    );
    const [users, jobs, gpus] = asked.map(({ stdout }) => stdout);
    expect(users).toMatch(/^USER +GPUS +IDLE .*\n(.*\n)+\d+ users on \d+ nodes, with \d+ GPUs · /);
    expect(jobs).toMatch(/^JOB +NAME .*\nslurm 48120 .*\n1 job of 1 user on 2 nodes, with \d+ GPUs · /);
    expect(gpus).toMatch(/^live \(1\)\nNODE .*\na100-02 +5 .*\n1 GPU: 1 out/);
    const status = await ask([`ROLLCALL_URL=${url}`], 'status', '-q', 'node:=ws-01');
    expect(status.stdout).toMatch(/^head: page http:.*\nNODE .*\nws-01 +live .*\n1 node: 1 live/);
    expect((await ask([], 'show', 'ws-01', '--url', url)).stdout).toMatch(/^ws-01 /);
    expect((await ask([], 'show', 'nobody', '--url', url)).stderr).toContain('no node "nobody"');
    const bad = await ask([], 'gpus', '-q', 'usr:al', '--url', url);
    expect(bad).toMatchObject({ code: 1, stdout: '' });
    expect(bad.stderr).toContain('Did you mean user:?');
    const both = await ask([], 'status', '--url', url, '--state-dir', '/nowhere');
    expect(both.stderr).toContain('do not go together');
    const none = await ask(['-u', 'ROLLCALL_URL'], 'status', '--state-dir', '/nowhere/at/all');
    expect(none.stderr).toMatch(/no head of yours .* start one: .*run_monitor\.sh, or name .* --url http/);
  });

  it('a node watched through the address of the page, every other second', async () => {
    const told: string[] = [];
    const child = spawn(
      process.execPath,
      [join(root, 'dist/rollcall.js'), 'show', 'ws-01', '--watch', '--json', '--url', head.record().url],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(child, 'close');
    createInterface({ input: child.stdout }).on('line', (line) => told.push(line));
    await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(1);
    child.kill();
    await ended;
    expect(JSON.parse(told.at(-1) ?? '{}')).toMatchObject({ name: 'ws-01', state: 'live' });
  });

  it('what is searched for anew at every change', async () => {
    const told: string[] = [];
    const end = head.follow(['show', '--watch', '--json', '-q', 'gpu:4090'], (line) => told.push(line));
    await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(1);
    await end();
    const { nodes } = JSON.parse(told.at(-1) ?? '{}') as { nodes: { name: string }[] };
    expect(nodes.map(({ name }) => name)).toEqual(['ws-01', 'ws-02']);
  });
});
