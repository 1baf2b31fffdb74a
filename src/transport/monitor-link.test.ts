import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultNodeSettings } from '../nodes/node-settings.ts';
import type { Message } from '../protocol/messages.ts';
import {
  bootstrapCommand,
  parseMark,
  restrictedBootstrapCommand,
  startLine,
  uploadLine,
} from './bootstrap.ts';
import { createChildChannel } from './child-channel.ts';
import { endMonitors, endMonitorsCommand } from './end-monitors.ts';
import { createLocalTransport } from './local.ts';
import { createMessageMeter } from './message-meter.ts';
import type { MonitorBundle } from './monitor-bundle.ts';
import { type MonitorLinkOptions, openMonitor } from './monitor-link.ts';
import { createRuntimeStore, type RuntimeStore } from './runtimes.ts';
import { type Transport, TransportError } from './transport.ts';

const target = {
  name: 'test-node',
  host: 'test-node',
  user: null,
  port: null,
  local: false,
  settings: defaultNodeSettings,
};
const way = { node: 'test-node', sshWords: ['ssh', 'test-node'], host: 'test-node', port: 22 };
const shells = ['sh', 'dash', 'bash', 'zsh', 'fish', 'tcsh', 'rbash'];
const hasProgram = (name: string) =>
  ['/bin', '/usr/bin', '/usr/local/bin'].some((folder) => existsSync(join(folder, name)));

/** What a login shell on a node does with the command, without the network. */
function shellTransport(shell: string, environment: NodeJS.ProcessEnv): Transport {
  return {
    name: 'local',
    open: async (_target, { command, signal }) =>
      createChildChannel(spawn(shell, ['-c', command], { stdio: 'pipe', env: environment }), signal),
    dispose: () => undefined,
  };
}

/** A monitor that speaks the protocol and leaves at the end of stdin. */
function bundleOf(source: string): MonitorBundle {
  const gzip = gzipSync(source);
  return { build: 'test', gzip, gzipSha256: createHash('sha256').update(gzip).digest('hex') };
}
const HELLO = `const [build, nonce, interval, title, node, head] = process.argv.slice(-6);
  process.stdin.on('data', (d) => String(d).includes('stop') && (console.log(JSON.stringify({type:'bye',reason:'the head said stop'})), setTimeout(() => process.exit(0), 50))).on('end', () => process.exit(0));
  const say = (m) => console.log(JSON.stringify(m));
  const hello = {type:'hello',protocol:1,build,nonce,pid:process.pid,hostname:node,os:head,kernel:interval,runtime:process.version,gpus:null};`;
const good = bundleOf(`${HELLO} say(hello);`);

const noRuntimes: RuntimeStore = { forMachine: () => Promise.resolve(null) };

function options(transport: Transport, more: Partial<MonitorLinkOptions> = {}): MonitorLinkOptions {
  return {
    transport,
    target,
    way,
    monitor: good,
    runtimes: noRuntimes,
    headId: 'head-t',
    intervalMs: 1000,
    signal: new AbortController().signal,
    onMessage: () => undefined,
    stageLimitMs: 8_000,
    ...more,
  };
}

const failureOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => {
      throw new Error('it worked');
    },
    (error: unknown) => {
      if (error instanceof TransportError) return error.failure;
      throw error;
    },
  );

