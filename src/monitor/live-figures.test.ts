import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe as always, beforeAll, expect, it } from 'vitest';
import { noGpuProcessFigures } from '../protocol/absent.ts';
import { readKernelUnits } from './auxiliary-vector.ts';
import { createCpuCollector } from './collectors/cpu.ts';
import { createDiskCollector } from './collectors/disks.ts';
import { createFilesystemCollector } from './collectors/filesystems.ts';
import { createMemoryCollector } from './collectors/memory.ts';
import { createNetworkCollector } from './collectors/network.ts';
import { createProcessCollector } from './collectors/processes.ts';
import { endForgottenMonitors, isMonitorOf } from './forgotten-monitors.ts';
import { createSystem } from './system.ts';

/** The collectors against what the usual programs say of this very machine at the same moment. */

const system = createSystem();
const hasProcps = system.findProgram('vmstat') !== null;
const describe = always.runIf(hasProcps);
if (!hasProcps) console.log('skipped: figures beside ps, free and vmstat, because procps is not here');
const saidBy = (program: string, ...args: string[]) =>
  execFileSync(program, args, { env: { ...process.env, LC_ALL: 'C' } }).toString();

/** Two readings of a machine that goes on working. */
function expectNear(found: number | null | undefined, wanted: number, tolerance: number): void {
  expect(found).not.toBeNull();
  expect(Math.abs((found ?? 0) - wanted)).toBeLessThanOrEqual(tolerance);
}

/** Waits for the kernel's counters to move on: rates need time between two readings. */
async function waitMs(ms: number): Promise<void> {
  const startedMs = performance.now();
  await expect.poll(() => performance.now() - startedMs, { timeout: ms + 2_000 }).toBeGreaterThan(ms);
}

describe('cpu', () => {
  it('agrees with vmstat over the same second, and with nproc and /proc/loadavg', async () => {
    const { collect } = createCpuCollector(system);
    collect();
    const vmstat = execFile('vmstat', ['1', '2']);
    let said = '';
    vmstat.stdout?.on('data', (chunk: string) => {
      said += chunk;
    });
    await once(vmstat, 'close');
    const found = collect();
    const [names = '', , last = ''] = said.trim().split('\n').slice(1);
    const column = (name: string) =>
      Number(last.trim().split(/\s+/)[names.trim().split(/\s+/).indexOf(name)]);
    // vmstat rounds, and starts and ends a little later.
    expectNear(found.totalPercent, 100 - column('id') - column('wa'), 15);
    expect(found.corePercents).toHaveLength(Number(saidBy('nproc', '--all')));
    expectNear(found.load1, Number(system.readText('/proc/loadavg').split(' ')[0]), 0.5);
  });
});

describe('disks', () => {
  it('agree with what /proc/diskstats counted meanwhile', async () => {
    const writtenBytes = () =>
      Number(
        saidBy(
          'awk',
          '$3 ~ /^(sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme[0-9]+n[0-9]+)$/ { s += $10 } END { print s * 512 }',
          '/proc/diskstats',
        ),
      );
    // Others write too, also between two looks: each is between two others.
    const look = () => ({ bytes: writtenBytes(), atMs: performance.now() });
    const collect = createDiskCollector(system);
    const first = { atMs: performance.now(), bytes: writtenBytes() };
    collect();
    const second = look();
    const folder = mkdtempSync(join(tmpdir(), 'disk-'));
    execFileSync('dd', ['if=/dev/zero', `of=${join(folder, 'x')}`, 'bs=1M', 'count=32', 'conv=fsync'], {
      stdio: 'ignore',
    });
    await waitMs(200);
    const third = { atMs: performance.now(), bytes: writtenBytes() };
    const { rows } = collect();
    const fourth = look();
    rmSync(folder, { recursive: true });
    const found = rows
      .filter((row) => /^(sd|vd|xvd|nvme)/.test(row.name))
      .reduce((sum, row) => sum + (row.writeBytesPerSecond ?? 0), 0);
    const least = ((third.bytes - second.bytes) * 1000) / (fourth.atMs - first.atMs);
    const most = ((fourth.bytes - first.bytes) * 1000) / (third.atMs - second.atMs);
    expect(found).toBeGreaterThanOrEqual(least * 0.95);
    expect(found).toBeLessThanOrEqual(most * 1.05);
  });
});

