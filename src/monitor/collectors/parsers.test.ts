import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { fixturesFolder } from '../../../test/fixtures.ts';
import { parseCpuInfo } from '../describe-node.ts';
import { createSystem } from '../system.ts';
import { describeCommand } from './command-line.ts';
import { busyPercent, parseCpuTimes, parseLoad } from './cpu.ts';
import { parseDiskCounters } from './disks.ts';
import { createMemoryCollector, parseMemory } from './memory.ts';
import { chooseMounts, parseMounts } from './mounts.ts';
import { parseNetworkCounters } from './network.ts';
import { parseProcessName, parseProcessStat } from './process-stat.ts';
import { ratePerSecond } from './rates.ts';
import { parsePasswd } from './users.ts';

const ARC = '/proc/spl/kstat/zfs/arcstats';

function capture(...path: string[]): string {
  return readFileSync(join(fixturesFolder ?? '', 'linux', ...path), 'utf8');
}

const statOf = (text: string) => {
  const bytes = Buffer.from(text);
  const stat = parseProcessStat(bytes, bytes.length);
  return stat && { name: parseProcessName(bytes, bytes.length), ...stat };
};

describe('cpu', () => {
  it('rounds the load of a core once', () => {
    const before = parseCpuTimes('cpu0 0 0 0 0 0 0 0 0\n').total;
    // 0.475 percent.
    const after = { idle: 3_981, total: 4_000 };
    expect(busyPercent(before, after, 0)).toBe(0);
    expect(busyPercent(before, after, 1)).toBe(0.5);
    expect(busyPercent(before, { idle: 3_979, total: 4_000 }, 0)).toBe(1);
  });

  it('counts waiting for disks as idle and guests once', () => {
    const before = parseCpuTimes('cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 100 0 100 700 100 0 0 0 50 0\n');
    const after = parseCpuTimes('cpu  150 0 150 750 150 0 0 0 90 0\ncpu0 150 0 150 750 150 0 0 0 90 0\n');
    expect(busyPercent(before.total, after.total, 1)).toBe(50);
    expect(busyPercent(undefined, after.total, 1)).toBeNull();
    expect(busyPercent(after.total, before.total, 1)).toBeNull();
  });

  it('keeps the numbers of cores when some are offline', () => {
    expect([...parseCpuTimes('cpu  1 0 0 1\ncpu0 1 0 0 1\ncpu3 1 0 0 1\nintr 5\n').cores.keys()]).toEqual([
      0, 3,
    ]);
  });

  it('reads load', () => {
    expect(parseLoad('0.50 1.25 12.00 3/512 99\n')).toEqual({ load1: 0.5, load5: 1.25, load15: 12 });
    expect(parseLoad('')).toEqual({ load1: null, load5: null, load15: null });
  });

  it('reads sockets, cores and threads', () => {
    const block = (processor: number, socket: number, core: number) =>
      `processor\t: ${processor}\nmodel name\t: A CPU\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`;
    const text = [block(0, 0, 0), block(1, 0, 0), block(2, 1, 0), block(3, 1, 1)].join('\n');
    expect(parseCpuInfo(text)).toEqual({ cpuModel: 'A CPU', sockets: 2, cores: 3, threads: 4 });
    expect(parseCpuInfo('processor\t: 0\nBogoMIPS\t: 100\n')).toEqual({
      cpuModel: null,
      sockets: null,
      cores: null,
      threads: 1,
    });
  });
});

describe('cores', () => {
  /** A package of `dies` dies, within each of which cores are numbered from 0; two threads a core. */
  const packageOf = (socket: number, dies: number, coresPerDie: number) =>
    Array.from({ length: dies * coresPerDie * 2 }, (_, at) => {
      const cores = dies * coresPerDie;
      return `processor\t: ${socket * 1000 + at}\nphysical id\t: ${socket}\nsiblings\t: ${2 * cores}\ncore id\t\t: ${at % coresPerDie}\ncpu cores\t: ${cores}\n`;
    });

  it('are counted where their numbers repeat in each die', () => {
    const text = [...packageOf(0, 4, 8), ...packageOf(1, 4, 8)].join('\n');
    expect(parseCpuInfo(text)).toMatchObject({ sockets: 2, cores: 64, threads: 128 });
  });

  it('are those that a container sees', () => {
    expect(parseCpuInfo(packageOf(0, 1, 64).slice(0, 4).join('\n'))).toMatchObject({ cores: 4, threads: 4 });
    expect(parseCpuInfo(packageOf(0, 4, 16).slice(0, 32).join('\n'))).toMatchObject({
      cores: 16,
      threads: 32,
    });
  });
});

describe('memory', () => {
  it('takes what is available from the kernel, and does not guess', () => {
    const text =
      'MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n';
    expect(parseMemory(text)).toEqual({
      totalBytes: 1_024_000,
      availableBytes: 614_400,
      usedBytes: 409_600,
      swapTotalBytes: 0,
      swapUsedBytes: 0,
    });
    expect(parseMemory('MemTotal: 1000 kB\n')).toMatchObject({
      availableBytes: null,
      usedBytes: null,
      swapUsedBytes: null,
    });
  });
});

