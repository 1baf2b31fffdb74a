import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  bundleOf,
  failureOf,
  good,
  HELLO,
  options,
  shellTransport,
  target,
} from '../../../test/support/monitor-link.ts';
import type { Message } from '../../protocol/messages.ts';
import { createChildChannel } from '../child-channel.ts';
import type { MonitorBundle } from './monitor-bundle.ts';
import { type MonitorLinkOptions, openMonitor } from './monitor-link.ts';

const shells = ['sh', 'dash', 'bash', 'zsh', 'fish', 'tcsh', 'rbash', 'ksh', 'mksh', 'yash', 'sash'];
const hasProgram = (name: string) =>
  ['/bin', '/usr/bin', '/usr/local/bin'].some((folder) => existsSync(join(folder, name)));

describe.each(shells.filter(hasProgram))('through %s', (shell) => {
  it('says hello, takes commands and leaves', async () => {
    const messages: Message[] = [];
    const link = await openMonitor(
      options(shellTransport(shell, process.env), { onMessage: (message) => messages.push(message) }),
    );
    expect(link.hello).toMatchObject({ hostname: 'test-node', os: 'head-t', kernel: '1000' });
    link.send({ type: 'stop' });
    expect(await link.ended).toBeNull();
    expect(messages.map((message) => message.type)).toEqual(['hello', 'bye']);
  });
});

describe('a monitor', () => {
  const local = shellTransport('/bin/sh', process.env);
  const open = (monitor: string, more: Partial<MonitorLinkOptions> = {}) =>
    openMonitor(options(local, { monitor: bundleOf(monitor), ...more }));

  it('that crashes before hello tells its last words', async () => {
    const failure = await failureOf(open('throw new Error("no good");'));
    expect(failure.cause).toBe('monitor-crashed');
    expect(failure.lastLines.join('\n')).toContain('no good');
  });

  it.each([
    ['a wrong nonce', `${HELLO} say({...hello, nonce: 'x'});`],
    ['another protocol version', `${HELLO} say({...hello, protocol: 2});`],
    ['a wrong shape', `${HELLO} say({...hello, pid: 'x'});`],
    ['a line without end', `const s = () => process.stdout.write('x'.repeat(65536), s); s();`],
    ['endless noise', `const s = () => process.stdout.write('noise\\n'.repeat(8192), s); s();`],
  ])('with %s is refused', async (_name, source) => {
    expect((await failureOf(open(source))).cause).toBe('protocol');
  });

  it.each([
    ['rubbish', `say('not a message');`],
    ['a second hello', `say(hello);`],
    ['deep JSON', `console.log('['.repeat(200000));`],
    ['invalid UTF-8', `process.stdout.write(Buffer.from([0xff, 0xfe, 10]));`],
    [
      'a flood',
      `const s = () => process.stdout.write(JSON.stringify({type:'facts'}).concat('\\n').repeat(1000), s); s();`,
    ],
  ])('that sends %s after hello loses its channel with a cause', async (_name, source) => {
    const link = await open(`${HELLO} say(hello); ${source}`);
    expect((await link.ended)?.cause).toBe('protocol');
  });

  it('that says nothing is given up after the limit', async () => {
    const failure = await failureOf(open('setInterval(() => 0, 1000)', { stageLimitMs: 400 }));
    expect(failure).toMatchObject({ cause: 'timeout' });
    expect(failure.message).toContain("the monitor's first message");
  });

  it('that arrives damaged does not run', async () => {
    const gzip = Buffer.from(good.gzip);
    // Its checksum.
    const at = gzip.length - 8;
    gzip.writeUInt8(255 - gzip.readUInt8(at), at);
    const failure = await failureOf(openMonitor(options(local, { monitor: { ...good, gzip } })));
    expect(failure.lastLines.join()).toContain('arrived damaged');
  });

  it('ends when the attempt is given up', async () => {
    const abort = new AbortController();
    const link = await openMonitor(options(local, { signal: abort.signal }));
    abort.abort();
    await link.ended;
    await expect.poll(() => existsSync(`/proc/${link.hello.pid}`), { timeout: 3_000 }).toBe(false);
  });
});