describe('memory', () => {
  it('agrees with free', () => {
    const memory = createMemoryCollector(system)();
    const [, total, , , , , available] = saidBy('free', '-b').split('\n')[1]?.split(/\s+/) ?? [];
    expect(memory.totalBytes).toBe(Number(total));
    expectNear(memory.availableBytes, Number(available), 0.05 * Number(total));
  });
});

describe('file systems', () => {
  it('agree with df, and / is there', async () => {
    const { collect } = createFilesystemCollector(system);
    collect(true);
    await expect
      .poll(() => collect(true).every((row) => row.totalBytes !== null), { timeout: 5_000 })
      .toBe(true);
    const rows = collect(true);
    expect(rows.map((row) => row.mountPoint)).toContain('/');
    for (const row of rows) {
      const line = saidBy('df', '-PB1', row.mountPoint).split('\n')[1]?.split(/\s+/) ?? [];
      expect(row.totalBytes).toBe(Number(line[1]));
      expectNear(row.usedBytes, Number(line[2]), 0.01 * Number(line[1]));
      expectNear(row.availableBytes, Number(line[3]), 0.01 * Number(line[1]));
    }
  });
});

describe('network', () => {
  it('names what /proc names and never loopback', () => {
    const collect = createNetworkCollector(system);
    collect();
    const names = collect().rows.map((row) => row.name);
    expect(names).not.toContain('lo');
    for (const name of names) expect(system.readText('/proc/net/dev')).toContain(`${name}:`);
  });
});

describe('processes', () => {
  const busy = spawn('/bin/sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
  const parent = spawn('/bin/sh', ['-c', 'sh -c "while :; do :; done" & wait'], {
    stdio: 'ignore',
    detached: true,
  });
  const units = readKernelUnits(system);
  const collector = createProcessCollector(system, units);
  beforeAll(async () => {
    await Promise.all([busy, parent].map((child) => child.pid ?? once(child, 'spawn')));
  });
  afterAll(() => {
    busy.kill('SIGKILL');
    process.kill(-(parent.pid ?? 0), 'SIGKILL');
    collector.close();
  });

  /** What the kernel has counted for a process, and when that was read. */
  function counted(pid: number) {
    const [utime = 0, stime = 0] = system
      .readText(`/proc/${pid}/stat`)
      .replace(/^.*\) /, '')
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return { cpuMs: ((utime + stime) * 1_000) / units.ticksPerSecond, atMs: performance.now() };
  }

  const childOf = (pid: number | undefined) =>
    Number(saidBy('ps', '-o', 'pid=', '--ppid', String(pid)).trim());

  it('agree with ps on user, command, start, parent, resident memory and CPU', async () => {
    const onGpus = [busy, parent].map((child) => ({
      ...noGpuProcessFigures,
      pid: child.pid ?? 0,
      gpuIndex: 0,
      gpuMemoryBytes: 1,
    }));
    const busyPid = busy.pid ?? 0;
    await expect.poll(() => childOf(parent.pid)).toBeGreaterThan(0);
    const childPid = childOf(parent.pid);
    const look = () => [busyPid, childPid].map(counted);
    const beforeFirst = look();
    collector.collect(onGpus, true, null);
    const afterFirst = look();
    // However many share this machine's cores.
    await expect.poll(() => counted(busyPid).cpuMs - (afterFirst[0]?.cpuMs ?? 0)).toBeGreaterThan(300);
    await expect.poll(() => counted(childPid).cpuMs - (afterFirst[1]?.cpuMs ?? 0)).toBeGreaterThan(300);
    const beforeLast = look();
    const { gpuProcesses, topProcesses, processCount } = collector.collect(onGpus, true, null);
    const afterLast = look();
    /** Percent of one core that a process took at least and at most between the two scans. */
    const bounds = [0, 1].map((at) => {
      const [b1, a1, b2, a2] = [beforeFirst, afterFirst, beforeLast, afterLast].map((taken) => taken[at]);
      const share = (from = b1, to = a2, within = a1, till = b2) =>
        (100 * ((to?.cpuMs ?? 0) - (from?.cpuMs ?? 0))) / ((till?.atMs ?? 0) - (within?.atMs ?? 0));
      return { least: share(a1, b2, b1, a2), most: share(b1, a2, a1, b2) };
    });
    const [own, tree] = gpuProcesses;
    const [rss, state, user, command] = saidBy('ps', '-o', 'rss=,stat=,user=,comm=', '-p', String(busy.pid))
      .trim()
      .split(/\s+/);
    const facts = collector.facts(busy.pid ?? 0);
    // The kernel counts resident pages per processor and sums them up lazily (proc(5), stat).
    expectNear(own?.residentBytes, Number(rss) * 1024, 1024 * 1024);
    expect(own?.state).toBe(state?.[0]);
    expect(facts).toMatchObject({ user, command, arguments: '-c while :; do :; done' });
    const started = Date.parse(saidBy('ps', '-o', 'lstart=', '-p', String(busy.pid)).trim());
    expectNear(facts?.startTimeMs, started, 2_000);
    expect(own?.cpuPercent).toBeGreaterThan(0.9 * (bounds[0]?.least ?? 0));
    expect(own?.cpuPercent).toBeLessThan(1.1 * (bounds[0]?.most ?? 0));
    expect(own?.treeCpuPercent).toBe(own?.cpuPercent);
    expect(tree?.treeCpuPercent).toBeGreaterThan((tree?.cpuPercent ?? 0) + 0.9 * (bounds[1]?.least ?? 0));
    expect(topProcesses.map((row) => row.pid)).toContain(busy.pid);
    expectNear(processCount, saidBy('ps', '-e', '--no-headers').trim().split('\n').length, 15);
  });

  it('are scanned every other second while somebody watches, and seldom else', async () => {
    let nowMs = 0;
    const own = createProcessCollector({ ...system, monotonicMs: () => nowMs }, readKernelUnits(system));
    own.collect([], true, null);
    own.collect([], true, null);
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const isKnown = (atMs: number, watched: boolean) => {
      nowMs = atMs;
      own.collect([], watched, null);
      return own.facts(child.pid ?? 0) !== null;
    };
    expect(isKnown(1_000, true)).toBe(false);
    expect(isKnown(1_900, false)).toBe(false);
    expect(isKnown(2_000, true)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isKnown(6_000, false)).toBe(true);
    expect(isKnown(7_000, false)).toBe(false);
    own.close();
  });

  it('on GPUs are read with every sample that is watched', async () => {
    let nowMs = 0;
    const own = createProcessCollector({ ...system, monotonicMs: () => nowMs }, readKernelUnits(system));
    const onGpu = [{ ...noGpuProcessFigures, pid: busy.pid ?? 0, gpuIndex: 0 }];
    own.collect(onGpu, true, null);
    own.collect(onGpu, true, null);
    const before = counted(busy.pid ?? 0).cpuMs;
    await expect.poll(() => counted(busy.pid ?? 0).cpuMs - before).toBeGreaterThan(100);
    // The moved clock says that next to no time has passed: what was used meanwhile is far beyond one core.
    nowMs = 1;
    expect(own.collect(onGpu, true, null).gpuProcesses[0]?.cpuPercent).toBeGreaterThan(1_000);
    own.close();
  });
});

