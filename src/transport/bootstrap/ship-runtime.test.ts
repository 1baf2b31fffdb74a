import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failureOf, options, shellTransport } from '../../../test/support/monitor-link.ts';
import { createChildChannel } from '../child-channel.ts';
import type { Transport } from '../transport.ts';
import { openMonitor } from './monitor-link.ts';
import { createRuntimeStore, type RuntimeStore } from './runtimes.ts';

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
        command: given.command
          .replaceAll(/ \/(usr|opt)\/[^ ;]*node(js)?\b/g, '')
          .replace('for p in /usr/bin /bin /usr/sbin /sbin;', 'for p in;'),
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

  it('is made ready anew where somebody has removed it', async () => {
    const cacheFolder = join(folder, 'cache-removed');
    const execPath = join(folder, 'small-runtime');
    writeFileSync(execPath, '#!/bin/sh\necho v20.0.0\n', { mode: 0o755 });
    const store = createRuntimeStore({
      execPath,
      architecture: 'x64',
      platform: 'linux',
      projectFolder: folder,
      cacheFolder,
    });
    const first = await store.forMachine('x86_64');
    expect(existsSync(first?.gzipPath ?? '')).toBe(true);
    rmSync(cacheFolder, { recursive: true });
    const again = await Promise.all([store.forMachine('x86_64'), store.forMachine('x86_64')]);
    expect(again).toEqual([first, first]);
    expect(existsSync(first?.gzipPath ?? '')).toBe(true);
  });

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
