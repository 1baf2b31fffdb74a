import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystem } from '../system.ts';
import {
  createGridEngine,
  type GridEngine,
  parseGroups,
  parseJobConfig,
  parseSpoolFolder,
} from './grid-engine.ts';

const EXECD = 100;

describe('jobs of Grid Engine', () => {
  let root: string;
  let nowMs: number;
  let engine: GridEngine;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'grid-'));
    nowMs = 0;
    engine = createGridEngine({ ...createSystem({ root }), monotonicMs: () => nowMs }, () => [EXECD]);
    write('/proc/sys/kernel/hostname', 'gpu-7.example.org\n');
    write(`/proc/${EXECD}/status`, 'Name:\tsge_execd\nUid:\t0\t110\t0\t110\nGroups:\t \n');
    write(`/proc/${EXECD}/cmdline`, '/usr/sbin/sge_execd\0');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  function startJob(spool: string, name: string, group: number, config = ''): void {
    write(`${spool}/active_jobs/${name}/addgrpid`, `${group}\n`);
    write(`${spool}/active_jobs/${name}/config`, `add_grp_id=${group}\njob_owner=ann\n${config}`);
  }
  const startProcess = (pid: number, groups: string) =>
    write(`/proc/${pid}/status`, `Name:\tpython\nUid:\t1001\t1001\t1001\t1001\nGroups:\t${groups} \n`);

  it('are told by their group, with the name of the job', () => {
    startJob('/var/spool/gridengine/execd/gpu-7', '4711.1', 20_001, 'job_name=train v2\nja_task_id=0\n');
    startJob('/var/spool/gridengine/execd/gpu-7', '4712.3', 20_002, 'job_name=sweep\nja_task_id=3\n');
    startJob('/var/spool/gridengine/execd/gpu-8', '4713.1', 20_003, 'job_name=elsewhere\n');
    startProcess(7, '100 20001');
    startProcess(8, '20002');
    startProcess(9, '100');
    startProcess(10, '20003');
    expect(engine.find(7)).toEqual({ kind: 'sge', id: '4711', name: 'train v2', uid: null });
    expect(engine.find(8)).toMatchObject({ id: '4712.3', name: 'sweep' });
    expect([9, 10, 11].map(engine.find)).toEqual([null, null, null]);
  });

  it('begin and end', () => {
    startProcess(7, '20001');
    expect(engine.find(7)).toBeNull();
    const spool = '/var/spool/gridengine/execd/gpu-7';
    startJob(spool, '5.1', 20_001);
    nowMs += 5_000;
    expect(engine.find(7)?.id).toBe('5');
    rmSync(join(root, spool, 'active_jobs/5.1'), { recursive: true });
    startJob(spool, '6.1', 20_001);
    nowMs += 5_000;
    expect(engine.find(7)?.id).toBe('6');
  });

  it('have groups of their own for the tasks of a parallel job', () => {
    const spool = '/var/spool/gridengine/execd/gpu-7';
    startJob(spool, '4711.1', 20_001, 'job_name=mpi\n');
    write(`${spool}/active_jobs/4711.1/1.gpu-7/addgrpid`, '20009\n');
    startProcess(7, '20009');
    expect(engine.find(7)).toMatchObject({ id: '4711', name: 'mpi' });
  });

  it.each([
    ['its working folder', '/srv/execd/gpu-7', () => link('/srv/execd/gpu-7')],
    [
      'the program’s own folder',
      '/opt/sge/default/spool/gpu-7',
      () => command('/opt/sge/bin/lx-amd64/sge_execd'),
    ],
    [
      'a host’s configuration',
      '/local/sge/gpu-7',
      () => {
        command('/opt/sge/bin/lx-amd64/sge_execd');
        write('/opt/sge/default/common/local_conf/gpu-7.example.org', 'execd_spool_dir   /local/sge\n');
      },
    ],
    [
      'the daemon’s environment',
      '/shared/ge/prod/spool/gpu-7',
      () => write(`/proc/${EXECD}/environ`, 'A=b\0SGE_ROOT=/shared/ge\0SGE_CELL=prod\0'),
    ],
  ])('are found by %s', (_, spool, prepare) => {
    prepare();
    startJob(spool, '4711.1', 20_001);
    startProcess(7, '20001');
    expect(engine.find(7)?.id).toBe('4711');
  });
  const command = (path: string) => write(`/proc/${EXECD}/cmdline`, `${path}\0`);
  /** The link is read as it stands, and what it names is looked for below the root of these tests. */
  const link = (folder: string) => symlinkSync(folder, join(root, `proc/${EXECD}/cwd`));

  it('are not believed of a daemon that an ordinary user started', () => {
    write(`/proc/${EXECD}/status`, 'Name:\tsge_execd\nUid:\t1001\t1001\t1001\t1001\n');
    startJob('/var/spool/gridengine/execd/gpu-7', '4711.1', 20_001);
    startProcess(7, '20001');
    expect(engine.find(7)).toBeNull();
  });
});

describe('files', () => {
  it('are read as they are written', () => {
    expect(parseGroups('Name:\tx\nGroups:\t4 24 65416 \nNStgid:\t1\n')).toEqual([4, 24, 65_416]);
    expect(parseGroups('Groups:\t \n')).toEqual([]);
    expect(parseJobConfig('job_name=a=b\nodd line\njob_name=c\n').get('job_name')).toBe('a=b');
    expect(parseSpoolFolder('#x\nmailer  /usr/bin/mail\nexecd_spool_dir  /var/spool/x\n')).toBe(
      '/var/spool/x',
    );
    expect(parseSpoolFolder('execd_spool_dir relative\n')).toBeNull();
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseGroups(text);
        parseGroups(`Groups:\t${text}\n`);
        parseJobConfig(text);
        parseSpoolFolder(`execd_spool_dir ${text}`);
      }),
    );
  });
});
