import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { processIdentity } from './process-identity.ts';
import { findRunningHead } from './running-head.ts';
import { openStateFolder, writeRecord } from './state-folder.ts';

let base = '';
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'running-head-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** A state folder whose head is this very process. */
function ownHead(path: string) {
  const identity = processIdentity(process.pid);
  if (identity === null) throw new Error('no /proc');
  const folder = openStateFolder(path);
  const record = {
    pid: process.pid,
    ...identity,
    url: 'http://127.0.0.1:1/',
    nodeList: 'n',
    sshConfig: null,
    demo: false,
  };
  writeRecord(folder, record);
  return { folder, record };
}

it('is found as the head wrote it, however long the path is', () => {
  const { folder, record } = ownHead(join(base, 'x'.repeat(100), 'y'.repeat(100)));
  const { path, logPath, token } = folder;
  expect(findRunningHead(folder.path)).toMatchObject({ record, folder: { path, logPath, token } });
  expect(findRunningHead(folder.path)?.folder.socketPath.length).toBeLessThan(100);
});

it('is none where nothing runs, and no folder is made for the look', () => {
  expect(findRunningHead(join(base, 'none'))).toBeNull();
  expect(existsSync(join(base, 'none'))).toBe(false);
  const { folder, record } = ownHead(join(base, 'own'));
  for (const change of [{ startTicks: record.startTicks - 1 }, { bootId: 'another' }, { pid: 2 ** 30 }]) {
    writeRecord(folder, { ...record, ...change });
    expect(findRunningHead(folder.path)).toBeNull();
  }
  for (const text of ['', '{"pid":', 'null', '[]', '{"pid":"1"}']) {
    writeFileSync(folder.recordPath, text);
    expect(findRunningHead(folder.path)).toBeNull();
  }
});

it('is refused where somebody else may have put the socket', () => {
  const { folder } = ownHead(join(base, 'own'));
  chmodSync(folder.path, 0o777);
  expect(() => findRunningHead(folder.path)).toThrow('others may write into it');
  chmodSync(folder.path, 0o700);
  symlinkSync(folder.path, join(base, 'link'));
  expect(() => findRunningHead(join(base, 'link'))).toThrow('not a folder of yours');
  writeFileSync(join(base, 'file'), '');
  expect(() => findRunningHead(join(base, 'file'))).toThrow('not a folder of yours');
});
