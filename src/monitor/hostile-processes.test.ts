import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { MAX_ARGUMENTS_LENGTH } from '../protocol/constants.ts';
import type { ProcessFacts } from '../protocol/hello.ts';
import { describeCommand } from './collectors/command-line.ts';
import type { ProcessRow } from './collectors/process-scan/known-processes.ts';
import { createProcessTable } from './collectors/process-table.ts';
import { sumTrees } from './collectors/process-trees.ts';
import { createProcessCollector } from './collectors/processes.ts';
import { createProcessFacts } from './process-facts.ts';
import { createSystem } from './system.ts';

/** What any user of a node can do with processes costs nobody else's figures, and the monitor no more than moments. */

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function nodeWith(pids: readonly number[], cmdline = 'sleep\x001\0') {
  const root = mkdtempSync(join(tmpdir(), 'hostile-'));
  folders.push(root);
  for (const pid of pids) {
    mkdirSync(join(root, `proc/${pid}`), { recursive: true });
    const stat = `${pid} (sleep) S 1 ${'0 '.repeat(9)}7 0 0 0 0 0 1 0 ${pid} 4096 10 0\n`;
    writeFileSync(join(root, `proc/${pid}/stat`), stat);
    writeFileSync(join(root, `proc/${pid}/cmdline`), cmdline);
  }
  return createSystem({ root });
}
const count = (length: number) => Array.from({ length }, (_, at) => at + 1);

