import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { MAX_DEVICES } from '../../protocol/constants.ts';
import { createSystem } from '../system.ts';
import { createDiskCollector } from './disks.ts';
import { createNetworkCollector } from './network.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A node whose kernel counts `sectors` read for each name; `made` are folders of sysfs. */
function createNode(made: readonly string[] = []) {
  const root = mkdtempSync(join(tmpdir(), 'disks-'));
  folders.push(root);
  mkdirSync(join(root, 'proc/net'), { recursive: true });
  for (const path of made) mkdirSync(join(root, 'sys/class/block', path), { recursive: true });
  let nowMs = 0;
  const system = { ...createSystem({ root }), monotonicMs: () => nowMs };
  const collect = createDiskCollector(system);
  return {
    root,
    system,
    /** The rates after a second in which so many sectors were read. */
    rates(sectors: Record<string, number>) {
      const write = (factor: number) =>
        writeFileSync(
          join(root, 'proc/diskstats'),
          Object.entries(sectors)
            .map(([name, read]) => ` 8 0 ${name} 10 0 ${read * factor} 5 0 0 0 0 0 70 0\n`)
            .join(''),
        );
      write(1);
      collect();
      nowMs += 1_000;
      write(2);
      return collect();
    },
    passMs(ms: number) {
      nowMs += ms;
    },
  };
}

const MIB = 1024 * 1024;
const SECTORS_OF_100_MIB = (100 * MIB) / 512;
const readOf = (rows: readonly { name: string; readBytesPerSecond: number | null }[]) =>
  rows.map(({ name, readBytesPerSecond }) => [name, (readBytesPerSecond ?? 0) / MIB]);

describe('bytes of disks', () => {
  it('are counted once, whatever lies over a disk', () => {
    const names = ['nvme0c0n1', 'nvme0n1', 'bcache0', 'drbd0', 'zd0'];
    const sectors = Object.fromEntries(names.map((name) => [name, SECTORS_OF_100_MIB]));
    expect(readOf(createNode().rates(sectors).rows)).toEqual([['nvme0n1', 100]]);
  });

  it('are those of the ways to a disk where the kernel counts there alone', () => {
    const sectors = { nvme0c0n1: SECTORS_OF_100_MIB, nvme0c1n1: SECTORS_OF_100_MIB, nvme0n1: 0, nvme1n1: 0 };
    expect(readOf(createNode().rates(sectors).rows)).toEqual([
      ['nvme0n1', 200],
      ['nvme1n1', 0],
    ]);
  });

  it('are left to the disks below where the kernel says that there are some, or that there is no device', () => {
    const node = createNode([
      'sda/device',
      'sda1/partition',
      'stacked0/slaves/sda',
      'stacked0/device',
      'madeup0/slaves',
      'rbd0/device',
      'rbd0/slaves',
    ]);
    const sectors = { sda: 5, sda1: 5, stacked0: 5, madeup0: 5, rbd0: 5 };
    expect(node.rates(sectors).rows.map(({ name }) => name)).toEqual(['sda', 'rbd0']);
  });
});

describe('more devices than fit', () => {
  it('cost the idle disks, and say so', () => {
    const names = Array.from({ length: 300 }, (_, at) => `lun${at}`);
    const sectors = Object.fromEntries(names.map((name, at) => [name, at]));
    const { rows, note } = createNode().rates(sectors);
    expect(rows.map(({ name }) => name)).toEqual(names.slice(300 - MAX_DEVICES));
    expect(note).toBe('44 of 300 disks are left out, the busiest are told');
    expect(createNode().rates({ sda: 5 }).note).toBeNull();
  });

  it('cost the idle interfaces', () => {
    const node = createNode();
    const collect = createNetworkCollector(node.system);
    const write = (factor: number) => {
      const lines = Array.from(
        { length: 300 },
        (_, at) => ` veth${at}: ${at * factor} 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n`,
      );
      writeFileSync(join(node.root, 'proc/net/dev'), `a\nb\n${lines.join('')}`);
    };
    write(1);
    collect();
    node.passMs(1_000);
    write(2);
    const { rows, note } = collect();
    expect(rows).toHaveLength(MAX_DEVICES);
    expect(rows.map(({ name }) => name)).toContain('veth299');
    expect(note).toBe('44 of 300 interfaces are left out, the busiest are told');
  });
});
