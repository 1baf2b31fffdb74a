import { describe, expect, it } from 'vitest';
import type { FilesystemSpace, System } from '../system.ts';
import { createFilesystemCollector } from './filesystems.ts';
import { chooseMounts, parseMounts } from './mounts.ts';

const MINUTE_MS = 60_000;
const pathsOf = (lines: readonly string[], files: readonly string[] = []) =>
  chooseMounts(parseMounts(lines.join('\n')), (path) => files.includes(path)).chosen.map(
    ({ mountPoint }) => mountPoint,
  );

/** A node with these mounts, whose kernel answers with `spaceOf`. */
function createNode(
  lines: readonly string[],
  spaceOf: (path: string) => FilesystemSpace,
  files: readonly string[] = [],
) {
  const asked: string[] = [];
  let nowMs = 0;
  let mounts = lines;
  let answerOf = async (path: string) => spaceOf(path);
  const system: Partial<System> = {
    readText: () => mounts.join('\n'),
    tryReadText: () => null,
    list: () => [],
    monotonicMs: () => nowMs,
    isFile: async (path) => files.includes(path),
    filesystemSpace: (path) => {
      asked.push(path);
      return answerOf(path);
    },
  };
  const collector = createFilesystemCollector(system as System);
  return {
    asked,
    collector,
    mount(now: readonly string[]) {
      mounts = now;
    },
    answerWith(answer: typeof answerOf) {
      answerOf = answer;
    },
    /** What is told once the kernel has answered. */
    async look(afterMs: number) {
      nowMs += afterMs;
      collector.collect(true);
      for (let turns = 0; turns < 10; turns++) await Promise.resolve();
      return collector.collect(true);
    },
  };
}

const space = (totalBytes: number, freeBytes = 0): FilesystemSpace => ({
  totalBytes,
  freeBytes,
  availableBytes: freeBytes,
});

describe('mounts', () => {
  it('are shown unless they are known to be none: shared folders of virtual machines, cluster file systems, CVMFS', () => {
    const lines = [
      '21 1 253:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw',
      '30 21 0:40 / /home rw,relatime shared:2 - virtiofs homefs rw',
      '31 21 253:17 / /shared rw,relatime shared:3 - ocfs2 /dev/vdb1 rw',
      '32 21 253:33 / /cluster rw,relatime shared:4 - gfs2 /dev/vdc1 rw',
      '33 21 0:44 / /proj rw,relatime shared:5 - nfs4 nas:/proj rw',
      '36 21 0:47 / /exchange rw,relatime shared:8 - vboxsf share rw',
      '39 21 0:50 / /volumes rw,relatime shared:9 - quobyte q@1/ rw',
      '40 21 0:51 / /cvmfs/sw.example rw,relatime shared:9 - fuse cvmfs2 ro',
      '41 21 0:52 / /new rw,relatime shared:9 - somefs of-tomorrow rw',
    ];
    expect(pathsOf(lines)).toEqual([
      '/',
      '/cluster',
      '/cvmfs/sw.example',
      '/exchange',
      '/home',
      '/new',
      '/proj',
      '/shared',
      '/volumes',
    ]);
  });

  it('are not shown where the kernel, a desktop or an image stands behind them', () => {
    const types =
      'proc sysfs cgroup cgroup2 devtmpfs devpts debugfs tracefs securityfs bpf ramfs hugetlbfs mqueue pstore autofs efivarfs fusectl configfs binfmt_misc rpc_pipefs nfsd nsfs squashfs erofs iso9660 fuse.lxcfs fuse.portal fuse.gvfsd-fuse fuse.gvfs-fuse-daemon fuse.squashfuse_ll fuse.snapfuse';
    const lines = types
      .split(' ')
      .map((type, at) => `${at + 5} 1 0:${at + 5} / /m/${type} rw - ${type} x rw`);
    expect(pathsOf(lines)).toEqual([]);
  });

  it('are of memory where the whole system is, and at /tmp', () => {
    const lines = ['/', '/tmp', '/run', '/dev/shm'].map(
      (path, at) => `${at} 1 0:${at} / ${path} rw - tmpfs x rw`,
    );
    expect(pathsOf(lines)).toEqual(['/', '/tmp']);
  });

  it('show the root of a disk of subvolumes as the root', () => {
    const lines = [
      '21 1 0:30 /@ / rw - btrfs /dev/sda2 rw',
      '22 21 0:30 / /mnt/a rw - btrfs /dev/sda2 rw',
      '23 21 0:30 /@home /home rw - btrfs /dev/sda2 rw',
    ];
    expect(pathsOf(lines)).toEqual(['/']);
    expect(pathsOf(lines.slice(1))).toEqual(['/mnt/a']);
  });

  it('leave out single files: the folder of the same disk is shown, or nothing', () => {
    const lines = [
      '704 600 253:2 /var/lib/engine/abc/hosts /etc/hosts rw,relatime - ext4 /dev/vda2 rw',
      '705 600 253:2 /srv/data /mnt/of/the/host rw,relatime - ext4 /dev/vda2 rw',
    ];
    expect(pathsOf(lines, ['/etc/hosts'])).toEqual(['/mnt/of/the/host']);
    expect(pathsOf(lines.slice(0, 1), ['/etc/hosts'])).toEqual([]);
  });
});

