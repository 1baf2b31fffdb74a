import { describe, expect, it } from 'vitest';
import { createTrackedNode } from '../../../test/support/tracked-node.ts';
import type { JobNames } from './job-names.ts';

const slurm = (id: number) => `0::/system.slice/slurmstepd.scope/job_${id}/step_0/user/task_0\n`;

describe('jobs', () => {
  it('are summed over their processes, and belong to the oldest one’s user', () => {
    const node = createTrackedNode();
    node.put(10, { groups: slurm(7), uid: 0, name: 'slurmstepd', start: 5, cpu: null });
    node.put(11, { groups: slurm(7), uid: 1001, start: 20, cpu: 90 });
    node.put(12, { groups: slurm(7), uid: 1002, start: 30, cpu: 5.55 });
    node.put(13, { groups: slurm(8), cpu: null });
    node.put(14, { uid: 1003 });
    node.scan();
    expect(node.tracker.table([])).toEqual([
      { key: 'slurm:7', processCount: 3, cpuPercent: 95.6, residentBytes: 3 * 2 * 4096 },
      { key: 'slurm:8', processCount: 1, cpuPercent: null, residentBytes: 8192 },
    ]);
    expect(node.tracker.facts('slurm:7')).toEqual({
      key: 'slurm:7',
      kind: 'slurm',
      id: '7',
      name: null,
      user: 'u1001',
      startTimeMs: 50,
    });
    expect(node.tracker.jobOf(12)).toBe('slurm:7');
  });

  it('of sessions and units are rows only where a process is shown', () => {
    const node = createTrackedNode();
    node.put(20, { groups: '0::/system.slice/web.service\n' });
    node.put(21, { uid: 1005 });
    node.scan();
    expect(node.tracker.table([])).toEqual([]);
    expect(node.tracker.table([20, 21]).map(({ key }) => key)).toEqual([
      'systemd:web.service',
      'session:21-21',
    ]);
  });

  it('end with their last process; a reused pid is another process', () => {
    const node = createTrackedNode();
    node.put(30, { groups: slurm(1) });
    node.scan();
    node.put(30, { groups: slurm(2), start: 31 });
    node.scan();
    expect(node.tracker.jobOf(30)).toBe('slurm:2');
    expect(node.tracker.facts('slurm:1')).toBeNull();
    node.end(30);
    node.scan();
    expect(node.tracker.table([])).toEqual([]);
    expect(node.tracker.jobOf(30)).toBeNull();
  });

  it('follow a process that is moved into its group after it was forked', () => {
    const node = createTrackedNode();
    node.put(40, { groups: '0::/system.slice/slurmd.service\n', uid: 0 });
    node.scan();
    expect(node.tracker.jobOf(40)).toBe('systemd:slurmd.service');
    node.change(40, { groups: slurm(3), uid: 1000 });
    node.scan(500);
    expect(node.tracker.jobOf(40)).toBe('systemd:slurmd.service');
    node.scan(2_000);
    expect(node.tracker.jobOf(40)).toBe('slurm:3');
    node.change(40, { groups: slurm(4) });
    node.scan(2_000);
    expect(node.tracker.jobOf(40)).toBe('slurm:3');
    node.scan(58_000);
    expect(node.tracker.jobOf(40)).toBe('slurm:4');
  });

  it('are looked for after two seconds and a minute, then twice as late each time, and every five minutes in the end', () => {
    const node = createTrackedNode();
    node.put(41, { groups: slurm(3) });
    node.scan();
    const looksAtS: number[] = [];
    for (let atS = 1; atS <= 1_200; atS++) {
      node.reads.length = 0;
      node.scan(1_000);
      if (node.reads.length > 0) looksAtS.push(atS);
    }
    expect(looksAtS).toEqual([2, 62, 182, 422, 722, 1_022]);
  });

  it('are read once for each process, and for so many a scan only; those on GPUs do not wait', () => {
    const node = createTrackedNode();
    node.put(1, { uid: 0, name: 'init', start: 0 });
    node.scan();
    for (let pid = 1_000; pid < 2_000; pid++) node.put(pid, { groups: slurm(5) });
    node.reads.length = 0;
    node.scan(100, [1_999]);
    expect(node.reads.length).toBeLessThan(200);
    expect(node.tracker.jobOf(1_999)).toBe('slurm:5');
    for (let scan = 0; scan < 10; scan++) node.scan(1);
    expect(node.tracker.table([])[0]?.processCount).toBe(1_000);
    expect(node.reads).toHaveLength(1_000);
  });
});

describe('names', () => {
  it('say which element of an array a number is; the key stays the number', () => {
    const names: JobNames = {
      version: 1,
      of: (_kind, id) => (id === '9' ? { id, name: 'sweep', user: 'ann', arrayId: '9_2' } : null),
      numberOf: () => null,
      want: () => undefined,
    };
    const node = createTrackedNode(names);
    node.put(10, { groups: slurm(9) });
    node.put(11, { groups: slurm(12) });
    node.scan();
    expect(node.tracker.facts('slurm:9')).toMatchObject({ key: 'slurm:9', id: '9_2', number: '9' });
    expect(node.tracker.facts('slurm:12')).not.toHaveProperty('number');
  });

  it('are taken in when they are learned, a SLUID’s number too', () => {
    const learned = new Map<string, string>();
    let wanted: readonly { id: string; isSluid: boolean }[] = [];
    let sluidOf: (pid: number) => string | null = () => null;
    const names: JobNames = {
      get version() {
        return learned.size;
      },
      of: (_kind, id) => (id === '99' && learned.has('name') ? { id, name: 'train', user: 'ann' } : null),
      numberOf: (sluid) => learned.get(sluid) ?? null,
      want(jobs, find) {
        wanted = jobs;
        sluidOf = find;
      },
    };
    const node = createTrackedNode(names);
    node.put(5, { groups: '0::/system.slice/slurmstepd.scope/sABCDEF1234500/step_0\n' });
    node.scan();
    expect(wanted).toMatchObject([{ id: 'sABCDEF1234500', isSluid: true }]);
    expect(sluidOf(5)).toBe('sABCDEF1234500');
    learned.set('sABCDEF1234500', '99');
    node.scan();
    expect(node.tracker.jobOf(5)).toBe('slurm:99');
    expect(node.tracker.facts('slurm:99')).toMatchObject({ name: null, user: 'u1000' });
    learned.set('name', '');
    node.scan();
    expect(node.tracker.facts('slurm:99')).toMatchObject({ name: 'train', user: 'ann' });
    expect(wanted).toEqual([]);
  });
});
