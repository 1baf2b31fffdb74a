import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { fleet, type requireFleet } from './fleet.ts';

/** The whole way: scripts, head, real SSH servers, real monitors. */
describe.runIf(fleet)('a head and its nodes', () => {
  const nodes = requireFleetOrSkip();
  let head: HeadProcess;
  const shells = ['ops', 'dash', 'zsh', 'fish', 'tcsh', 'rbash', 'noisy', 'homeless'].map(
    (user) => `${user}@n1`,
  );
  const failing = {
    'nologin@n1': 'no-shell',
    'forced@n1': 'forced-command',
    'no-such-host.invalid': 'dns',
    'n2:1': 'refused',
  };
  const bare = `n${nodes.bareNode}`;

  beforeAll(async () => {
    head = createHeadProcess(nodes.sshConfigFile);
    head.writeList([...shells, ...Object.keys(failing), 'n2', 'n3', bare].join('\n'));
    const { code, stdout, stderr } = await head.start();
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain(`The page: ${head.record().url}`);
    expect(stdout).toContain('ssh -N -L');
  });
  afterAll(() => head.dispose());

  const live = (name: string, timeout = 30_000) =>
    expect.poll(async () => (await head.node(name))?.state, { timeout, interval: 100 }).toBe('live');
  const causeOf = (name: string, timeout = 30_000) =>
    expect.poll(async () => (await head.node(name))?.cause, { timeout, interval: 100 });
  /** Command lines of this head's monitors on a node. */
  const monitorsOn = async (node: number) =>
    (await nodes.exec(node, 'for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline 2>/dev/null; echo; done'))
      .split('\n')
      .filter((line) => /rollcall-monitor \S+ [0-9a-f]+ *$/.test(line));

  it.each(shells)('works through the shell of %s', async (name) => {
    await live(name);
    const report = await head.node(name);
    expect(report).toMatchObject({ transport: 'ssh2', cause: null, hello: { hostname: 'n1' } });
    expect(report?.sample?.memory?.totalBytes).toBeGreaterThan(0);
  });

  it.each(Object.entries(failing))('%s gets the cause %s, alike everywhere', async (name, cause) => {
    await causeOf(name, 20_000).toBe(cause);
    const report = await head.node(name);
    expect(report).toMatchObject({ state: 'unreachable', cause });
    const status = await head.rollcall('status');
    expect(status.stdout).toContain(report?.message);
    const log = readFileSync(report?.logPath ?? '', 'utf8');
    expect(log).toContain(`${cause}: ${report?.message}`);
    const page = await head.get('/', { accept: 'text/plain' });
    expect(page.text).toContain(report?.message);
  });

  it('ships a runtime to a node without one, and leaves nothing else there', async () => {
    await live(bare, 60_000);
    const found = await nodes.exec(
      nodes.bareNode,
      'find /home/ops/.cache/rollcall /tmp -type f; find /home/ops -newer /etc/hostname -type f',
    );
    const files = [...new Set(found.trim().split('\n'))].filter((path) => !path.startsWith('/tmp/monitor-'));
    expect(files).toHaveLength(1);
    expect(files[0]).toMatch(/^\/home\/ops\/\.cache\/rollcall\/node-x64-[0-9a-f]{16}$|node-arm64/);
  });

  it('writes log and status file on the node', async () => {
    await live('n2');
    const hello = (await head.node('n2'))?.hello;
    expect(hello).toMatchObject({ logPath: '/tmp/monitor-n2.log', statusPath: '/tmp/monitor-n2.json' });
    expect(await nodes.exec(2, 'cat /tmp/monitor-n2.log')).toContain('started: pid');
    const status = JSON.parse(await nodes.exec(2, 'cat /tmp/monitor-n2.json')) as {
      name: string;
      sample: { sequence: number };
    };
    expect(status).toMatchObject({ name: 'n2' });
    expect(status.sample.sequence).toBeGreaterThan(0);
    expect(await nodes.exec(2, 'stat -c %a%U /tmp/monitor-n2.log /tmp/monitor-n2.json')).toBe(
      '600ops\n600ops\n',
    );
  });

  it("counts the network's bytes as the node's own counters do", async () => {
    await live('n2');
    const sentBytes = async () =>
      Number((await nodes.exec(2, "awk '/eth0:/ { print $10 }' /proc/net/dev")).trim());
    const sequence = async () => (await head.node('n2'))?.sample?.sequence ?? 0;
    const [first, before, startedMs] = [await sequence(), await sentBytes(), performance.now()];
    const perSecond: number[] = [];
    for (let last = first; last < first + 5; ) {
      const sample = (await head.node('n2'))?.sample;
      if (sample && sample.sequence > last) {
        last = sample.sequence;
        perSecond.push(
          sample.network?.find((row) => row.name === 'eth0')?.transmitBytesPerSecond ?? Number.NaN,
        );
      }
    }
    const counted = ((await sentBytes()) - before) / ((performance.now() - startedMs) / 1000);
    const mean = perSecond.reduce((sum, value) => sum + value, 0) / perSecond.length;
    // The node sends little but its samples; the two spans differ by up to a second of five.
    expect(counted).toBeGreaterThan(500);
    expect(mean).toBeGreaterThan(0.5 * counted);
    expect(mean).toBeLessThan(2 * counted);
  });

  it('adds and removes nodes while it runs, without touching the others', async () => {
    await live('n2');
    const before = (await head.node('n2'))?.hello?.pid;
    const list = readFileSync(head.nodeList, 'utf8');
    head.writeList(`${list}\nops@n3\n-bad\n`);
    await expect.poll(() => head.node('ops@n3'), { timeout: 3_000, interval: 50 }).not.toBeNull();
    await live('ops@n3');
    expect((await head.rollcall('status')).stdout).toContain('may not begin with "-"');
    head.writeList(list);
    await expect.poll(() => head.node('ops@n3'), { timeout: 3_000, interval: 50 }).toBeNull();
    expect((await head.node('n2'))?.hello?.pid).toBe(before);
    await expect.poll(async () => (await monitorsOn(3)).length, { timeout: 5_000 }).toBe(1);
  });

  it('names a monitor that was stopped, and replaces it', async () => {
    await live('n3');
    const pid = (await head.node('n3'))?.hello?.pid;
    // While somebody looks: a node that nobody looks at may be silent for 30 s before it is called so.
    const stopEvents = await head.openEvents();
    await expect
      .poll(async () => (await head.node('n3'))?.sample?.intervalMs, { timeout: 3_000, interval: 50 })
      .toBe(1_000);
    await nodes.exec(3, `kill -STOP ${pid}`);
    await causeOf('n3', 8_000).toBe('monitor-silent');
    expect((await head.node('n3'))?.state).toBe('stale');
    await live('n3', 40_000);
    expect((await head.node('n3'))?.hello?.pid).not.toBe(pid);
    expect(await monitorsOn(3)).toHaveLength(1);
    stopEvents();
  }, 60_000);

  it('names a server that was killed, and comes back with it', async () => {
    await live('n3');
    const heal = await nodes.fault(3, 'kill');
    await expect
      .poll(async () => (await head.node('n3'))?.state, { timeout: 5_000, interval: 50 })
      .toBe('unreachable');
    await causeOf('n3').toBe('refused');
    const report = await head.node('n3');
    expect(report?.hello?.hostname).toBe('n3');
    expect(report?.sample).not.toBeNull();
    await heal();
    await head.rollcall('retry', 'n3');
    await live('n3');
  }, 60_000);

  it('notices a cut link within 15 s, and the monitor leaves by itself', async () => {
    await live('n3');
    // While somebody looks; a node that nobody looks at may be silent for 30 s.
    const stopEvents = await head.openEvents();
    await expect
      .poll(async () => (await head.node('n3'))?.sample?.intervalMs, { timeout: 3_000, interval: 50 })
      .toBe(1_000);
    const heal = await nodes.fault(3, 'cut');
    await expect
      .poll(async () => (await head.node('n3'))?.state, { timeout: 15_000, interval: 100 })
      .toMatch(/stale|unreachable/);
    await causeOf('n3', 30_000).toMatch(/timeout|closed|monitor-silent/);
    await expect.poll(async () => (await monitorsOn(3)).length, { timeout: 40_000, interval: 500 }).toBe(0);
    await heal();
    await head.rollcall('retry', 'n3');
    await live('n3', 40_000);
    stopEvents();
  }, 120_000);

  it.each(['tmp-read-only', 'tmp-full'] as const)(
    'works with %s, without log and status file, and says so',
    async (fault) => {
      await live('n3', 40_000);
      const { hello } = (await head.node('n3')) ?? {};
      // The monitor's open log would keep /tmp from being remounted, and its blocks from being missed.
      await nodes.exec(3, `kill -9 ${hello?.pid}; rm -f /tmp/monitor-n3.*`);
      const heal = await nodes.fault(3, fault);
      await expect
        .poll(async () => (await head.node('n3'))?.hello?.notes.join(' '), { timeout: 20_000, interval: 200 })
        .toMatch(/no log is written on the node.*no status file is written on the node/);
      await live('n3', 40_000);
      await heal();
      await nodes.exec(3, `kill -9 ${(await head.node('n3'))?.hello?.pid}`);
    },
    90_000,
  );

  it('check waits for a GPU tool that takes its time', async () => {
    const card = {
      'GPU ID': '0x74a1',
      'Unique ID': '0x1',
      'PCI Bus': '0000:03:00.0',
      'GPU use (%)': '7',
      'VRAM Total Memory (B)': '17163091968',
      'VRAM Total Used Memory (B)': '27635712',
      'Card Series': 'Example card',
      'Card Model': '0x74a1',
    };
    const lines = ['#!/bin/sh', 'sleep 7', "cat <<'X'", JSON.stringify({ card0: card }), 'X'];
    const tool = '/usr/local/bin/rocm-smi';
    const words = lines.map((line) => `'${line.replaceAll("'", "'\\''")}'`).join(' ');
    await nodes.exec(3, `printf '%s\\n' ${words} > ${tool} && chmod 755 ${tool}`);
    try {
      const { stdout, code } = await head.rollcall('check', 'n3');
      expect(stdout).toMatch(/ok +GPUs +1 × Example card/);
      expect(code).toBe(0);
    } finally {
      await nodes.exec(3, `rm -f ${tool}`);
    }
  });

  it('walks through the steps to a node', async () => {
    const good = await head.rollcall('check', 'n2');
    expect(
      good.stdout
        .split('\n')
        .map((line) => line.trim().split(/\s{2,}/)[1])
        .filter(Boolean),
    ).toEqual(
      ['name', 'port', 'ssh banner', 'host key', 'login', 'shell', 'runtime', 'monitor', 'GPUs'].map((step) =>
        expect.stringContaining(step),
      ),
    );
    expect(good.code).toBe(0);
    const bad = await head.rollcall('check', 'n2:1');
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/FAILED {2}port\n.*refused/);
    await live('n2');
  }, 60_000);

  it('checks all nodes at once: a row each, the remedies, and an exit code', async () => {
    const all = await head.rollcall('check');
    expect(all.code).toBe(1);
    const table = all.stdout.split('\n\n')[0] ?? '';
    const rows = new Map(table.split('\n').map((line) => [line.split(/\s{2,}/)[0] ?? '', line]));
    expect(rows.get('NODE')).toMatch(/NAME +PORT +SSH BANNER +HOST KEY +LOGIN/);
    for (const name of [...shells, 'n2', 'n3', bare]) expect(rows.get(name)).toMatch(/ live( +ok){9} +ssh2/);
    expect(rows.get('n2:1')).toMatch(/FAILED +ok +FAILED/);
    expect(all.stdout).toContain(`${shells.length + 3} live, ${Object.keys(failing).length} failed`);
    expect(all.stdout).toContain((await head.node('n2:1'))?.hint);
    expect(all.stderr).toContain(`${shells.length + 3 + Object.keys(failing).length}/`);
    const one = await head.rollcall('check', 'n2', '--json');
    expect(one).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(one.stdout)).toMatchObject({
      nodes: [{ name: 'n2', transport: 'ssh2', failed: null, passed: expect.any(Array) }],
    });
    // A check leaves the head's own monitors alone.
    expect((await monitorsOn(2)).length).toBe(1);
  }, 120_000);

  it('samples every second what somebody looks at, and every ten what nobody does', async () => {
    await live('n2');
    const intervalOf = async (name: string) => (await head.node(name))?.sample?.intervalMs;
    const becomes = (name: string, intervalMs: number) =>
      expect.poll(() => intervalOf(name), { timeout: 3_000, interval: 50 }).toBe(intervalMs);
    // Earlier tests looked at the page.
    await expect.poll(() => intervalOf('n2'), { timeout: 20_000, interval: 200 }).toBe(10_000);
    const lines: string[] = [];
    const stopShow = head.follow(['show', 'n2', '--watch', '--json'], (line) => lines.push(line));
    await becomes('n2', 1_000);
    expect(await intervalOf('ops@n1')).toBe(10_000);
    await expect.poll(() => lines.length, { timeout: 5_000 }).toBeGreaterThan(2);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ name: 'n2', state: 'live' });
    await stopShow();
    await becomes('n2', 10_000);
    const stopEvents = await head.openEvents();
    await becomes('n2', 1_000);
    await becomes('ops@n1', 1_000);
    stopEvents();
    await becomes('ops@n1', 10_000);
  }, 60_000);

  it('shows a node as the API serves it', async () => {
    const { stdout } = await head.rollcall('show', 'n2', '--json');
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(Object.keys((await head.node('n2')) ?? {}));
    expect((await head.rollcall('show', 'n2')).stdout).toContain('n2');
    expect((await head.rollcall('show', 'nobody')).code).toBe(1);
  });

  it('leaves no monitor 3 s after it was killed, and kill_monitor.sh works twice after that', async () => {
    await live('n2');
    expect((await monitorsOn(2)).length).toBeGreaterThan(0);
    process.kill(head.record().pid, 'SIGKILL');
    await expect
      .poll(async () => (await monitorsOn(2)).length + (await monitorsOn(1)).length, {
        timeout: 3_000,
        interval: 100,
      })
      .toBe(0);
    const first = await head.kill();
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toContain('n2: no monitor left');
    expect(await head.kill()).toMatchObject({ code: 0, stdout: 'nothing is running\n' });
  }, 60_000);

  it('starts again after that, and a stop ends every monitor with a line for each', async () => {
    head.writeList('n2\nn3\n');
    expect((await head.start()).code).toBe(0);
    await Promise.all([live('n2'), live('n3')]);
    expect(await monitorsOn(2)).toHaveLength(1);
    const { stdout, code } = await head.kill();
    expect(code).toBe(0);
    expect(stdout).toContain('n2: monitor ended');
    expect(stdout).toContain('n3: monitor ended');
    expect([...(await monitorsOn(2)), ...(await monitorsOn(3))]).toEqual([]);
  }, 60_000);
});

function requireFleetOrSkip() {
  return fleet ?? ({ bareNode: 4, sshConfigFile: '' } as ReturnType<typeof requireFleet>);
}