describe('a command line', () => {
  it.each([
    ['one word of pairs', `python\0${'a=a='.repeat(500_000)}`],
    ['many words', `python\0${'a\0'.repeat(1_000_000)}`],
    ['empty words before a full one', `python\0${'\0'.repeat(1_000_000)}x`],
    ['a title', 'a=a= '.repeat(400_000)],
    ['a name', `/${'x'.repeat(2_000_000)}`],
  ])('of megabytes costs moments: %s', (_what, cmdline) => {
    const startedMs = performance.now();
    const { command, arguments: words } = describeCommand(cmdline, 'x');
    expect(command.length).toBeLessThanOrEqual(256);
    expect(words?.length).toBeLessThanOrEqual(MAX_ARGUMENTS_LENGTH);
    // It took minutes, or never came back.
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it('is masked also where a secret goes on beyond what is shown', () => {
    const secret = 's'.repeat(2_000);
    const { arguments: words } = describeCommand(`git\0clone\0https://ann:${secret}@host/x\0`, 'git');
    expect(words).toBe('clone https://ann:***@host/x');
  });

  it('is read no further than it is looked at', () => {
    const system = nodeWith([5], `python\0${'x'.repeat(3_000_000)}`);
    expect(system.tryReadStart('/proc/5/cmdline', 100)).toHaveLength(100);
    expect(system.tryReadStart('/proc/6/cmdline', 100)).toBeNull();
  });
});

describe('a process that breaks its reader', () => {
  it('costs the scan only itself, and is told', () => {
    const pids = count(20);
    const real = nodeWith(pids);
    const table = createProcessTable(
      {
        ...real,
        open(path) {
          if (path === '/proc/7/stat') return -7;
          return real.open(path);
        },
        rereadOnce(descriptor) {
          if (descriptor !== -7) return real.rereadOnce(descriptor);
          return { buffer: null as unknown as Buffer, length: 1 };
        },
        close(descriptor) {
          if (descriptor === -7) throw new Error('EBADF');
          real.close(descriptor);
        },
      },
      100,
    );
    for (let scans = 0; scans < 3; scans++) {
      expect([...table.scan(null).keys()].sort((a, b) => a - b)).toEqual(pids.filter((pid) => pid !== 7));
      expect(table.trouble()).toBe('1 of 20 processes could not be read (process 7: EBADF)');
    }
    expect(() => table.refresh([6, 7, 8])).not.toThrow();
    table.close();
  });

  it('has facts without its words, and the others have theirs', () => {
    const real = nodeWith([7, 8]);
    const collector = createProcessCollector(
      {
        ...real,
        tryReadStart(path, maxBytes) {
          if (path.includes('/7/')) throw new RangeError('Maximum call stack size exceeded');
          return real.tryReadStart(path, maxBytes);
        },
      },
      { ticksPerSecond: 100, pageBytes: 4096 },
    );
    collector.collect([], true, null);
    expect(collector.facts(7)).toMatchObject({ command: 'sleep', arguments: null });
    expect(collector.facts(8)).toMatchObject({ command: 'sleep', arguments: '1' });
    collector.close();
  });

  it('keeps no other from being told', () => {
    const facts = createProcessFacts({
      facts(pid) {
        if (pid === 7) throw new Error('odd');
        return { pid, startTimeMs: 1, user: 'ann', command: 'x', arguments: '', job: null };
      },
      startOf: () => 1,
      jobOf: () => null,
      namesVersion: () => 0,
      monotonicMs: () => 0,
    });
    expect(facts.update(new Set([6, 7, 8])).processes.map(({ pid }) => pid)).toEqual([6, 8]);
  });
});

describe('a node that hides processes', () => {
  const mountOf = (options: string) => `22 1 0:21 / /proc rw,nosuid - proc proc rw${options}\n`;

  function sampleOf(pids: readonly number[], mountinfo: string) {
    const system = nodeWith(pids);
    const tryReadText = (path: string) =>
      path === '/proc/self/mountinfo' ? mountinfo : system.tryReadText(path);
    const collector = createProcessCollector(
      { ...system, tryReadText },
      { ticksPerSecond: 100, pageBytes: 4096 },
    );
    const sample = collector.collect([], true, null);
    collector.close();
    return sample;
  }

  it.each([',hidepid=2', ',gid=5,hidepid=invisible', ',hidepid=ptraceable'])('is said to: %s', (options) => {
    const { processCount, note } = sampleOf([70, 71], mountOf(options));
    expect(processCount).toBeNull();
    expect(note).toMatch(
      /^this login sees only its own processes, because \/proc is mounted with hidepid; .*gid=/,
    );
  });

  it('is not where this login sees all of them, or where nothing hides them', () => {
    expect(sampleOf([1, 70], mountOf(',hidepid=2'))).toMatchObject({ processCount: 2, note: null });
    expect(sampleOf([70], mountOf(''))).toMatchObject({ processCount: 1, note: null });
    expect(sampleOf([70], mountOf(',hidepid=0'))).toMatchObject({ processCount: 1, note: null });
  });
});

describe('processes that take long to read', () => {
  it('are read in several scans, each of which ends in time, and say so', () => {
    const pids = count(200);
    const real = nodeWith(pids);
    let nowMs = 0;
    const table = createProcessTable(
      {
        ...real,
        monotonicMs: () => nowMs,
        open(path) {
          nowMs += 10;
          return real.open(path);
        },
      },
      100,
    );
    let rows: ReadonlyMap<number, ProcessRow> = new Map();
    let scans = 0;
    do {
      const startedMs = nowMs;
      rows = table.scan(null);
      expect(nowMs - startedMs).toBeLessThanOrEqual(260);
      expect(rows.size + table.unreadCount()).toBe(200);
      if (rows.size < 200)
        expect(table.trouble()).toBe(
          `${200 - rows.size} of 200 processes are not read yet: they follow with the next samples`,
        );
      scans++;
    } while (rows.size < 200 && scans < 20);
    expect(scans).toBe(8);
    expect(table.trouble()).toBeNull();
    table.close();
  });

  it('are told over several samples', () => {
    let nowMs = 0;
    const facts = createProcessFacts({
      facts(pid): ProcessFacts {
        nowMs += 30;
        return { pid, startTimeMs: 1, user: 'ann', command: 'x', arguments: '', job: null };
      },
      startOf: () => 1,
      jobOf: () => null,
      namesVersion: () => 0,
      monotonicMs: () => nowMs,
    });
    const pids = new Set(count(12));
    const told = count(3).map(() => facts.update(pids).processes.length);
    expect(told).toEqual([4, 4, 4]);
  });
});

it('a chain of processes, each the parent of the next, is summed in one go', () => {
  const length = 100_000;
  const row = (pid: number): ProcessRow => ({
    pid,
    name: 'x',
    cpuPercent: 1,
    stat: {
      state: 'S',
      parentPid: pid === 1 ? length : pid - 1,
      cpuTicks: 0,
      startTicks: 0,
      residentPages: 1,
    },
  });
  const rows = new Map(
    count(length)
      .reverse()
      .map((pid) => [pid, row(pid)]),
  );
  const startedMs = performance.now();
  // Also in a circle, which a reused pid can make between two reads.
  expect(sumTrees(rows, new Set(), 4096).size).toBe(0);
  expect(sumTrees(rows, new Set([5]), 4096).get(5)?.residentBytes).toBe(length * 4096);
  expect(performance.now() - startedMs).toBeLessThan(3_000);
});
