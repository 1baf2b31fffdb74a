import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystem } from './system.ts';

describe('programs', () => {
  const path = process.env.PATH;
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'programs-'));
    for (const name of ['rocm-smi', 'squeue']) {
      writeFileSync(join(folder, name), '#!/bin/sh\n');
      chmodSync(join(folder, name), 0o755);
    }
    writeFileSync(join(folder, 'docker'), 'no program');
    process.env.PATH = `relative:${folder}:${path}`;
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });

  it('of this machine are there, and print rubbish', () => {
    process.env.PATH = path;
    const found = createSystem().findProgram('nvidia-smi');
    expect(found).toMatch(/rubbish-programs-/);
    expect(spawnSync(found ?? '').stdout.toString()).toMatch(/^rubbish/);
  });

  it('of a node are those of its PATH first', () => {
    expect(createSystem().findProgram('rocm-smi')).toBe(join(folder, 'rocm-smi'));
    expect(createSystem().findProgram('no-such-program')).toBeNull();
  });

  it('of a moved root are those that were put there alone, whatever this machine has', () => {
    expect(createSystem({ root: folder }).findProgram('rocm-smi')).toBeNull();
    expect(createSystem({ programFolders: [] }).findProgram('sh')).toBeNull();
    const own = createSystem({ root: '/nowhere', programFolders: [folder] });
    expect(own.findProgram('squeue')).toBe(join(folder, 'squeue'));
    expect([own.findProgram('docker'), own.findProgram('sh')]).toEqual([null, null]);
  });
});
