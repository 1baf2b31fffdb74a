import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createProcessCollector } from './collectors/processes.ts';
import { createUserNames } from './collectors/users.ts';
import { createProcessFacts } from './process-facts.ts';
import { createSystem, type System } from './system.ts';

/** Whatever is learned of a process after it was first told is told too. */

const UID = 81_234;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A node whose process 7 belongs to a user that only the directory knows; `answer` makes the directory speak. */
function createNode() {
  const root = mkdtempSync(join(tmpdir(), 'facts-'));
  folders.push(root);
  mkdirSync(join(root, 'proc/7'), { recursive: true });
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\n');
  writeFileSync(join(root, 'proc/7/stat'), `7 (python) S 1 ${'0 '.repeat(9)}7 0 0 0 0 0 1 0 70 4096 10 0\n`);
  const questions: { uid: string; resolve(line: string): void; reject(error: Error): void }[] = [];
  let nowMs = 0;
  const system: System = {
    ...createSystem({ root }),
    monotonicMs: () => nowMs,
    ownerOf: () => UID,
    findProgram: (name) => `/usr/bin/${name}`,
    run: (_program, [, uid = '']) =>
      new Promise((resolve, reject) => questions.push({ uid, resolve, reject })),
  };
  return {
    system,
    questions,
    passMs(ms: number) {
      nowMs += ms;
    },
    setCommand: (text: string) => writeFileSync(join(root, 'proc/7/cmdline'), text),
    addUser: (line: string) => writeFileSync(join(root, 'etc/passwd'), `${line}\n`),
    async answered() {
      for (let turns = 0; turns < 5; turns++) await Promise.resolve();
    },
  };
}
const BEA = `bea:*:${UID}:${UID}:Bea:/home/bea:/bin/bash\n`;

describe('facts of a process', () => {
  function tellerOf(system: System) {
    const collector = createProcessCollector(system, { ticksPerSecond: 100, pageBytes: 4096 });
    const facts = createProcessFacts({ ...collector, monotonicMs: system.monotonicMs });
    collector.collect([], true, null);
    return () => facts.update(new Set([7])).processes;
  }

  it('are told again with the next sample after the directory has named the user', async () => {
    const node = createNode();
    node.setCommand('python\0train.py\0');
    const tell = tellerOf(node.system);
    expect(tell()).toMatchObject([{ pid: 7, user: String(UID), command: 'python' }]);
    for (let samples = 0; samples < 200; samples++) expect(tell()).toEqual([]);
    node.questions[0]?.resolve(BEA);
    await node.answered();
    expect(tell()).toMatchObject([{ pid: 7, user: 'bea' }]);
    expect(tell()).toEqual([]);
    expect(node.questions).toHaveLength(1);
  });

  it('are told again when the user gets into the passwd file', () => {
    const node = createNode();
    const tell = tellerOf(node.system);
    tell();
    node.addUser(`carl:x:${UID}:${UID}::/:/bin/sh`);
    node.passMs(61_000);
    // Somebody asks for a name, so that the file is looked at.
    const told = [tell(), tell(), tell()].flat();
    expect(told).toMatchObject([{ user: 'carl' }]);
  });

  it('are told again when another program is started in its place, or its title changes', () => {
    const node = createNode();
    node.setCommand('bash\0-c\0exec python\0');
    const tell = tellerOf(node.system);
    expect(tell()).toMatchObject([{ command: 'bash' }]);
    node.setCommand('python\0train.py\0');
    expect([tell(), tell()].flat()).toMatchObject([{ command: 'python', arguments: 'train.py' }]);
    expect(tell()).toEqual([]);
  });

  it('are compared ever more seldom', () => {
    let reads = 0;
    const facts = createProcessFacts({
      facts(pid) {
        reads++;
        return { pid, startTimeMs: 1, user: 'ann', command: 'x', arguments: '', job: null };
      },
      startOf: () => 1,
      jobOf: () => null,
      namesVersion: () => 0,
      monotonicMs: () => 0,
    });
    for (let samples = 0; samples < 1_000; samples++) facts.update(new Set([7]));
    expect(reads).toBeLessThan(25);
  });
});

describe('names of users', () => {
  it('are asked for again where the directory was away', async () => {
    const node = createNode();
    const { nameOf } = createUserNames(node.system);
    expect(nameOf(UID)).toBe(String(UID));
    node.questions[0]?.reject(new Error('timed out'));
    await node.answered();
    nameOf(UID);
    expect(node.questions).toHaveLength(1);
    node.passMs(301_000);
    nameOf(UID);
    node.questions[1]?.resolve(BEA);
    await node.answered();
    expect(nameOf(UID)).toBe('bea');
  });

  it('are asked for a few at once, however many ids a user has', async () => {
    const node = createNode();
    const { nameOf } = createUserNames(node.system);
    const ids = Array.from({ length: 1_000 }, (_, at) => 100_000 + at);
    for (const id of ids) expect(nameOf(id)).toBe(String(id));
    expect(node.questions).toHaveLength(4);
    node.questions[0]?.resolve('');
    await node.answered();
    for (const id of ids) nameOf(id);
    expect(node.questions).toHaveLength(5);
  });
});