describe('a login', () => {
  const attempt = (script: string) =>
    failureOf(
      openMonitor(
        options(
          {
            name: 'local',
            open: async (_target, { signal }) =>
              createChildChannel(spawn('/bin/sh', ['-c', script], { stdio: 'pipe' }), signal),
            dispose: () => undefined,
          },
          { stageLimitMs: 500 },
        ),
      ),
    );

  it.each([
    ['nologin', 'echo "This account is currently not available."; exit 1', 'no-shell'],
    ['sftp only', 'echo "This service allows sftp connections only."; exit 1', 'forced-command'],
    ['a forced command that ends', 'echo 42 GPUs; exit 0', 'forced-command'],
    ['a forced command that stays', 'echo menu; exec sleep 60', 'forced-command'],
    ['a silent one', 'exec sleep 60', 'timeout'],
    ['no shell at all', 'exit 127', 'no-shell'],
    [
      'an expired password',
      'echo "WARNING: Your password has expired." >&2; echo "Password change required but no TTY available." >&2; exit 1',
      'password-expired',
    ],
    [
      'an expired account',
      'echo "Your account has expired; please contact your system administrator" >&2; exit 1',
      'account-refused',
    ],
    ['/etc/nologin', 'echo "The cluster is closed until Monday." >&2; exit 254', 'account-refused'],
    [
      'a node that starts up',
      'echo "System is booting up. Unprivileged users are not permitted to log in yet." >&2; exit 1',
      'account-refused',
    ],
    [
      'a node of other jobs',
      'echo "Access denied: user ann (uid=1) has no active jobs on this node." >&2; exit 1',
      'account-refused',
    ],
    ['too many logins', 'echo "There were too many logins for \'ann\'." >&2; exit 1', 'session-limit'],
    [
      'no more processes',
      'echo "bash: fork: retry: Resource temporarily unavailable" >&2; exit 254',
      'node-limit',
    ],
    ['a dash without processes', 'echo "sh: 1: Cannot fork" >&2; exit 2', 'node-limit'],
    ['git-shell', 'echo "fatal: unrecognized command" >&2; exit 128', 'no-shell'],
    [
      'cat',
      'echo "cat: invalid option -- \'c\'" >&2; echo "Try \'cat --help\' for more information." >&2; exit 1',
      'no-shell',
    ],
    ['python', 'echo "SyntaxError: invalid syntax" >&2; exit 1', 'no-shell'],
    [
      'a home that is not there',
      'echo "Could not chdir to home directory /home/x: No such file or directory" >&2; echo "ouch" >&2; exit 3',
      'login-ended',
    ],
    ['words that nobody knows', 'echo "the lab is being moved" >&2; exit 4', 'login-ended'],
  ])('with %s gets its cause', async (_name, script, cause) => {
    expect((await attempt(script)).cause).toBe(cause);
  });

  it('that is silent is no matter of firewalls', async () => {
    const { message, hint } = await attempt('exec sleep 60');
    expect(message).toContain('let us in and did not run our command');
    expect(hint).not.toContain('firewall');
  });

  it('that quotes our command has the rest of its words told', async () => {
    const failure = await failureOf(
      openMonitor(
        options({
          name: 'local',
          open: async (_target, { signal, command }) =>
            createChildChannel(
              spawn(
                '/bin/sh',
                ['-c', 'printf "fatal: unrecognized command %s\\n" "$1" >&2; exit 128', 'sh', `'${command}'`],
                {
                  stdio: 'pipe',
                },
              ),
              signal,
            ),
          dispose: () => undefined,
        }),
      ),
    );
    expect(failure.cause).toBe('no-shell');
    expect(failure.message).toContain("fatal: unrecognized command '[our command]'");
    expect([failure.message, ...failure.lastLines].join('\n')).not.toContain('NODE_OPTIONS');
  });

  it('whose channel knows where it leads names that place', async () => {
    const transport = {
      name: 'local' as const,
      open: async (_target: unknown, { signal }: { signal: AbortSignal }) => ({
        ...createChildChannel(spawn('/bin/sh', ['-c', 'exec sleep 60'], { stdio: 'pipe' }), signal),
        way: { node: 'test-node', sshWords: ['ssh', 'test-node'], host: '127.0.0.1', port: 2457 },
      }),
      dispose: () => undefined,
    };
    const failure = await failureOf(openMonitor(options(transport, { stageLimitMs: 300 })));
    expect(failure.message).toContain('127.0.0.1 port 2457');
  });

  it('has the time that its channel gives it', async () => {
    const { stageLimitMs: _, ...rest } = options({
      name: 'local',
      open: async (_target, { signal }) => ({
        ...createChildChannel(spawn('/bin/sh', ['-c', 'exec sleep 60'], { stdio: 'pipe' }), signal),
        stageMs: 250,
      }),
      dispose: () => undefined,
    });
    expect((await failureOf(openMonitor(rest))).message).toContain('within 0.3 s');
  });

  it.each([
    ['/opt/none', 'a PATH without the usual folders'],
    ['', 'an empty PATH'],
  ])('with PATH=%s finds what it needs (%s)', async (path) => {
    const stages: string[] = [];
    const link = await openMonitor(
      options(shellTransport('/bin/sh', { PATH: path, HOME: '/nonexistent' }), {
        onStage: (stage, fact) => stages.push(`${stage}: ${fact}`),
        target: { ...target, settings: { ...target.settings, runtime: process.execPath } },
      }),
    );
    expect(stages[0]).toMatch(/^shell: Linux \S+$/);
    link.send({ type: 'stop' });
    expect(await link.ended).toBeNull();
  });
});