describe('texts for a login shell', () => {
  it('hold nothing that a shell would take for its own', () => {
    for (const command of [bootstrapCommand('abc', null), endMonitorsCommand('n[1]:22', 'head')]) {
      const inside = /^exec \/bin\/sh -c '(.*)'$/s.exec(command)?.[1] ?? '';
      expect(inside).not.toBe('');
      expect(inside).not.toMatch(/['!\n]|\\\\/);
    }
    expect(bootstrapCommand('abc', '/opt/node-20/bin/node')).toContain(
      'for f in /opt/node-20/bin/node node ',
    );
    expect(restrictedBootstrapCommand('abc', null).startsWith("sh -c '")).toBe(true);
    expect(bootstrapCommand('abc', null).length).toBeLessThan(4_000);
  });

  it('do not hold their own mark: an echoed command is not taken for it', () => {
    expect(parseMark(bootstrapCommand('abc', null), 'abc')).toBeNull();
    expect(parseMark('noise: rollcall-abc Linux x86_64 1000 /opt/my node/bin/node', 'abc')).toEqual({
      system: 'Linux',
      machine: 'x86_64',
      uid: '1000',
      runtime: '/opt/my node/bin/node',
    });
    expect(parseMark('rollcall-abc Linux x86_64 1000 ', 'abc')?.runtime).toBeNull();
    expect(parseMark('rollcall-abd Linux x86_64 1000 ', 'abc')).toBeNull();
  });

  it('are one line each, whatever the node is called', () => {
    const start = { payloadBytes: 1, payloadSha256: 'x', build: 'b', nonce: 'n', intervalMs: 1, headId: 'h' };
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('\n')),
        (node) => {
          expect(
            startLine({ ...start, node })
              .trimEnd()
              .split('\n'),
          ).toHaveLength(1);
        },
      ),
    );
    const upload = uploadLine({ nonce: 'n', name: 'node-x', gzipBytes: 1, rawBytes: 1, rawSha256: 'x' });
    expect(upload.trimEnd().split('\n')).toHaveLength(1);
    expect(() => execFileSync('/bin/sh', ['-n', '-c', upload])).not.toThrow();
  });
});

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
    const failure = await failureOf(
      openMonitor(options(local, { monitor: { ...good, gzipSha256: 'f'.repeat(64) } })),
    );
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
  ])('with %s gets its cause', async (_name, script, cause) => {
    expect((await attempt(script)).cause).toBe(cause);
  });
});

