import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHeadProcess, type HeadProcess } from './head-process.ts';

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

  it('what is searched for anew at every change', async () => {
    const told: string[] = [];
    const end = head.follow(['show', '--watch', '--json', '-q', 'gpu:4090'], (line) => told.push(line));
    await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(1);
    await end();
    const { nodes } = JSON.parse(told.at(-1) ?? '{}') as { nodes: { name: string }[] };
    expect(nodes.map(({ name }) => name)).toEqual(['ws-01', 'ws-02']);
  });
});
