import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLeash, type Leash } from '../leash.ts';
import { createSystem, type System } from '../system.ts';
import { createJobNames, type JobNames, type NamelessJob } from './job-names.ts';

/** Real programs in a folder of their own stand in for the tools. */
describe('names of jobs', () => {
  let folder: string;
  let system: System;
  let leash: Leash;
  let nowMs: number;
  let names: JobNames;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'names-'));
    nowMs = 0;
    system = {
      ...createSystem({ root: folder }),
      monotonicMs: () => nowMs,
      findProgram: (name) => (existsSync(join(folder, name)) ? join(folder, name) : null),
    };
    leash = createLeash(system);
    names = createJobNames(system, leash);
  });
  afterEach(() => {
    leash.release();
    rmSync(folder, { recursive: true });
  });

  function tool(name: string, script: string): void {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\necho "$*" >> ${folder}/${name}.log\n${script}\n`);
    chmodSync(path, 0o755);
  }
  const runsOf = (name: string) => {
    const log = join(folder, `${name}.log`);
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  };
  const job = (kind: NamelessJob['kind'], id: string, more: Partial<NamelessJob> = {}) => ({
    kind,
    id,
    uid: null,
    isSluid: false,
    ...more,
  });
  const want = (jobs: NamelessJob[]) => names.want(jobs, (pid) => (pid === 7 ? 'sABCDEF1234500' : null));
  /** Asks again until the tool has had its turn so often. */
  async function wantUntil(jobs: NamelessJob[], program: string, runs: number): Promise<void> {
    await expect
      .poll(() => {
        want(jobs);
        return runsOf(program).length;
      })
      .toBe(runs);
  }

  it('come from one squeue for all jobs', async () => {
    tool('squeue', 'echo "12|9|2|ann|train"; echo "13|13|N/A|bob|eval"');
    want([job('slurm', '12'), job('slurm', '13')]);
    await expect.poll(() => names.of('slurm', '13')).toEqual({ id: '13', user: 'bob', name: 'eval' });
    expect(names.of('slurm', '12')).toEqual({ id: '12', user: 'ann', name: 'train', arrayId: '9_2' });
    expect(runsOf('squeue')).toEqual(['-h -a -o %A|%F|%K|%u|%j -j 12,13']);
  });

  it('of a SLUID come by its number, which scontrol tells', async () => {
    tool('scontrol', 'echo "PID JOBID STEPID LOCALID GLOBALID"; echo "7 4711 0 0 0"; echo "8 4712 0 0 0"');
    want([job('slurm', 'sABCDEF1234500', { isSluid: true })]);
    await expect.poll(() => names.numberOf('sABCDEF1234500')).toBe('4711');
    expect(runsOf('squeue')).toEqual([]);
  });

  it('are not asked for again before 30 s, and not for ever', async () => {
    tool('docker', 'exit 0');
    const jobs = [job('docker', 'ab'.repeat(32))];
    await wantUntil(jobs, 'docker', 1);
    nowMs += 29_000;
    want(jobs);
    expect(runsOf('docker')).toHaveLength(1);
    for (let runs = 2; runs <= 3; runs++) {
      nowMs += 31_000;
      await wantUntil(jobs, 'docker', runs);
    }
    nowMs += 3_600_000;
    want(jobs);
    await wantUntil([...jobs, job('docker', 'cd'.repeat(32))], 'docker', 4);
  });

  it('are asked for ever more seldom where the tool refuses', async () => {
    tool('docker', 'echo "permission denied" >&2; exit 1');
    const jobs = [job('docker', 'ab'.repeat(32))];
    await wantUntil(jobs, 'docker', 1);
    nowMs += 31_000;
    await wantUntil(jobs, 'docker', 2);
    nowMs += 31_000;
    want(jobs);
    nowMs += 31_000;
    await wantUntil(jobs, 'docker', 3);
    expect(names.version).toBe(0);
  });

  it('of Podman are asked for only where they are the monitor’s own user’s', async () => {
    tool('podman', `echo "${'ab'.repeat(32)} web"`);
    want([job('podman', 'cd'.repeat(32), { uid: system.uid + 1 })]);
    expect(runsOf('podman')).toEqual([]);
    want([job('podman', 'ab'.repeat(32), { uid: system.uid })]);
    await expect.poll(() => names.of('podman', 'ab'.repeat(32))?.name).toBe('web');
  });

  it('of pods are the names of the kubelet’s folders', () => {
    const uid = '0f9e8d7c-1234-5678-9abc-def012345678';
    mkdirSync(join(folder, 'var/log/pods', `ml_train-0_${uid}`), { recursive: true });
    want([job('kubernetes', uid)]);
    expect(names.of('kubernetes', uid)?.name).toBe('ml/train-0');
  });

  it('stay unknown without a word where there is no tool', async () => {
    want([job('slurm', '1'), job('docker', 'ab'.repeat(32)), job('kubernetes', 'x')]);
    expect(names.of('slurm', '1')).toBeNull();
  });

  it('wait for one tool at a time; one that hangs ends with the monitor', async () => {
    tool('squeue', 'exec sleep 600');
    tool('docker', 'exit 0');
    let pid: number | undefined;
    const { start } = system;
    system.start = (program, args) => {
      const child = start(program, args);
      pid = child.pid;
      return child;
    };
    await wantUntil([job('slurm', '1'), job('docker', 'ab'.repeat(32))], 'squeue', 1);
    want([job('docker', 'ab'.repeat(32))]);
    expect(runsOf('docker')).toEqual([]);
    leash.release();
    await expect.poll(() => existsSync(`/proc/${pid}/exe`)).toBe(false);
  });
});
