import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { createWorkFolder, type FleetSshd, fleet, requireFleet, runProgram } from './fleet.ts';
import { openTerminal } from './terminal.ts';

const PASSWORD = 'pa55-of-the-Fleet';
const WRONG = 'n0t-this-one';

/** A head, a terminal and nodes that want a password. */
describe.runIf(fleet)('passwords at the start', () => {
  let head: HeadProcess;
  let sshConfig = '';
  let work: ReturnType<typeof createWorkFolder>;
  const sshConfigWords = () => ['--ssh-config', sshConfig];
  const servers: FleetSshd[] = [];
  const nodes = ['n1', 'n2'];

  beforeAll(async () => {
    work = createWorkFolder();
    const { exec, startSshd, hostKey, sshConfigFile } = requireFleet();
    const { stdout } = await runProgram('openssl', ['passwd', '-6', PASSWORD]);
    const lines = [
      'PubkeyAuthentication no',
      'KbdInteractiveAuthentication yes',
      'UsePAM yes',
      'LogLevel VERBOSE',
    ];
    for (const node of [1, 2]) {
      await exec(node, `usermod -p '${stdout.trim()}' ops`);
      servers.push(await startSshd(node, 2601, lines));
    }
    const known = join(work.path, 'known');
    writeFileSync(
      known,
      [1, 2].map((node) => `[10.78.0.1${node}]:2601 ${hostKey(node, 'ed25519')}\n`).join(''),
    );
    const config = join(work.path, 'config');
    writeFileSync(
      config,
      `Host n1 n2\n  Port 2601\n  UserKnownHostsFile ${known}\nInclude ${sshConfigFile}\n`,
    );
    sshConfig = config;
    head = createHeadProcess(config);
    head.writeList(`${nodes.join('\n')}\n`);
  });
  afterAll(async () => {
    await head?.dispose();
    for (const sshd of servers) await sshd.stop();
    work?.remove();
  });

  const live = (name: string) =>
    expect.poll(async () => (await head.node(name))?.state, { timeout: 20_000, interval: 100 }).toBe('live');
  const failures = async () => {
    const logs = await Promise.all(servers.map((sshd) => sshd.log()));
    return logs.join('\n').match(/^Failed (password|keyboard-interactive)/gm)?.length ?? 0;
  };

  it('are said to be missing where nobody can be asked, with what to do', async () => {
    expect((await head.start()).code).toBe(0);
    await expect.poll(async () => (await head.node('n1'))?.cause, { timeout: 10_000 }).toBe('auth');
    const report = await head.node('n1');
    expect(report?.message).toContain('nobody has said the password of ops@n1 yet');
    expect(report?.hint).toContain('scripts/rollcall unlock');
    const { code, stderr } = await head.rollcall('unlock');
    expect(code).toBe(1);
    expect(stderr).toContain('password-file or askpass in rollcall.toml');
    expect(await failures()).toBe(0);
    // What is asked through the socket is asked nowhere else.
    expect((await head.get('/control/secrets')).status).toBe(404);
    await head.kill();
  });

  it('are asked for once for all nodes, without showing them; a wrong one again', async () => {
    const terminal = openTerminal(head.startWords);
    await terminal.awaitText('The password of ops (2 nodes: n[1-2]; Enter skips): ');
    terminal.type(`${WRONG}\n`);
    await terminal.awaitText('That was refused. The password of ops (2 nodes: n[1-2]; Enter skips): ');
    expect(await failures()).toBe(1);
    terminal.type(`${PASSWORD}x\u007f\n`);
    await terminal.awaitText('The page: ');
    expect(await terminal.ended).toBe(0);
    await Promise.all(nodes.map(live));
    expect(await failures()).toBe(1);
    expect(terminal.shown()).not.toContain(PASSWORD);
    expect(terminal.shown()).not.toContain(WRONG);
  });

  it('stand in no file, log, command line, environment or answer of the head', async () => {
    const places = `${head.folder} /tmp/monitor-n1.log /tmp/monitor-n2.log /proc/[0-9]*/cmdline /proc/[0-9]*/environ`;
    // The search's own command line must not hold it.
    const pattern = `${PASSWORD.slice(0, 5)}[${PASSWORD[5]}]${PASSWORD.slice(6)}`;
    const { stdout } = await runProgram('sh', ['-c', `grep -rlas -e '${pattern}' ${places}`]);
    expect(stdout).toBe('');
    const texts = await Promise.all(
      ['/api/v1/nodes', '/', '/api/v1/openapi.json'].map(async (path) => (await head.get(path)).text),
    );
    expect(texts.join()).not.toContain(PASSWORD);
    const status = await head.rollcall('status');
    expect(status.stdout).not.toContain(PASSWORD);
  });

  it('are asked for later by unlock; Enter skips', async () => {
    await head.kill();
    expect((await head.start()).code).toBe(0);
    await expect.poll(async () => (await head.node('n2'))?.cause, { timeout: 10_000 }).toBe('auth');
    const skipping = openTerminal(head.commandWords('unlock'));
    await skipping.awaitText('Enter skips): ');
    skipping.type('\n');
    expect(await skipping.ended).toBe(0);
    expect(skipping.shown()).toContain('No answer was given');
    const terminal = openTerminal(head.commandWords('unlock'));
    await terminal.awaitText('Enter skips): ');
    terminal.type(`${PASSWORD}\n`);
    expect(await terminal.ended).toBe(0);
    await Promise.all(nodes.map(live));
    expect(await failures()).toBe(1);
    await head.kill();
  });

  it('are asked for in the foreground too; Ctrl-C ends the head', async () => {
    const terminal = openTerminal([...head.startWords, '--foreground']);
    await terminal.awaitText('Enter skips): ');
    terminal.type(`${PASSWORD}\n`);
    await Promise.all(nodes.map(live));
    expect(terminal.shown()).not.toContain(PASSWORD);
    await head.kill();
    expect(await terminal.ended).toBe(0);
    const again = openTerminal([...head.startWords, '--foreground']);
    await again.awaitText('Enter skips): ');
    again.type('\u0003');
    expect(await again.ended).toBe(0);
    expect(await head.kill()).toMatchObject({ stdout: 'nothing is running\n' });
  });

  it('are asked for by a check of its own', async () => {
    const terminal = openTerminal([
      ...head.commandWords('check'),
      '--node-list',
      head.nodeList,
      ...sshConfigWords(),
    ]);
    await terminal.awaitText('The password of ops (2 nodes: n[1-2]; Enter skips): ');
    terminal.type(`${PASSWORD}\n`);
    expect(await terminal.ended).toBe(0);
    expect(terminal.shown()).toMatch(/2 live, 0 failed/);
    expect(terminal.shown()).not.toContain(PASSWORD);
    expect(await failures()).toBe(1);
  }, 90_000);

  it('come from an askpass program where one is set, and from a password file', async () => {
    const askpass = join(head.folder, 'askpass');
    writeFileSync(askpass, `#!/bin/sh\necho ${PASSWORD}\n`);
    chmodSync(askpass, 0o700);
    expect((await head.start('--askpass', askpass)).code).toBe(0);
    await Promise.all(nodes.map(live));
    await head.kill();
    const file = join(head.folder, 'passwords');
    writeFileSync(file, `ops@n? ${PASSWORD}\n`, { mode: 0o600 });
    expect((await head.start('--password-file', file)).code).toBe(0);
    await Promise.all(nodes.map(live));
    expect(readFileSync(join(head.folder, 'state', 'head.log'), 'utf8')).not.toContain(PASSWORD);
    await head.kill();
  });

  it('also reach nodes that go through the system’s ssh, whose reason is shown', async () => {
    const config = join(head.folder, 'rollcall.toml');
    writeFileSync(config, '[nodes."n2"]\ntransport = "openssh"\n');
    const file = join(head.folder, 'passwords');
    expect((await head.start('--password-file', file, '--config', config)).code).toBe(0);
    await Promise.all(nodes.map(live));
    expect(await head.node('n2')).toMatchObject({
      transport: 'openssh',
      transportReason: 'set for this node',
    });
    expect(await head.node('n1')).toMatchObject({ transport: 'ssh2', transportReason: null });
    const { stdout } = await head.rollcall('status');
    expect(stdout).toContain('n2: by openssh, because set for this node');
    expect((await head.rollcall('show', 'n2')).stdout).toContain("by system's ssh (set for this node)");
    const stopped = await head.kill();
    expect(stopped.stdout).toContain('n2: monitor ended');
  });
});
