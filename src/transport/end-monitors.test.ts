import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { target } from '../../test/support/monitor-link.ts';
import { endMonitors } from './end-monitors.ts';
import { createLocalTransport } from './local.ts';

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
