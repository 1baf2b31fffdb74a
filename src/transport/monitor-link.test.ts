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
} from '../../test/support/monitor-link.ts';
import type { Message } from '../protocol/messages.ts';
import { createChildChannel } from './child-channel.ts';
import { type MonitorLinkOptions, openMonitor } from './monitor-link.ts';

const shells = ['sh', 'dash', 'bash', 'zsh', 'fish', 'tcsh', 'rbash'];
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
