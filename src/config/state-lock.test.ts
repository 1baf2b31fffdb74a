import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockHolder, takeStateLock } from './state-lock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const program = `
  import { takeStateLock } from ${JSON.stringify(fileURLToPath(new URL('./state-lock.ts', import.meta.url)))};
  process.stdin.once('data', () => {
    takeStateLock(process.argv[1]).then(
      () => console.log('taken ' + process.pid),
      (error) => console.log(error.name + ' ' + (error.pid ?? error.message)),
    );
  });
  console.log('ready');
`;

/** A process that takes the lock when told to, and keeps it until it is killed. */
function contender() {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = async () => String((await lines.next()).value);
  const ended = new Promise((resolve) => child.once('close', resolve));
  return {
    said,
    go: () => child.stdin.write('go\n'),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('the lock of a state folder', () => {
  it('is taken once, given back, and taken again', async () => {
    const lock = await takeStateLock(folder);
    expect(lockHolder(folder)).toBe(process.pid);
    await expect(takeStateLock(folder)).rejects.toMatchObject({ name: 'LockTaken', pid: process.pid });
    lock.release();
    expect(lockHolder(folder)).toBeNull();
    (await takeStateLock(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of several starts at once has one winner, also over the lock of a killed one', async () => {
    for (let round = 0; round < 3; round += 1) {
      const contenders = Array.from({ length: 4 }, contender);
      for (const { said } of contenders) expect(await said()).toBe('ready');
      for (const { go } of contenders) go();
      const words = await Promise.all(contenders.map(({ said }) => said()));
      const winners = words.filter((word) => word.startsWith('taken'));
      expect(words).toHaveLength(4);
      expect(winners).toHaveLength(1);
      const pid = winners[0]?.split(' ')[1];
      expect(words.filter((word) => word === `LockTaken ${pid}`)).toHaveLength(3);
      expect(lockHolder(folder)).toBe(Number(pid));
      // The next round finds the lock of a process that is gone.
      await Promise.all(contenders.map(({ kill }) => kill()));
      expect(lockHolder(folder)).toBeNull();
    }
  });

  it('is taken over where it is rubbish, or its holder is another process by now', async () => {
    for (const text of ['', '{"pid":', JSON.stringify({ pid: process.pid, startTicks: 1, bootId: 'x' })]) {
      writeFileSync(join(folder, 'lock'), text);
      (await takeStateLock(folder)).release();
    }
  });

  it("leaves another one's alone when it is given back", async () => {
    const lock = await takeStateLock(folder);
    const other = JSON.stringify({ pid: 1, startTicks: 1, bootId: 'x' });
    writeFileSync(join(folder, 'lock'), other);
    lock.release();
    expect(readdirSync(folder)).toEqual(['lock']);
  });
});