describe("memory with ZFS's cache", () => {
  const GIB = 1024 ** 3;
  const meminfo = 'MemTotal: 263983264 kB\nMemFree: 22990000 kB\nMemAvailable: 24117248 kB\n';
  const arcstats =
    '9 1 0x01 147 39984 0 0\nname type data\nc_min 4 8446764800\nc_max 4 216262721536\nsize 4 210453397504\n';
  const roots: string[] = [];
  afterAll(() => {
    for (const root of roots) rmSync(root, { recursive: true });
  });

  function collectorOf(files: Record<string, string>) {
    const root = mkdtempSync(join(tmpdir(), 'memory-'));
    roots.push(root);
    for (const [path, text] of Object.entries({ '/proc/meminfo': meminfo, ...files })) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return createMemoryCollector(createSystem({ root }));
  }

  it('counts what gives way as available', () => {
    const { availableBytes, usedBytes, totalBytes } = collectorOf({ [ARC]: arcstats })();
    expect(availableBytes).toBe(24117248 * 1024 + 210453397504 - 8446764800);
    expect((usedBytes ?? 0) / GIB).toBeLessThan(41);
    expect((usedBytes ?? 0) + (availableBytes ?? 0)).toBe(totalBytes);
  });

  it('does not where the memory told is that of a container, or where there is no such cache', () => {
    const mountinfo = '9 8 0:45 /proc/meminfo /proc/meminfo rw - fuse.lxcfs lxcfs rw\n';
    const inContainer = collectorOf({ [ARC]: arcstats, '/proc/self/mountinfo': mountinfo });
    expect(inContainer().availableBytes).toBe(24117248 * 1024);
    expect(collectorOf({})().availableBytes).toBe(24117248 * 1024);
    expect(collectorOf({ [ARC]: 'rubbish' })().availableBytes).toBe(24117248 * 1024);
  });

  it('never counts more than there is', () => {
    const { availableBytes, usedBytes, totalBytes } = collectorOf({ [ARC]: 'size 4 999999999999999\n' })();
    expect([availableBytes, usedBytes]).toEqual([totalBytes, 0]);
  });
});

describe('rates', () => {
  it('gives null for a counter that went back or was not there', () => {
    expect(ratePerSecond(100, 300, 500)).toBe(400);
    expect(ratePerSecond(300, 100, 500)).toBeNull();
    expect(ratePerSecond(undefined, 100, 500)).toBeNull();
  });
});

describe('process stat', () => {
  it.each([
    ['1 (a) S 2 1 1 0 -1 4 0 0 0 0 7 5 0 0 20 0 1 0 99 4096 10 18', { name: 'a', state: 'S', parentPid: 2 }],
    [
      '9 ((a) b ) ( c) R 1 1 1 0 -1 4 0 0 0 0 7 5 0 0 20 0 1 0 99 4096 10 18',
      { name: '(a) b ) ( c', state: 'R', parentPid: 1 },
    ],
    [
      '9 (a\nb) D 1 1 1 0 -1 4 0 0 0 0 7 5 0 0 20 0 1 0 99 4096 -10 18',
      { name: 'a\nb', state: 'D', residentPages: 0 },
    ],
  ])('%s', (line, expected) => {
    expect(statOf(line)).toMatchObject({ cpuTicks: 12, startTicks: 99, ...expected });
  });

  it('takes nothing that is cut or is no such line', () => {
    for (const line of ['', '1', '1 (a)', '1 (a) S 2 1 1', ')(']) expect(statOf(line)).toBeNull();
  });

  it('agrees with a plain parser for any name', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.nat(1e9), { minLength: 49, maxLength: 49 }), (name, numbers) => {
        const stat = statOf(`7 (${name}) S ${numbers.join(' ')}\n`);
        expect(stat).toEqual({
          name: Buffer.from(name).toString('utf8'),
          state: 'S',
          parentPid: numbers[0],
          cpuTicks: (numbers[10] ?? 0) + (numbers[11] ?? 0),
          startTicks: numbers[18],
          residentPages: numbers[20],
        });
      }),
    );
  });
});

describe('mounts', () => {
  const line = (
    id: number,
    device: string,
    root: string,
    path: string,
    type: string,
    source: string,
    options = 'rw',
  ) => `${id} 1 ${device} ${root} ${path} ${options} shared:1 - ${type} ${source} rw`;

  it('shows each file system once, whole trees before bind mounts', () => {
    const text = [
      line(1, '8:1', '/', '/', 'ext4', '/dev/sda1'),
      line(2, '8:1', '/var/lib', '/mnt', 'ext4', '/dev/sda1'),
      line(3, '0:5', '/', '/proc', 'proc', 'proc'),
      line(4, '0:9', '/', '/run', 'tmpfs', 'tmpfs'),
      line(5, '0:10', '/', '/tmp', 'tmpfs', 'tmpfs'),
      line(6, '0:40', '/', '/home', 'nfs4', 'server:/home'),
      line(7, '7:0', '/', '/snap/core/1', 'squashfs', '/dev/loop0'),
      line(8, '8:2', '/', '/data\\040disk', 'xfs', '/dev/sda2', 'ro'),
      line(9, '0:50', '/', '/scratch', 'fuse.sshfs', 'a@b:'),
    ].join('\n');
    const { chosen } = chooseMounts(parseMounts(text));
    expect(chosen.map((mount) => mount.mountPoint)).toEqual(['/', '/data disk', '/home', '/scratch', '/tmp']);
    expect(chosen[1]?.readOnly).toBe(true);
  });
});