describe('space', () => {
  it('of a single file is not told, and the next best mount of its disk is asked at once', async () => {
    const node = createNode(
      [
        '600 599 0:60 / / rw - overlay overlay rw',
        '704 600 253:2 /engine/hosts /etc/hosts rw - ext4 /dev/vda2 rw',
        '705 600 253:2 /engine/hostname /etc/hostname rw - ext4 /dev/vda2 rw',
        '706 600 253:2 /srv/data /mnt/long/name rw - ext4 /dev/vda2 rw',
      ],
      () => space(100, 40),
      ['/etc/hosts', '/etc/hostname'],
    );
    let rows = await node.look(1_000);
    for (let looks = 0; looks < 3; looks++) rows = await node.look(1);
    expect(rows.map(({ mountPoint }) => mountPoint)).toEqual(['/', '/mnt/long/name']);
    expect(node.asked).not.toContain('/etc/hosts');
  });

  it('of a folder is told again where a file was mounted before', async () => {
    const bind = (root: string) => [`704 600 253:2 ${root} /data rw - ext4 /dev/vda2 rw`];
    const files = ['/data'];
    const node = createNode(bind('/engine/hosts'), () => space(100, 40), files);
    expect(await node.look(6_000)).toEqual([]);
    files.pop();
    node.mount(bind('/srv'));
    expect(await node.look(6_000)).toMatchObject([{ mountPoint: '/data', usedBytes: 60 }]);
  });

  it('of another file system at the same place is its own, though the first one hangs', async () => {
    let answer: (space: FilesystemSpace) => void = () => undefined;
    const hanging = new Promise<FilesystemSpace>((resolve) => {
      answer = resolve;
    });
    const at = (device: string) => [`31 1 ${device} / /data rw - nfs4 nas${device}:/ rw`];
    const node = createNode(at('0:40'), () => space(100, 40));
    node.answerWith(() => hanging);
    await node.look(6_000);
    expect(await node.look(6_000)).toMatchObject([{ error: 'has not answered for 6 s', totalBytes: null }]);
    node.mount(at('0:41'));
    node.answerWith(async () => space(7, 2));
    expect(await node.look(6_000)).toMatchObject([{ error: 'has not answered for 12 s' }]);
    answer(space(100, 40));
    await node.look(6_000);
    expect(await node.look(6_000)).toMatchObject([{ source: 'nas0:41:/', totalBytes: 7, usedBytes: 5 }]);
  });

  it('of nothing at all is left out, as df does', async () => {
    const node = createNode(
      [
        '21 1 8:1 / / rw - ext4 /dev/sda1 rw',
        '22 21 0:40 / /home/ann/remote rw - fuse.sshfs far: rw',
        '23 21 0:41 / /what rw - pseudofs x rw',
      ],
      (path) => (path === '/' ? space(100, 40) : space(0)),
    );
    expect((await node.look(1_000)).map(({ mountPoint }) => mountPoint)).toEqual(['/']);
  });

  it('is told as it is, however large, and as unknown where it cannot be', async () => {
    const PEBIBYTE = 2 ** 50;
    const spaces: Record<string, FilesystemSpace> = {
      '/scratch': space(12 * PEBIBYTE, 5 * PEBIBYTE),
      '/bucket': space(2 ** 65, 2 ** 65),
      '/odd': space(100, 2 ** 60),
    };
    const node = createNode(
      Object.keys(spaces).map((path, at) => `${at + 5} 1 0:${at + 5} / ${path} rw - lustre x rw`),
      (path) => spaces[path] ?? space(0),
    );
    const rows = await node.look(1_000);
    expect(rows.map(({ mountPoint, totalBytes, usedBytes }) => [mountPoint, totalBytes, usedBytes])).toEqual([
      ['/bucket', 2 ** 65, 0],
      ['/odd', 100, null],
      ['/scratch', 12 * PEBIBYTE, 7 * PEBIBYTE],
    ]);
  });

  it('of what goes when nobody uses it is asked so seldom that it can go', async () => {
    const automounted = [
      '21 1 8:1 / / rw - ext4 /dev/sda1 rw',
      '30 21 0:39 / /home rw - autofs /etc/auto.home rw,fd=6,pgrp=1,timeout=900,minproto=5,indirect',
      '31 30 0:40 / /home/ann rw - nfs4 nas:/home/ann rw',
    ];
    const node = createNode(automounted, () => space(100, 40));
    const [, home] = await node.look(1_000);
    expect(home).toMatchObject({ mountPoint: '/home/ann', usedBytes: 60, ageMs: 0 });
    const asked = () => node.asked.filter((path) => path === '/home/ann').length;
    for (let minute = 0; minute < 44; minute++) await node.look(MINUTE_MS);
    expect(asked()).toBe(1);
    expect(node.asked.filter((path) => path === '/').length).toBe(45);
    const [, old] = await node.look(0);
    expect(old).toMatchObject({ usedBytes: 60, ageMs: 44 * MINUTE_MS });
    // Three times its limit has passed, and somebody else keeps it in use.
    await node.look(2 * MINUTE_MS);
    expect(asked()).toBe(2);
    // It goes and comes again: it is asked anew.
    node.mount(automounted.slice(0, 2));
    expect(await node.look(MINUTE_MS)).toHaveLength(1);
    node.mount(automounted);
    await node.look(MINUTE_MS);
    expect(asked()).toBe(3);
  });

  it('of an automount that never goes is asked as any', async () => {
    const node = createNode(
      [
        '30 21 0:39 / /proj rw - autofs systemd-1 rw,fd=6,pgrp=1,timeout=0,minproto=5,direct',
        '31 30 0:40 / /proj rw - nfs4 nas:/proj rw',
      ],
      () => space(100, 40),
    );
    await node.look(1_000);
    const [row] = await node.look(MINUTE_MS);
    expect(node.asked).toHaveLength(2);
    expect(row).not.toHaveProperty('ageMs');
  });

  it('is told of as many as fit, with a word about the rest', async () => {
    const lines = Array.from({ length: 70 }, (_, at) => `${at + 5} 1 0:${at + 5} / /m${at} rw - xfs x rw`);
    const node = createNode(lines, () => space(1));
    expect(await node.look(1_000)).toHaveLength(64);
    expect(node.collector.note()).toBe('6 more file systems are left out');
  });
});
