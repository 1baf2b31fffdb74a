import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createSystem } from '../system.ts';
import { mostKeptDescriptors } from './process-scan/kept-descriptors.ts';
import { createProcessTable } from './process-table.ts';

const TICKS_PER_SECOND = 100;
const SCAN_MS = 2_000;
const COUNT = 40;

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A node with 40 processes that have used nothing for long, scanned every other second. */
function createNode() {
  const root = mkdtempSync(join(tmpdir(), 'process-table-'));
  folders.push(root);
  const system = createSystem({ root });
  const reads: number[] = [];
  const pidOf = new Map<number, number>();
  let nowMs = 0;
  let lists = 0;
  let busyTicks = 1_000;
  let lastPid = 100;
  const usedTicks = new Map<number, number>();
  const table = createProcessTable(
    {
      ...system,
      monotonicMs: () => nowMs,
      open(path) {
        const descriptor = system.open(path);
        pidOf.set(descriptor, Number(/\d+/.exec(path)));
        return descriptor;
      },
      rereadOnce(descriptor) {
        reads.push(pidOf.get(descriptor) ?? 0);
        return system.rereadOnce(descriptor);
      },
      list(path) {
        lists++;
        return system.list(path);
      },
    },
    TICKS_PER_SECOND,
  );

  const writePopulation = () =>
    writeFileSync(join(root, 'proc/loadavg'), `0.50 0.40 0.30 1/${usedTicks.size} ${lastPid}\n`);

  function write(pid: number): void {
    const zeros = '0 '.repeat(9);
    const stat = `${pid} (a b) c) S 1 ${zeros}${usedTicks.get(pid)} 0 0 0 0 0 1 0 ${pid} 4096 10 0\n`;
    mkdirSync(join(root, `proc/${pid}`), { recursive: true });
    writeFileSync(join(root, `proc/${pid}/stat`), stat);
  }

  function begin(pid: number): void {
    lastPid = pid;
    usedTicks.set(pid, 0);
    write(pid);
    writePopulation();
  }

  for (let at = 1; at <= COUNT; at++) begin(100 + at);

  /** What one scan did. `elsewhereTicks`: CPU time of processes that came and went in between; null: nobody knows. */
  function scan(elsewhereTicks: number | null = 0) {
    nowMs += SCAN_MS;
    busyTicks += elsewhereTicks ?? 0;
    reads.length = 0;
    lists = 0;
    const rows = table.scan(elsewhereTicks === null ? null : busyTicks);
    return { rows, reads: [...reads], lists };
  }

  return {
    begin,
    scan,
    use(pid: number, ticks: number) {
      usedTicks.set(pid, (usedTicks.get(pid) ?? 0) + ticks);
      busyTicks += ticks;
      write(pid);
    },
    end(pid: number) {
      usedTicks.delete(pid);
      rmSync(join(root, `proc/${pid}`), { recursive: true });
      writePopulation();
    },
    hidePopulation: () => rmSync(join(root, 'proc/loadavg')),
    /** Until those that do nothing rest, and none more than the others. */
    settle() {
      for (let at = 0; at < 20; at++) scan();
    },
  };
}

describe('processes that do nothing', () => {
  it('are read with every eighth scan, each scan an eighth of them, while no time is missing', () => {
    const node = createNode();
    expect(node.scan().reads).toHaveLength(COUNT);
    node.settle();
    const scans = Array.from({ length: 8 }, () => node.scan().reads);
    expect(new Set(scans.flat()).size).toBe(COUNT);
    expect(scans.map((reads) => reads.length)).toEqual(Array(8).fill(COUNT / 8));
  });

  it('are read at once when time goes missing, so that one which wakes up is seen with the next scan', () => {
    const node = createNode();
    node.settle();
    for (const pid of [101, 117, 140]) {
      node.use(pid, 100);
      const { rows, reads } = node.scan();
      expect(reads).toHaveLength(COUNT);
      expect(rows.get(pid)?.cpuPercent).toBeGreaterThan(0);
      // Awake, it is read with every scan and accounts for its time.
      for (let at = 0; at < 4; at++) {
        node.use(pid, 100);
        const next = node.scan();
        expect(next.rows.get(pid)?.cpuPercent).toBe(50);
        expect(next.reads.length).toBeLessThan(COUNT / 2);
      }
      node.settle();
    }
  });

  it('are read with every fourth scan, and no more, where short programs always use time', () => {
    const node = createNode();
    node.settle();
    expect(node.scan(100).reads).toHaveLength(COUNT);
    for (let at = 0; at < 8; at++) node.scan(100);
    const scans = Array.from({ length: 12 }, () => node.scan(100).reads);
    for (const pid of Array.from({ length: COUNT }, (_, at) => 101 + at)) {
      const readIn = scans.flatMap((reads, at) => (reads.includes(pid) ? [at] : []));
      expect(readIn.length).toBeGreaterThanOrEqual(3);
      expect(readIn.length).toBeLessThanOrEqual(6);
    }
  });

  it('are not woken by a hundredth of what the node is busy with', () => {
    const node = createNode();
    node.settle();
    node.use(101, 20_000);
    node.scan();
    node.use(101, 20_000);
    expect(node.scan(150).reads.length).toBeLessThan(COUNT / 2);
    node.use(101, 20_000);
    expect(node.scan(300).reads).toHaveLength(COUNT);
  });

  it('are read with every fourth scan where the time in use is not known', () => {
    const node = createNode();
    node.settle();
    const scans = Array.from({ length: 8 }, () => node.scan(null).reads);
    expect(scans[0]).toHaveLength(COUNT);
    expect(new Set(scans.slice(1).flat()).size).toBe(COUNT);
  });
});

describe('the list of processes', () => {
  it('is read when somebody came or went, and now and then', () => {
    const node = createNode();
    expect(node.scan().lists).toBe(1);
    expect(Array.from({ length: 10 }, () => node.scan().lists)).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
    node.begin(500);
    const { rows, lists } = node.scan();
    expect(lists).toBe(1);
    expect(rows.has(500)).toBe(true);
    expect(node.scan().lists).toBe(0);
    node.end(117);
    const after = node.scan();
    expect(after.lists).toBe(1);
    expect(after.rows.has(117)).toBe(false);
    expect(after.rows.size).toBe(COUNT);
  });

  it('is read with every scan where nothing tells whether somebody came', () => {
    const node = createNode();
    node.scan();
    node.hidePopulation();
    expect(Array.from({ length: 3 }, () => node.scan().lists)).toEqual([1, 1, 1]);
  });
});

it('keeps open half of what the login may open at most', () => {
  const of = (text: string | null) => mostKeptDescriptors({ tryReadText: () => text });
  const limits = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 4096                 files\n`;
  expect(of(limits('256'))).toBe(128);
  expect(of(limits('1048576'))).toBe(1500);
  expect(of('')).toBe(1500);
  expect(of(null)).toBe(1500);
});
