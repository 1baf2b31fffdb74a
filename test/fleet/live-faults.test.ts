import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { NodeReport } from '../../src/report/node-report.ts';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { addAccount } from './accounts.ts';
import { nodeWithScript, sshConfig } from './faulty-nodes.ts';
import { createWorkFolder, fleet, requireFleet } from './fleet.ts';
import { awaitToldAlike, readHeadLog } from './told.ts';

const FRESH_MS = 5_000;
const ASLEEP_MS = 60_000;
const standIn = readFileSync(new URL('../stand-ins/nvidia-smi', import.meta.url), 'utf8');
const hours = '{ const now = Date.now; Date.now = () => now() + 5 * 3_600_000; }';

/** What befalls nodes that were well: one head with a node for each fault, and one that sleeps meanwhile. */
describe.runIf(fleet)('faults of nodes that were live', () => {
  const folder = fleet ? createWorkFolder() : { path: '', remove: () => undefined };
  const accounts = ['killed', 'stopped', 'gpu-hangs', 'gpu-stuck', 'five-hours-ahead'];
  const names = [...accounts, 'hung-mount', 'lossy', 'slow', 'cut'];
  let head: HeadProcess;
  let sleeper: HeadProcess;
  const asleep = ['asleep-1', 'asleep-2'];
  let asleepSinceMs = 0;

  beforeAll(async () => {
    const { address } = requireFleet();
    for (const name of ['killed', 'stopped']) addAccount(3, { name });
    addAccount(3, {
      name: 'gpu-hangs',
      files: { 'bin/nvidia-smi': standIn, 'bin/scenario.json': '{"gpus":[],"mode":"hang"}' },
    });
    // As deep in the kernel as a tool that waits for a dead driver: no signal ends it.
    addAccount(3, {
      name: 'gpu-stuck',
      files: { 'bin/nvidia-smi': '#!/bin/sh\n: > /mnt/frozen/gpu-stuck\n' },
    });
    await requireFleet().fault(3, 'freeze-disk');
    addAccount(3, {
      name: 'five-hours-ahead',
      files: { 'bin/node': nodeWithScript, 'before.cjs': hours },
    });
    const config = join(folder.path, 'ssh_config');
    const at = (node: number, ...more: string[]) => [`HostName ${address(node)}`, ...more];
    writeFileSync(
      config,
      sshConfig({
        ...Object.fromEntries(accounts.map((name) => [name, at(3, `User ${name}`)])),
        'hung-mount': at(3),
        lossy: at(1),
        slow: at(2),
        cut: at(4),
        'asleep-1': at(1, 'User dash'),
        'asleep-2': at(2, 'User dash'),
      }),
    );
    // As while somebody looks: what nobody looks at may be silent for longer.
    head = createHeadProcess(config, 'interval-seconds = 1\n');
    sleeper = createHeadProcess(config);
    head.writeList(names.join('\n'));
    sleeper.writeList('asleep-1\nasleep-2\n');
    expect(await sleeper.start()).toMatchObject({ code: 0, stderr: '' });
    expect(await head.start()).toMatchObject({ code: 0, stderr: '' });
    await Promise.all(asleep.map((name) => live(sleeper, name)));
    process.kill(sleeper.record().pid, 'SIGSTOP');
    asleepSinceMs = performance.now();
    await Promise.all([...accounts, 'lossy', 'slow', 'cut'].map((name) => live(head, name)));
  }, 60_000);
  afterAll(async () => {
    if (asleepSinceMs > 0) process.kill(sleeper.record().pid, 'SIGCONT');
    await Promise.all([head?.dispose(), sleeper?.dispose()]);
    await requireFleet().heal(3);
    folder.remove();
  }, 60_000);

  async function reportOf(of: HeadProcess, name: string): Promise<NodeReport> {
    const report = await of.node(name);
    if (report === null) throw new Error(`${name} is not in the list`);
    return report;
  }
  const eventually = <T>(check: () => Promise<T>, timeout: number) =>
    vi.waitFor(check, { timeout, interval: 100 });
  const live = (of: HeadProcess, name: string, timeout = 30_000) =>
    eventually(async () => expect((await reportOf(of, name)).state).toBe('live'), timeout);
  const toldAlike = (name: string) => awaitToldAlike(head, [name], 15_000);
  const pidOf = async (name: string) => (await reportOf(head, name)).hello?.pid ?? 0;
  /** The next `count` samples have come. */
  const samples = async (name: string, count: number, timeout: number) => {
    const first = (await reportOf(head, name)).sample?.sequence ?? 0;
    await eventually(
      async () => expect((await reportOf(head, name)).sample?.sequence).toBeGreaterThanOrEqual(first + count),
      timeout,
    );
  };
  const leftOut = new Set<string>();
  const leaveOut = (name: string) => {
    leftOut.add(name);
    head.writeList(names.filter((other) => !leftOut.has(other)).join('\n'));
  };
  /** A process of the third node has ended. */
  const gone = (pid: number) =>
    eventually(
      async () => expect(await requireFleet().exec(3, `ls -d /proc/${pid} 2>/dev/null || true`)).toBe(''),
      8_000,
    );
  /** How many monitors of a node's name run on a machine. */
  const monitorCount = async (node: number, name: string) =>
    Number(await requireFleet().exec(node, `pgrep -fc "^rollcall-monitor ${name} " || true`));

  it.concurrent('a monitor that is killed is named, and started again', async () => {
    const pid = await pidOf('killed');
    await requireFleet().exec(3, `kill -9 ${pid}`);
    await eventually(
      async () => expect((await reportOf(head, 'killed')).cause).toBe('monitor-crashed'),
      2_000,
    );
    expect((await reportOf(head, 'killed')).message).toBe('The monitor on killed ended: ended by SIGKILL.');
    await live(head, 'killed');
    expect(await pidOf('killed')).not.toBe(pid);
    expect(await monitorCount(3, 'killed')).toBe(1);
  });

  it.concurrent('a monitor that is stopped is named, and replaced', async () => {
    const pid = await pidOf('stopped');
    await requireFleet().exec(3, `kill -STOP ${pid}`);
    await eventually(
      async () =>
        expect(await reportOf(head, 'stopped')).toMatchObject({ state: 'stale', cause: 'monitor-silent' }),
      FRESH_MS + 2_000,
    );
    await live(head, 'stopped', 30_000);
    expect(await pidOf('stopped')).not.toBe(pid);
    expect(await monitorCount(3, 'stopped')).toBe(1);
    const log = readHeadLog(head, await reportOf(head, 'stopped'));
    expect(log.map(({ text }) => text).join('\n')).toMatch(
      /^monitor-silent: The monitor on stopped has said nothing/m,
    );
  });

  it.concurrent('a file system that hangs is named, and hides nothing else', async () => {
    await live(head, 'hung-mount');
    // Undone at the end only: what heals a node wakes its stopped monitors, too.
    await requireFleet().fault(3, 'hang-mount');
    const hung = async () =>
      (await reportOf(head, 'hung-mount')).sample?.filesystems?.find(
        ({ mountPoint }) => mountPoint === '/mnt/hung',
      );
    await eventually(
      async () =>
        expect(await hung()).toMatchObject({
          totalBytes: null,
          error: expect.stringMatching(/has not answered for \d+ s/),
        }),
      12_000,
    );
    await samples('hung-mount', 3, 10_000);
    const report = await reportOf(head, 'hung-mount');
    expect(report).toMatchObject({ state: 'live', cause: null });
    expect(
      report.sample?.filesystems?.find(({ mountPoint }) => mountPoint === '/tmp')?.totalBytes,
    ).toBeGreaterThan(0);
    expect(report.sample?.cpu?.totalPercent).not.toBeNull();
    expect((await head.get('/')).text).toContain('has not answered for');
    // A thread that hangs must not keep a monitor from leaving.
    const pid = await pidOf('hung-mount');
    leaveOut('hung-mount');
    await gone(pid);
  });

  it.concurrent('a GPU tool that hangs is named, and the rest of the sample flows on', async () => {
    await eventually(
      async () =>
        expect((await reportOf(head, 'gpu-hangs')).sample?.collectors.gpus).toMatchObject({
          ok: false,
          error: expect.stringMatching(/nvidia-smi has not answered/),
        }),
      20_000,
    );
    await samples('gpu-hangs', 3, 10_000);
    expect(await reportOf(head, 'gpu-hangs')).toMatchObject({ state: 'live', sample: { gpus: null } });
    expect((await head.get('/')).text).toContain('nvidia-smi has not answered');
    const tools = await requireFleet().exec(3, 'pgrep -fc "^node /home/gpu-hangs/bin/nvidia-smi" || true');
    expect(Number(tools)).toBeLessThanOrEqual(2);
  });

  it.concurrent('a GPU tool that waits in the kernel holds up neither samples nor the end', async () => {
    /** One line per stuck tool, which starts with the parent's pid: tools of a monitor that ended stay for ever. */
    const stuck = async () =>
      (await requireFleet().exec(3, 'ps -eo ppid=,stat=,args= | grep " D.*bin/nvidia-smi" || true'))
        .trim()
        .split('\n')
        .map((line) => line.trim());
    await eventually(
      async () =>
        expect((await reportOf(head, 'gpu-stuck')).sample?.collectors.gpus.error).toMatch(
          /nvidia-smi has not answered/,
        ),
      20_000,
    );
    await samples('gpu-stuck', 3, 10_000);
    const pid = await pidOf('gpu-stuck');
    const ofTheMonitor = (await stuck()).filter((line) => line.startsWith(`${pid} `));
    expect(ofTheMonitor.length).toBeGreaterThan(0);
    expect(ofTheMonitor.length).toBeLessThanOrEqual(2);
    leaveOut('gpu-stuck');
    await gone(pid);
    expect((await stuck()).join()).toContain('nvidia-smi');
  });

  it.concurrent('a clock that is five hours ahead changes no age', async () => {
    const report = await reportOf(head, 'five-hours-ahead');
    expect((report.hello?.clockMs ?? 0) - Date.now()).toBeGreaterThan(4.9 * 3_600_000);
    expect(report.sampleAgeMs).toBeLessThan(FRESH_MS);
    expect(report.state).toBe('live');
  });

  it.concurrent('a link of 64 kbit/s carries fresh figures, and a new monitor', async () => {
    const heal = await requireFleet().fault(2, 'slow', '64kbit');
    try {
      await samples('slow', 5, 15_000);
      expect((await reportOf(head, 'slow')).sampleAgeMs).toBeLessThan(FRESH_MS);
      const pid = await pidOf('slow');
      await requireFleet().exec(2, `kill -9 ${pid}`);
      await eventually(async () => expect(await pidOf('slow')).not.toBe(pid), 30_000);
      await live(head, 'slow');
      expect(await monitorCount(2, 'slow')).toBe(1);
    } finally {
      await heal();
    }
  });

  it.concurrent('a link that loses every fifth packet carries figures', async () => {
    const heal = await requireFleet().fault(1, 'lossy', '20');
    try {
      await samples('lossy', 10, 40_000);
    } finally {
      await heal();
    }
    await live(head, 'lossy');
    expect(await monitorCount(1, 'lossy')).toBe(1);
  });

  it.concurrent('a link that is cut is named within 15 s, and comes back', async () => {
    await live(head, 'cut');
    const heal = await requireFleet().fault(4, 'cut');
    try {
      await eventually(async () => {
        const report = await reportOf(head, 'cut');
        expect(report).toMatchObject({ state: 'unreachable', cause: 'timeout' });
        expect(report.message).toMatch(/stopped answering: nothing was heard for 14 s/);
      }, 17_000);
      await toldAlike('cut');
      expect((await reportOf(head, 'cut')).sample).not.toBeNull();
    } finally {
      await heal();
    }
    await head.rollcall('retry', 'cut');
    await live(head, 'cut');
  });

  it('a head that slept for a minute finds its nodes again and blames none of them', async () => {
    await vi.waitFor(() => expect(performance.now() - asleepSinceMs).toBeGreaterThan(ASLEEP_MS), {
      timeout: ASLEEP_MS,
      interval: 200,
    });
    // Monitors that hear nothing leave by themselves meanwhile.
    expect(await Promise.all([monitorCount(1, 'asleep-1'), monitorCount(2, 'asleep-2')])).toEqual([0, 0]);
    process.kill(sleeper.record().pid, 'SIGCONT');
    asleepSinceMs = 0;

    await Promise.all(
      asleep.map((name) =>
        eventually(async () => {
          const report = await reportOf(sleeper, name);
          expect(report.state).toBe('live');
          expect(report.sampleAgeMs).toBeLessThan(FRESH_MS);
        }, 15_000),
      ),
    );
    for (const name of asleep) {
      const log = readHeadLog(sleeper, await reportOf(sleeper, name)).map(({ text }) => text);
      expect(log.filter((text) => /^monitor-(silent|crashed): /.test(text))).toEqual([]);
      expect(log.join('\n')).toContain('the head said nothing for');
    }
    expect(await Promise.all([monitorCount(1, 'asleep-1'), monitorCount(2, 'asleep-2')])).toEqual([1, 1]);
  }, 90_000);
});
