import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from './fleet/fleet.ts';
import { createHeadProcess, type HeadProcess } from './head-process.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** The two commands of the README on this very machine, which needs no SSH server. */
describe('run_monitor.sh and kill_monitor.sh', () => {
  let head: HeadProcess;
  const name = 'localhost';
  beforeAll(() => {
    head = createHeadProcess(null);
    head.writeList(`# this machine\n${name}\n`);
  });
  afterAll(() => head.dispose());

  const problems = async () =>
    (JSON.parse((await head.rollcall('status', '--json')).stdout) as { problems: string[] }).problems;
  const live = () =>
    expect.poll(async () => (await head.node(name))?.state, { timeout: 15_000 }).toBe('live');

  it('shows this machine, live', async () => {
    const { code, stdout, stderr } = await head.start();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { url } = head.record();
    expect(stdout).toContain(`The page: ${url}`);
    expect(stdout).toContain(`ssh -N -L ${new URL(url).port}:127.0.0.1:${new URL(url).port}`);
    await live();
    const report = await head.node(name);
    expect(report).toMatchObject({ transport: 'local', cause: null });
    expect((await head.get('/', { accept: 'text/html' })).text).toContain('id="localhost"');
    expect((await head.get('/healthz')).status).toBe(200);
    expect((await head.get('/api/v1/nodes/nobody')).status).toBe(404);
    expect((await head.get('/', { host: 'evil.example' })).status).toBe(403);
  });

  it('replaces an earlier run with the same state folder', async () => {
    const before = head.record().pid;
    const monitor = (await head.node(name))?.hello?.pid;
    const { code, stdout } = await head.start();
    expect(code).toBe(0);
    expect(stdout).toContain(`stopped the head (pid ${before})`);
    expect(head.record().pid).not.toBe(before);
    await live();
    expect(existsSync(`/proc/${monitor}`)).toBe(false);
  });

  it('is left alone by a start that could not serve', async () => {
    const { pid } = head.record();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    for (const options of [
      ['--node-list', '/nowhere/list'],
      ['--port', String(port)],
      ['--host', '203.0.113.7', '--public', '--port', '17070'],
      ['--port', 'x'],
    ]) {
      const { code, stderr } = await head.start(...options);
      expect({ options, code }).toEqual({ options, code: 1 });
      if (options[1] !== 'x') expect(stderr).toContain(`(the head that runs, pid ${pid}, goes on)`);
      expect(head.record().pid).toBe(pid);
      expect((await head.node(name))?.state).toBe('live');
    }
    other.close();
  });

  it('of two starts at once one serves, and the other says so', async () => {
    const results = await Promise.all([head.start(), head.start()]);
    const codes = results.map(({ code }) => code).sort();
    const { pid } = head.record();
    expect((await head.get('/healthz')).status).toBe(200);
    if (codes[1] === 1) {
      const loser = results.find(({ code }) => code === 1);
      expect(loser?.stderr).toContain('with the state folder');
    }
    expect(codes[0]).toBe(0);
    await live();
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    expect(readdirSync(join(head.folder, 'state')).filter((file) => file.startsWith('lock'))).toEqual([
      'lock',
    ]);
  });

  it('takes settings of nodes over when it is told to, and says what is wrong with them', async () => {
    const { pid } = head.record();
    const toml = join(head.folder, 'rollcall.toml');
    writeFileSync(toml, '[nodes."local*"]\ntags = ["here"]\n[nodes."nobody*"]\ntags = ["x"]\n');
    process.kill(pid, 'SIGHUP');
    await expect.poll(async () => (await head.node(name))?.tags).toEqual(['here']);
    expect(await problems()).toEqual([`${toml}: [nodes."nobody*"] fits no node of the list`]);
    writeFileSync(toml, 'interval-seconds = "soon"\n');
    process.kill(pid, 'SIGHUP');
    await expect
      .poll(async () => (await problems())[0])
      .toBe(`the settings stay as they were: ${toml}:1: interval-seconds = "soon": must be a number`);
    expect((await head.node(name))?.tags).toEqual(['here']);
    writeFileSync(toml, 'handshakes = 5\n');
    process.kill(pid, 'SIGHUP');
    await expect.poll(problems).toEqual(['changed, and counts after a restart: handshakes']);
    writeFileSync(toml, '');
    process.kill(pid, 'SIGHUP');
    await expect.poll(problems).toEqual([]);
    expect(head.record().pid).toBe(pid);
    await live();
  });

  it('takes a changed settings file by itself, and tells what waits for a restart', async () => {
    const { pid } = head.record();
    const toml = join(head.folder, 'rollcall.toml');
    const tags = async () => (await head.node(name))?.tags;
    /** Beside the 3 s, a busy machine may need its time for the question. */
    const soon = { timeout: 10_000, interval: 100 };
    writeFileSync(toml, '[nodes."local*"]\ntags = ["saved"]\n');
    await expect.poll(tags, soon).toEqual(['saved']);
    writeFileSync(`${toml}.new`, '[nodes."local*"]\ntags = ["renamed"]\n');
    renameSync(`${toml}.new`, toml);
    await expect.poll(tags, soon).toEqual(['renamed']);

    writeFileSync(toml, '[nodes."local*"]\ntags = ["brok');
    await expect
      .poll(problems, soon)
      .toEqual([expect.stringMatching(/stay as they were: \S+:2: this is not TOML/)]);
    expect(await tags()).toEqual(['renamed']);
    rmSync(toml);
    await expect
      .poll(problems, soon)
      .toEqual([expect.stringContaining(`stay as they were: ${toml} cannot be read`)]);
    expect(await tags()).toEqual(['renamed']);

    writeFileSync(toml, 'handshakes = 5\n[nodes."local*"]\ntags = ["back"]\n');
    await expect.poll(tags, soon).toEqual(['back']);
    expect(await problems()).toEqual(['changed, and counts after a restart: handshakes']);
    const log = readFileSync(join(head.folder, 'state', 'head.log'), 'utf8');
    expect(log).toMatch(/the settings were read anew; changed: nodes\."local\*"\.tags\n/);
    expect(log).toContain('changed, and counts after a restart: handshakes\n');
    expect(log.split('\n').filter((line) => line !== '' && !/^\d{4}-\d\d-\d\dT[\d:.]+Z /.test(line))).toEqual(
      [],
    );

    const told = await head.rollcall('config', '--config', toml, '--port', '0');
    expect(told.stderr).toBe('');
    expect(told.stdout).toMatch(
      /^handshakes +5 +rollcall\.toml:1 +the head has 64 \(default\) until a restart$/m,
    );
    expect(told.stdout).toMatch(/^nodes\."local\*"\.tags +\["back"\] +rollcall\.toml:3$/m);
    expect(told.stdout).toMatch(/^node-list +"\S+" +default +the head has "\S+" \(--node-list\)$/m);
    expect(told.stdout).toContain(`The head that runs (pid ${pid}) has other values for 2 of them.\n`);
    const json = JSON.parse((await head.rollcall('config', '--config', toml, '--json')).stdout) as {
      head: number;
      differs: { name: string; waits: boolean }[];
    };
    expect(json.head).toBe(pid);
    expect(json.differs.map(({ name: differing, waits }) => [differing, waits])).toEqual([
      ['node-list', false],
      ['port', false],
      ['handshakes', true],
    ]);
    writeFileSync(toml, '');
    await expect.poll(problems, soon).toEqual([]);
    expect(head.record().pid).toBe(pid);
    await live();
  });

  it('does not disturb a head with another state folder', async () => {
    const other = createHeadProcess(null);
    try {
      other.writeList(name);
      expect((await other.start()).code).toBe(0);
      await live();
      expect((await other.kill()).code).toBe(0);
      expect((await head.node(name))?.state).toBe('live');
      const log = readFileSync((await head.node(name))?.logPath ?? '', 'utf8');
      expect(new Set(log.match(/ (?:head|monitor) [0-9a-f]{12} /g)).size).toBeGreaterThanOrEqual(4);
    } finally {
      await other.dispose();
    }
  });

  it('retries on demand only with the token', async () => {
    expect((await head.rollcall('retry', name)).stdout).toBe('localhost is live; nothing to try\n');
    expect((await head.rollcall('retry', 'nobody')).stderr).toContain('no node "nobody"');
  });

  it('unlock says that nobody waits for an answer', async () => {
    expect(await head.rollcall('unlock')).toEqual({
      code: 0,
      stdout: 'no node waits for an answer\n',
      stderr: '',
    });
  });

  it.each([
    [['--port', 'x'], /^rollcall: --port x: not a port \(0 to 65535\)\n$/],
    [['--host', '0.0.0.0'], /add --public/],
    [['--nonsense'], /^rollcall: unknown option --nonsense\. See: \S+ start --help\n$/],
    [['--nod-list', 'x'], /unknown option --nod-list; did you mean --node-list\?/],
    [['--node-list', '/nowhere/list'], /cannot be read: there is no such file/],
    [['--config', '/nowhere/toml'], /toml cannot be read: there is no such file\n$/],
  ])('refuses %j with a reason and returns 1', async (options, reason) => {
    const broken = createHeadProcess(null);
    try {
      broken.writeList(name);
      const { code, stderr } = await broken.start(...options);
      expect(code).toBe(1);
      expect(stderr).toMatch(reason);
      expect(existsSync(join(broken.folder, 'state', 'head.json'))).toBe(false);
    } finally {
      await broken.dispose();
    }
  });

  it('says who holds a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const broken = createHeadProcess(null);
    try {
      broken.writeList(name);
      const { code, stderr } = await broken.start('--port', String(port));
      expect(code).toBe(1);
      expect(stderr).toContain(`port ${port} on 127.0.0.1 is taken by pid ${process.pid}`);
    } finally {
      server.close();
      await broken.dispose();
    }
  });

  it('refuses a list without a good line', async () => {
    const broken = createHeadProcess(null);
    try {
      broken.writeList('-bad\n');
      expect((await broken.start()).stderr).toContain('names no node');
    } finally {
      await broken.dispose();
    }
  });

  it('says how many file descriptors are too few', async () => {
    const limited = ['-c', 'ulimit -n 100; exec "$0"', `${root}/scripts/run_monitor.sh`];
    const { code, stderr } = await runProgram('bash', limited);
    expect(code).toBe(1);
    expect(stderr).toMatch(/allows 100 file descriptors, and the head needs 128 .* ulimit -n 1024/);
  });

  it('stops everything, also twice, also after kill -9', async () => {
    const { pid } = head.record();
    const monitor = (await head.node(name))?.hello?.pid;
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => existsSync(`/proc/${monitor}`), { timeout: 3_000 }).toBe(false);
    const first = await head.kill();
    expect(first.code).toBe(0);
    expect(first.stdout).toContain('localhost: no monitor left');
    expect(await head.kill()).toMatchObject({ code: 0, stdout: 'nothing is running\n' });
  });

  it('--demo shows 12 nodes and 60 GPUs, marked as a demo', async () => {
    expect((await head.start('--demo')).code).toBe(0);
    const nodes = await head.nodes();
    expect(nodes).toHaveLength(12);
    expect(nodes.flatMap((node) => node.hello?.gpus ?? [])).toHaveLength(60);
    expect((await head.get('/', { accept: 'text/html' })).text).toMatch(/demo/i);
    const { code, stdout } = await head.kill();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^12 simulated nodes: nothing to end\nstopped the head \(pid \d+\)\n$/);
  });

  it('reach the head that runs whatever became of its settings', async () => {
    const place = mkdtempSync(join(tmpdir(), 'rollcall-astray-'));
    const toml = join(place, 'rollcall.toml');
    const usual = join(place, 'rollcall', hostname());
    const run = (script: string, ...words: string[]) =>
      runProgram('env', [
        `XDG_STATE_HOME=${place}`,
        join(root, 'scripts', script),
        ...words,
        '--config',
        toml,
      ]);
    try {
      writeFileSync(join(place, 'nodes'), `${name}\n`);
      writeFileSync(toml, 'node-list = "nodes"\nport = 0\n');
      expect((await run('run_monitor.sh')).code).toBe(0);
      const { pid } = JSON.parse(readFileSync(join(usual, 'head.json'), 'utf8')) as { pid: number };
      writeFileSync(toml, 'state-dir = "elsewhere"\nnode-list = "nodes"\n');
      const earlier = `an earlier head (pid ${pid}) runs with ${usual}; stop it with --state-dir: `;
      expect((await run('rollcall', 'status')).stderr).toContain(earlier);
      const missed = await run('kill_monitor.sh');
      expect(missed.stdout).toMatch(/^nothing is running\n/);
      expect(missed.stdout).toContain(`${earlier}scripts/kill_monitor.sh --state-dir ${usual}`);
      writeFileSync(toml, 'node-list = "~/nodes.txt\n');
      for (const words of [['status'], ['gpus'], ['retry', '--all'], ['check']]) {
        const { code, stdout, stderr } = await run('rollcall', ...words);
        // The tools for GPUs are stand-ins here, and a check says that they are broken.
        if (words[0] === 'check') expect(stdout).toMatch(/^localhost\n +ok +login/);
        else expect({ words, code }).toEqual({ words, code: 0 });
        expect(stderr).toMatch(/^rollcall: \S+rollcall\.toml:1: this is not TOML: .*\n/);
      }
      expect(await run('rollcall', 'config')).toMatchObject({ code: 1, stdout: '' });
      rmSync(toml);
      const { code, stdout, stderr } = await run('kill_monitor.sh');
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: `rollcall: ${toml} cannot be read: there is no such file\n`,
      });
      expect(stdout).toContain(`stopped the head (pid ${pid})`);
    } finally {
      await runProgram(join(root, 'scripts', 'kill_monitor.sh'), ['--state-dir', usual]);
      rmSync(place, { recursive: true, force: true });
    }
  });
});