describe('the helper for NVML', () => {
  const kit = Buffer.from('kit of\nthree lines\n');
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
  const other = architecture === 'x64' ? 'arm64' : 'x64';
  /** Says hello, then everything that has come on stdin within a moment after the first bytes. */
  const echo = (nvmlFor: string | null) => `const [build, nonce] = process.argv.slice(-6);
    let heard = Buffer.alloc(0);
    const say = (m) => console.log(JSON.stringify(m));
    process.stdin.on('data', (d) => { heard = Buffer.concat([heard, d]); }).on('end', () => process.exit(0));
    const done = () => heard.includes('lines\\n') || heard.includes('reason') || heard.includes('beat');
    const wait = () => (done() ? say({ type: 'bye', reason: heard.toString() }) : setTimeout(wait, 5));
    const before = () => (${nvmlFor === null} || heard.length > 0 || Date.now() > until ? greet() : setTimeout(before, 5));
    const until = Date.now() + 300;
    const greet = () => {
      say({ type: 'hello', protocol: 1, build, nonce, pid: process.pid, hostname: 'n', os: 'o', kernel: 'k',
        runtime: process.version, gpus: null, nvmlFor: ${JSON.stringify(nvmlFor)}, notes: [heard.length > 0 ? 'kit first' : 'hello first'] });
      wait();
    };
    before();`;

  /** A node with the kernel module, or without. */
  const node = (hasDriver: boolean): MonitorLinkOptions['transport'] => ({
    ...shellTransport('/bin/sh', process.env),
    open: async (_target, { command, signal }) => {
      const here = command.replace('/proc/driver/nvidia', hasDriver ? '/proc/self' : '/none');
      return createChildChannel(spawn('/bin/sh', ['-c', here], { stdio: 'pipe' }), signal);
    },
  });

  async function heardBy(monitor: string, hasDriver: boolean, kits: Partial<MonitorBundle['nvmlKits']>) {
    const said: Message[] = [];
    const bundle = { ...bundleOf(monitor), nvmlKits: { x64: null, arm64: null, ...kits } };
    const onMessage = (message: Message) => said.push(message);
    const link = await openMonitor(options(node(hasDriver), { monitor: bundle, onMessage }));
    link.send({ type: 'beat', acknowledged: 0 });
    await expect.poll(() => said.find(({ type }) => type === 'bye')).toBeDefined();
    link.close();
    const bye = said.find((message) => message.type === 'bye');
    return { note: link.hello.notes[0], heard: bye?.type === 'bye' ? bye.reason : '' };
  }

  const announced = `{"type":"nvml-kit","bytes":${kit.length}}\n${kit}`;

  it('comes with the monitor where the driver is loaded', async () => {
    const { note, heard } = await heardBy(echo(architecture), true, { [architecture]: kit });
    expect(note).toBe('kit first');
    expect(heard).toBe(announced);
  });

  it('comes when the hello asks for it where that is not seen beforehand', async () => {
    const { note, heard } = await heardBy(echo(architecture), false, { [architecture]: kit });
    expect(note).toBe('hello first');
    expect(heard.startsWith(announced)).toBe(true);
  });

  it('is told to be missing with the reason, and does not come where nobody asks for it', async () => {
    const missing = await heardBy(echo(architecture), true, { [other]: kit });
    expect(missing.heard).toMatch(/^{"type":"nvml-kit","bytes":null,"reason":"the head has no helper for/);
    const { heard } = await heardBy(echo(null), false, { [architecture]: kit });
    expect(heard).toBe('{"type":"beat","acknowledged":0}\n');
  });
});
