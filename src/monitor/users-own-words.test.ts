import { describe, expect, it } from 'vitest';
import { MAX_FILESYSTEMS, MAX_MESSAGE_BYTES } from '../protocol/constants.ts';
import { createFilesystemCollector } from './collectors/filesystems.ts';
import { chooseMounts, parseMounts } from './collectors/mounts.ts';
import { createProcessFacts } from './process-facts.ts';
import type { System } from './system.ts';

/** What any user of a node can make as long as they like must not cost the node its connection. */

const worst = '\u0001'.repeat(1024);

describe('facts of processes', () => {
  it('are told over several samples where users have long arguments', () => {
    const pids = new Set(Array.from({ length: 1_000 }, (_, pid) => pid + 1));
    const facts = createProcessFacts({
      facts: (pid) => ({ pid, startTimeMs: 1, user: 'ann', command: 'python', arguments: worst, job: null }),
      startOf: () => 1,
      jobOf: () => null,
      namesVersion: () => 0,
      monotonicMs: () => 0,
    });
    const told: number[] = [];
    for (let samples = 0; told.length < pids.size; samples++) {
      expect(samples).toBeLessThan(100);
      const { processes } = facts.update(pids);
      expect(Buffer.byteLength(JSON.stringify(processes))).toBeLessThan(MAX_MESSAGE_BYTES / 2);
      told.push(...processes.map(({ pid }) => pid));
    }
    expect(new Set(told)).toEqual(pids);
    expect(facts.update(pids).processes).toEqual([]);
  });
});

describe('mounts of users', () => {
  const escaped = '\\001'.repeat(900);
  const users = Array.from(
    { length: 100 },
    (_, at) => `${at + 50} 1 0:${at + 50} / /home/ann/${at}${escaped} rw - fuse.sshfs far:${escaped} rw`,
  );
  const text = [
    ...users,
    '30 1 8:1 / / rw - ext4 /dev/sda1 rw',
    '31 1 8:2 / /scratch rw - xfs /dev/sda2 rw',
  ].join('\n');

  it('crowd out no other file system', () => {
    const { chosen, leftOut } = chooseMounts(parseMounts(text));
    expect(chosen).toHaveLength(MAX_FILESYSTEMS);
    expect(leftOut).toBe(102 - MAX_FILESYSTEMS);
    expect(chosen.map(({ mountPoint }) => mountPoint)).toEqual(expect.arrayContaining(['/', '/scratch']));
  });

  it('fit into a sample, whatever they are called', () => {
    const system: Partial<System> = {
      readText: () => text,
      tryReadText: () => null,
      list: () => [],
      monotonicMs: () => 0,
      filesystemSpace: () => new Promise(() => undefined),
    };
    const rows = createFilesystemCollector(system as System).collect(true);
    expect(rows).toHaveLength(MAX_FILESYSTEMS);
    expect(JSON.stringify(rows).length).toBeLessThan(MAX_MESSAGE_BYTES / 2);
  });
});
