import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecentFigures } from '../../src/report/series.ts';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { type FleetSshd, fleet, requireFleet } from './fleet.ts';

/** A fleet that is shared out over threads behaves as one that is not. */
describe.runIf(fleet)('a fleet on several threads', () => {
  let head: HeadProcess;
  let keyboard: FleetSshd;
  const users = ['ops', 'dash', 'zsh', 'fish', 'tcsh', 'rbash'].map((user) => `${user}@n1`);

  beforeAll(async () => {
    const nodes = requireFleet();
    keyboard = await nodes.startSshd(2, 2260, ['PasswordAuthentication yes', 'PubkeyAuthentication no']);
    head = createHeadProcess(nodes.sshConfigFile);
    const config = join(head.folder, 'rollcall.toml');
    writeFileSync(
      config,
      'threads = 2\ninterval-seconds = 2\n[nodes."n3"]\ntransport = "openssh"\n[nodes."n2"]\nruntime = "/usr/local/bin/own-node"\ntags = ["two"]\n',
    );
    await nodes.exec(2, 'ln -sf /usr/bin/node /usr/local/bin/own-node');
    head.writeList(
      [...users, 'n2', 'n3', `n${nodes.bareNode}`, 'n2:2260', 'no-such-host.invalid'].join('\n'),
    );
    expect(await head.start('--config', config)).toMatchObject({ code: 0, stderr: '' });
  }, 60_000);
  afterAll(async () => {
    await head.dispose();
    await keyboard.stop();
  });

  const stateOf = async (name: string) => (await head.node(name))?.state;
  const live = (name: string, timeout = 30_000) =>
    expect.poll(() => stateOf(name), { timeout, interval: 100 }).toBe('live');
  const monitorsOn = async (node: number) =>
    (
      await requireFleet().exec(
        node,
        'for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline 2>/dev/null; echo; done',
      )
    )
      .split('\n')
      .filter((line) => /rollcall-monitor \S+ [0-9a-f]+ *$/.test(line));

  it('shows all nodes with their figures', async () => {
    for (const name of [...users, 'n2', 'n3']) await live(name);
    const report = await head.node('n2');
    expect(report).toMatchObject({
      transport: 'ssh2',
      cause: null,
      tags: ['two'],
      hello: { hostname: 'n2' },
    });
    expect(readFileSync(report?.logPath ?? '', 'utf8')).toContain('runtime: /usr/local/bin/own-node');
    expect(report?.sample?.memory?.totalBytes).toBeGreaterThan(0);
    expect(report?.sample?.topProcesses).toEqual(expect.any(Array));
    expect(await head.node('n3')).toMatchObject({ transport: 'openssh' });
    for (const name of ['n2', 'n3']) {
      const recent = JSON.parse((await head.get(`/api/v1/nodes/${name}/recent`)).text) as RecentFigures;
      expect(recent.series.find(({ key }) => key === 'memory')?.values[0]).toBeGreaterThan(0);
    }
  }, 60_000);

  it('ships a runtime', () => live(`n${requireFleet().bareNode}`, 60_000), 70_000);

  it('tells failures, also of nodes that have to be taken back to the main thread', async () => {
    await expect
      .poll(async () => (await head.node('no-such-host.invalid'))?.cause, { timeout: 20_000 })
      .toBe('dns');
    await expect.poll(async () => (await head.node('n2:2260'))?.cause, { timeout: 20_000 }).toBe('auth');
    const { stdout } = await head.rollcall('status');
    expect(stdout).toContain((await head.node('n2:2260'))?.message);
  }, 50_000);

  it('follows who looks, a retry, and the list', async () => {
    const intervalOf = async (name: string) => (await head.node(name))?.sample?.intervalMs;
    const stop = head.follow(['show', 'n2', '--watch', '--json'], () => undefined);
    await expect.poll(() => intervalOf('n2'), { timeout: 4_000, interval: 50 }).toBe(1_000);
    await stop();
    await expect.poll(() => intervalOf('n2'), { timeout: 4_000, interval: 50 }).toBe(2_000);
    const pid = (await head.node('n2'))?.hello?.pid;
    head.writeList(['n2', 'ops@n2'].join('\n'));
    await live('ops@n2');
    expect((await head.node('n2'))?.hello?.pid).toBe(pid);
    expect(await stateOf('dash@n1')).toBeUndefined();
    await expect.poll(async () => (await monitorsOn(1)).length, { timeout: 5_000 }).toBe(0);
    expect(await head.rollcall('retry', 'n2')).toMatchObject({ code: 0 });
    expect((await head.rollcall('retry', 'dash@n1')).code).toBe(1);
  }, 60_000);

  it('ends every monitor, with a line for each', async () => {
    const { stdout, code } = await head.kill();
    expect(code).toBe(0);
    expect(stdout).toContain('n2: monitor ended');
    expect(stdout).toContain('ops@n2: monitor ended');
    expect(await monitorsOn(2)).toEqual([]);
  }, 30_000);
});
