import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createFailure } from '../report/failures.ts';
import { headLimitOf } from './head-limits.ts';
import { toStepError } from './ssh-step-error.ts';

const errorOf = (message: string, more: object) => Object.assign(new Error(message), more);
const way = { node: 'n1', sshWords: ['ssh', 'n1'], host: 'n1', port: 22 };

describe('limits of the head', () => {
  it.each([
    ['connect EMFILE 10.0.0.1:22', { code: 'EMFILE', syscall: 'connect' }, 'files'],
    ['ENFILE: file table overflow, open', { code: 'ENFILE', syscall: 'open' }, 'all-files'],
    ['spawn /bin/sh EAGAIN', { code: 'EAGAIN', syscall: 'spawn /bin/sh' }, 'processes'],
  ])('%s', (message, more, what) => {
    expect(headLimitOf(errorOf(message, more))).toMatchObject({ cause: 'head-limit', what, detail: message });
    expect(toStepError(errorOf(message, more)).detail.cause).toBe('head-limit');
  });

  it('are none of other errors, which are told as mistakes of the head', () => {
    expect(headLimitOf(errorOf('read EAGAIN', { code: 'EAGAIN', syscall: 'read' }))).toBeNull();
    expect(headLimitOf('EMFILE')).toBeNull();
    const failure = createFailure(way, toStepError(new Error('no such thing')).detail);
    expect(failure).toMatchObject({ cause: 'head-error', message: expect.stringContaining('no such thing') });
  });

  it('are told by a process that really has no descriptor left', async () => {
    const script = `
      import { openSync } from 'node:fs';
      import { createLocalTransport } from ${JSON.stringify(new URL('./local.ts', import.meta.url).href)};
      const target = { name: 'localhost', host: 'localhost', user: null, port: null, local: true };
      const transport = createLocalTransport(process.env);
      try { for (;;) openSync('/dev/null', 'r'); } catch {}
      await transport.open(target, { command: 'true', signal: new AbortController().signal }).catch((error) => {
        process.stdout.write(JSON.stringify(error.failure));
      });
      process.exit(0);`;
    const words = ['-c', 'ulimit -n 128; exec "$@"', 'sh', process.execPath, '--import', 'tsx'];
    const child = spawn('/bin/sh', [...words, '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await new Promise((resolve) => child.once('close', resolve));
    expect(JSON.parse(said)).toMatchObject({
      cause: 'head-limit',
      message: expect.stringContaining('(limit 128)'),
      hint: expect.stringContaining('LimitNOFILE'),
    });
  });
});