describe('disks and network', () => {
  it('reads old and new columns', () => {
    const counters = parseDiskCounters(
      '   8       0 sda 10 0 20 0 5 0 40 0 0 70 0\n 259 0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n',
    );
    expect(counters.get('sda')).toEqual({ readBytes: 20 * 512, writtenBytes: 40 * 512, busyMs: 70 });
    expect(counters.get('nvme0n1')).toEqual({ readBytes: 3 * 512, writtenBytes: 7 * 512, busyMs: 10 });
  });

  it('reads a counter that touches the colon', () => {
    const text =
      'Inter-|\n face |\n  eth0:123 1 0 0 0 0 0 0 456 2 0 0 0 0 0 0\neth0:1: 5 1 0 0 0 0 0 0 6 2 0 0 0 0 0 0\n';
    const counters = parseNetworkCounters(text);
    expect(counters.get('eth0')).toEqual({ receivedBytes: 123, transmittedBytes: 456 });
    expect(counters.get('eth0:1')).toEqual({ receivedBytes: 5, transmittedBytes: 6 });
  });
});

describe('commands and users', () => {
  it.each([
    ['/usr/bin/python3\0train.py\0--lr\x000.1\0', { command: 'python3', arguments: 'train.py --lr 0.1' }],
    ['', { command: '[kworker]', arguments: '' }],
    [null, { command: 'kworker', arguments: null }],
    ['nginx: worker process\0\0\0', { command: 'nginx:', arguments: 'worker process' }],
    ['mysqld\0--password=hunter2\0', { command: 'mysqld', arguments: '--password=***' }],
  ])('%j', (cmdline, expected) => {
    expect(describeCommand(cmdline, 'kworker')).toEqual(expected);
  });

  it.each(['\0', 'a=', 'a\0', ' ', '\ud800'])('takes no time for a command line of 2 MiB of %j', (part) => {
    const startedAt = performance.now();
    const told = describeCommand(`${part.repeat(2 ** 21 / part.length)}x`, 'x');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(told.command.length + (told.arguments ?? '').length).toBeLessThanOrEqual(256 + 1024);
  });

  it('reads users, the first of two names first', () => {
    expect([
      ...parsePasswd('root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbad\nann:x:1000:1000::/:/bin/sh\n'),
    ]).toEqual([
      [0, 'root'],
      [1000, 'ann'],
    ]);
  });
});

describe.runIf(fixturesFolder)('real captures', () => {
  const names = (folder: string) =>
    fixturesFolder ? readdirSync(join(fixturesFolder, 'linux', folder)) : [];

  it.each(names('pid-stat'))('pid-stat %s', (name) => {
    const text = capture('pid-stat', name);
    const found = statOf(text);
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    expect(found).toMatchObject({
      state: fields[0],
      parentPid: Number(fields[1]),
      startTicks: Number(fields[19]),
    });
  });

  it.each(names('meminfo'))('meminfo %s', (name) => {
    const text = capture('meminfo', name);
    const total = /^MemTotal:\s+(\d+)/m.exec(text)?.[1];
    expect(parseMemory(text).totalBytes).toBe(total === undefined ? null : Number(total) * 1024);
  });

  it.each(names('mountinfo'))('mountinfo %s', (name) => {
    const mounts = parseMounts(capture('mountinfo', name));
    expect(mounts.length).toBeGreaterThan(0);
    const wellFormed = capture('mountinfo', name)
      .split('\n')
      .filter((line) => / - \S+ \S+/.test(line));
    expect(mounts).toHaveLength(wellFormed.length);
    const { chosen } = chooseMounts(mounts);
    expect(new Set(chosen.map((mount) => mount.mountPoint)).size).toBe(chosen.length);
  });

  it.each(names('diskstats'))('diskstats %s', (name) => {
    for (const counters of parseDiskCounters(capture('diskstats', name)).values()) {
      expect(Object.values(counters).every(Number.isFinite)).toBe(true);
    }
  });

  it.each(names('cpuinfo'))('cpuinfo %s', (name) => {
    const text = capture('cpuinfo', name);
    expect(parseCpuInfo(text).threads).toBe(text.match(/^processor\s*:/gm)?.length ?? null);
  });

  it.each(names('proc-stat').filter((name) => !name.includes('empty')))('proc-stat %s', (name) => {
    const times = parseCpuTimes(capture('proc-stat', name));
    expect(times.total.total).toBeGreaterThan(0);
    expect(times.cores.size).toBeGreaterThan(0);
  });
});