describe('forgotten monitors', () => {
  it('are told by their last words', () => {
    expect(isMonitorOf('node\0-e\0x\0rollcall-monitor\0n1\0h1\0', 'n1', 'h1')).toBe(true);
    expect(isMonitorOf('rollcall-monitor n1 h1\0\0\0', 'n1', 'h1')).toBe(true);
    expect(isMonitorOf('rollcall-monitor n1 h12\0', 'n1', 'h1')).toBe(false);
    expect(isMonitorOf('rollcall-monitor n1 h1 x\0', 'n1', 'h1')).toBe(false);
    expect(isMonitorOf('xrollcall-monitor n1 h1\0', 'n1', 'h1')).toBe(false);
  });

  it('are ended when they are older, also when they are stopped', async () => {
    const child = spawn(
      process.execPath,
      ['-e', 'setInterval(() => 0, 1000)', 'rollcall-monitor', 'old-node', 'head-x'],
      {
        stdio: 'ignore',
      },
    );
    await once(child, 'spawn');
    child.kill('SIGSTOP');
    const ended = once(child, 'exit');
    // The newcomer is this test's own process, which is older: its start is made to look later.
    expect(endForgottenMonitors(system, 'other-node', 'head-x')).toEqual([]);
    const newcomer = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        '-e',
        `
        import { endForgottenMonitors } from ${JSON.stringify(new URL('./forgotten-monitors.ts', import.meta.url).href)};
        import { createSystem } from ${JSON.stringify(new URL('./system.ts', import.meta.url).href)};
        console.log(JSON.stringify(endForgottenMonitors(createSystem(), 'old-node', 'head-x')));`,
        '--input-type=module',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    expect((await ended)[1]).toBe('SIGKILL');
    newcomer.kill('SIGKILL');
  });
});