describe('shipping a runtime', () => {
  let folder = '';
  let runtimes: RuntimeStore;
  const programs = [
    'sh',
    'id',
    'uname',
    'ls',
    'mkdir',
    'chmod',
    'df',
    'tail',
    'sed',
    'rm',
    'mv',
    'head',
    'gunzip',
    'gzip',
    'sha256sum',
    'find',
    'sleep',
    'mktemp',
    'echo',
  ];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ship-'));
    mkdirSync(join(folder, 'bin'));
    for (const name of programs) {
      const path = ['/usr/bin', '/bin'].map((place) => join(place, name)).find(existsSync);
      if (path) symlinkSync(path, join(folder, 'bin', name));
    }
    runtimes = createRuntimeStore({
      execPath: process.execPath,
      architecture: process.arch,
      platform: process.platform,
      projectFolder: folder,
      cacheFolder: join(folder, 'cache'),
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(folder, 'home-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  /** A shell without Node.js: the usual places are hidden by a `sh` whose `[ -f` finds only our folders. */
  const bare = () => {
    const transport = shellTransport('/bin/sh', { PATH: join(folder, 'bin'), HOME: home });
    const open: Transport['open'] = (to, given) =>
      transport.open(to, {
        ...given,
        command: given.command.replaceAll(/ \/(usr|opt)\/[^ ;]*node(js)?\b/g, ''),
      });
    return { ...transport, open };
  };
  const cached = () => readdirSync(join(home, '.cache', 'rollcall'));

  it('puts it once into the cache, leaves nothing else, and finds it again', async () => {
    const stages: string[] = [];
    const first = await openMonitor(
      options(bare(), { runtimes, onStage: (stage, fact) => stages.push(`${stage} ${fact}`) }),
    );
    expect(stages).toContain('runtime shipped by the head');
    first.send({ type: 'stop' });
    await first.ended;
    expect(cached()).toHaveLength(1);
    const second = await openMonitor(
      options(bare(), { onStage: (stage, fact) => stages.push(`${stage} ${fact}`) }),
    );
    second.close();
    await second.ended;
    expect(stages.at(-2)).toMatch(/^runtime .*\.cache\/rollcall\/node-/);
  }, 60_000);

  it('uploads once for several logins with one home', async () => {
    const links = await Promise.all([1, 2, 3].map(() => openMonitor(options(bare(), { runtimes }))));
    expect(cached()).toHaveLength(1);
    for (const link of links) link.close();
    await Promise.all(links.map((link) => link.ended));
  }, 60_000);

  it('steals a lock that nobody holds any more', async () => {
    const runtime = await runtimes.forMachine('x86_64');
    const lock = join(home, '.cache', 'rollcall', `${runtime?.name}.lock`);
    mkdirSync(lock, { recursive: true });
    execFileSync('touch', ['-d', '5 minutes ago', lock]);
    const link = await openMonitor(options(bare(), { runtimes }));
    link.close();
    await link.ended;
    expect(cached()).toEqual([runtime?.name]);
  }, 60_000);

  it('says so when the head has none, and when it does not start', async () => {
    expect((await failureOf(openMonitor(options(bare())))).cause).toBe('no-runtime');
    const broken = join(folder, 'broken');
    writeFileSync(
      broken,
      '#!/bin/sh\necho "node: /lib/libc.so.6: version GLIBC_2.28 not found" >&2\nexit 1\n',
      { mode: 0o755 },
    );
    const store = createRuntimeStore({
      execPath: broken,
      architecture: process.arch,
      platform: process.platform,
      projectFolder: folder,
      cacheFolder: join(folder, 'cache-2'),
    });
    const failure = await failureOf(openMonitor(options(bare(), { runtimes: store })));
    expect(failure.cause).toBe('libc');
    expect(failure.message).toContain('GLIBC_2.28');
    expect(cached()).toEqual([]);
  }, 60_000);
});

describe('an upload to a node that does not play along', () => {
  const runtime = { name: 'node-x', gzipPath: process.execPath, gzipBytes: 1, rawBytes: 1, rawSha256: 'x' };
  const runtimes: RuntimeStore = { forMachine: () => Promise.resolve(runtime) };
  const attempt = (script: string) =>
    failureOf(
      openMonitor(
        options(
          {
            name: 'local',
            open: async (_target, { command, signal }) => {
              const nonce = /call-([0-9a-f]+)/.exec(command)?.[1];
              const say = `say() { echo "rollcall-${nonce} $*"; }; say Linux x86_64 0; read -r l;`;
              return createChildChannel(
                spawn('/bin/sh', ['-c', `${say} ${script}`], { stdio: 'pipe' }),
                signal,
              );
            },
            dispose: () => undefined,
          },
          { runtimes, uploadStallMs: 700 },
        ),
      ),
    );

  it('gives up where nothing is read', async () => {
    const failure = await attempt('say send; exec sleep 60');
    expect(failure).toMatchObject({ cause: 'timeout' });
    expect(failure.message).toContain('bringing a runtime to the node');
  });

  it('sends nothing twice', async () => {
    const failure = await attempt(
      'say send; exec 3<&0; cat <&3 >/dev/null & while :; do say send; sleep 0.1; done',
    );
    expect(failure).toMatchObject({ cause: 'protocol' });
    expect(failure.message).toContain('asked for the runtime twice');
  });

  it('does not wait for ever', async () => {
    expect(await attempt('while :; do say wait; done')).toMatchObject({ cause: 'timeout' });
  });

  it('hears the reason that was said while it still sent', async () => {
    const failure = await attempt('say send; say fail write /home/ann; sleep 0.3; exit 1');
    expect(failure).toMatchObject({ cause: 'no-space' });
    expect(failure.message).toContain('/home/ann');
  });
});

describe('endMonitors', () => {
  it('ends those of this node and head and no others', async () => {
    const start = (node: string, head: string) =>
      spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)', 'rollcall-monitor', node, head], {
        stdio: 'ignore',
      });
    const mine = start('end-me', 'head-e');
    const other = start('end-me', 'head-f');
    await expect.poll(() => readFileSync(`/proc/${mine.pid}/cmdline`, 'utf8')).toContain('rollcall-monitor');
    const named = { ...target, name: 'end-me' };
    const local = createLocalTransport(process.env);
    expect(await endMonitors(local, named, 'head-e', AbortSignal.timeout(5_000))).toBe(1);
    expect(await endMonitors(local, named, 'head-e', AbortSignal.timeout(5_000))).toBe(0);
    expect(other.exitCode ?? other.signalCode).toBeNull();
    other.kill('SIGKILL');
  });
});

describe('message meter', () => {
  it('lets a healthy monitor and a burst through, and stops a flood', () => {
    let nowMs = 0;
    const meter = createMessageMeter(() => nowMs);
    for (let second = 0; second < 100; second++) {
      nowMs += 1_000;
      expect(meter.count(10_000)).toBeNull();
    }
    for (let message = 0; message < 300; message++) expect(meter.count(1_000)).toBeNull();
    const flood = Array.from({ length: 1_000 }, () => meter.count(100));
    expect(flood.at(-1)).toContain('messages a second');
  });
});
