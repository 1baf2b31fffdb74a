import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FILESYSTEMS } from '../../protocol/constants.ts';
import { parseCpuInfo } from '../describe-node.ts';
import { busiestRows } from './busiest-rows.ts';
import { describeCommand } from './command-line.ts';
import { type DiskCounters, joinNvmePaths } from './disks.ts';
import { parseReclaimableCache } from './memory.ts';
import { chooseMounts, parseMounts } from './mounts.ts';
import { hidesProcesses } from './processes.ts';

/** Whatever stands in the files of the kernel, or was put there by a user. */

const mountLine = fc
  .tuple(
    fc.nat(60),
    fc.nat(60),
    fc.constantFrom('8:1', '8:2', '0:40', '0:41'),
    fc.constantFrom('/', '/@', '/srv/file'),
    fc.constantFrom('/', '/home', '/etc/hosts', '/a\\040b', '/mnt'),
    fc.constantFrom('ext4', 'btrfs', 'autofs', 'nfs4', 'proc', 'fuse.sshfs', 'overlay', 'tmpfs', 'new'),
    fc.constantFrom('rw', 'rw,timeout=5', 'ro'),
  )
  .map(
    ([id, parent, device, root, path, type, options]) =>
      `${id} ${parent} ${device} ${root} ${path} rw - ${type} source ${options}`,
  );

describe('mounts', () => {
  it('of any text are parsed, and of any mounts each device is chosen once, the root before others', () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseMounts(text))));
    fc.assert(
      fc.property(fc.array(mountLine, { maxLength: 80 }), (lines) => {
        const mounts = parseMounts(lines.join('\n'));
        const { chosen, leftOut } = chooseMounts(mounts, (path) => path === '/etc/hosts');
        expect(chosen.length).toBeLessThanOrEqual(MAX_FILESYSTEMS);
        expect(leftOut).toBe(0);
        expect(new Set(chosen.map(({ device }) => device)).size).toBe(chosen.length);
        expect(chosen.map(({ mountPoint }) => mountPoint)).not.toContain('/etc/hosts');
        const root = mounts.findLast(({ mountPoint }) => mountPoint === '/');
        const isShown = root !== undefined && !['proc', 'autofs'].includes(root.fsType);
        expect(chosen.some(({ mountPoint }) => mountPoint === '/')).toBe(isShown);
        for (const { idleLimitMs } of chosen) expect([null, 5_000]).toContain(idleLimitMs);
      }),
    );
  });
});

describe('disks', () => {
  const counters = fc.record({ readBytes: fc.nat(), writtenBytes: fc.nat(), busyMs: fc.nat() });
  const names = [
    'sda',
    'nvme0n1',
    'nvme0c0n1',
    'nvme0c1n1',
    'nvme1c0n1',
    'nvme1n2',
    'nvme12c3n4',
    'nvme12n4',
  ];

  it('have no byte that no device counted, and one row for each namespace', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), counters), (found) => {
        const all = new Map<string, DiskCounters>(Object.entries(found));
        const joined = joinNvmePaths(all);
        const sum = (rows: Map<string, DiskCounters>) =>
          [...rows.values()].reduce((total, row) => total + row.readBytes, 0);
        expect(sum(joined)).toBeLessThanOrEqual(sum(all));
        for (const name of joined.keys()) {
          expect(all.has(name)).toBe(true);
          const head = name.replace(/c\d+n/, 'n');
          if (head !== name) expect(joined.has(head)).toBe(false);
        }
      }),
    );
  });
});

describe('the busiest rows', () => {
  it('are the busiest, in their order, as many as fit', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.integer({ min: 1, max: 10 }), (loads, most) => {
        const all = loads.map((load, at) => ({ load, at }));
        const { rows, note } = busiestRows(all, most, 'rows', ({ load }) => load);
        expect(rows.length).toBe(Math.min(most, all.length));
        expect(rows.map(({ at }) => at)).toEqual(rows.map(({ at }) => at).sort((a, b) => a - b));
        const least = Math.min(...rows.map(({ load }) => load));
        for (const row of all) if (!rows.includes(row)) expect(row.load).toBeLessThanOrEqual(least);
        expect(note === null).toBe(all.length <= most);
      }),
    );
  });
});

describe('texts of the kernel and of users', () => {
  it('break no parser', () => {
    const fields = fc.constantFrom(
      'processor',
      'physical id',
      'core id',
      'siblings',
      'cpu cores',
      'model name',
    );
    const block = fc.array(fc.tuple(fields, fc.oneof(fc.string(), fc.nat(70).map(String))), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(block), (blocks) => {
        const text = blocks.map((lines) => lines.map(([name, value]) => `${name}\t: ${value}`).join('\n'));
        const { cores, threads } = parseCpuInfo(text.join('\n\n'));
        if (cores !== null) expect(cores).toBeLessThanOrEqual(threads ?? 0);
      }),
    );
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, name) => {
        expect(parseReclaimableCache(text)).toBeGreaterThanOrEqual(0);
        hidesProcesses(text);
        const { command, arguments: words } = describeCommand(text, name);
        expect(command.length + (words?.length ?? 0)).toBeLessThan(2_000);
      }),
    );
  });
});
