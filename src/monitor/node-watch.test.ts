import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noGpuFacts, noGpuProcessFigures } from '../protocol/absent.ts';
import type { GpuReading } from './gpus/provider.ts';
import { createLeash } from './leash.ts';
import { type NodeWatch, watchNode } from './node-watch.ts';
import { createSystem } from './system.ts';

const LIBRARIES = 'usr/lib/x86_64-linux-gnu';
const minute = 60_000;

describe('what happens around the GPUs', () => {
  let root = '';
  let nowMs = 0;
  let watch: NodeWatch;
  const kmsg = () => join(root, 'dev/kmsg');
  const jobOf = (pid: number) => ({ 7: 'slurm:1', 8: 'slurm:2' })[pid] ?? null;
  const reading: GpuReading = {
    known: true,
    error: null,
    facts: [{ ...noGpuFacts, index: 0, vendor: 'NVIDIA', pciAddress: '00000000:41:00.0' }],
    gpus: [],
    processes: [7, 8, 9].map((pid) => ({ ...noGpuProcessFigures, pid, gpuIndex: 0 })),
  };
  const news = (given = reading) => watch.news(given, jobOf, []);

  function installLibrary(version: string): void {
    const folder = join(root, LIBRARIES);
    writeFileSync(join(folder, `libnvidia-ml.so.${version}`), '');
    symlinkSync(`libnvidia-ml.so.${version}`, join(folder, 'new'));
    renameSync(join(folder, 'new'), join(folder, 'libnvidia-ml.so.1'));
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'node-watch-'));
    for (const part of ['dev', 'proc/driver/nvidia', LIBRARIES])
      mkdirSync(join(root, part), { recursive: true });
    writeFileSync(join(root, 'proc/uptime'), '1000.00 2000.00\n');
    writeFileSync(kmsg(), '6,1,1000000,-;NVRM: Xid (PCI:0000:41:00): 31, pid=8, name=python, MMU Fault\n');
    writeFileSync(
      join(root, 'proc/driver/nvidia/version'),
      'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build\n',
    );
    installLibrary('550.54.15');
    const system = { ...createSystem({ root }), monotonicMs: () => nowMs, environment: {} };
    watch = watchNode(system, createLeash(system));
  });
  afterEach(() => {
    watch.stop();
    rmSync(root, { recursive: true });
  });

  it('is told once, with the job of the process or those on the GPU', () => {
    expect(news().events).toMatchObject([{ code: 31, jobs: ['slurm:2'] }]);
    expect(news()).toEqual({});
    appendFileSync(kmsg(), "6,2,2000000,-;NVRM: Xid (PCI:0000:41:00): 79, pid='<unknown>', GPU has fallen\n");
    appendFileSync(kmsg(), '6,3,2000000,-;NVRM: Xid (PCI:0000:42:00): 79, elsewhere\n');
    expect(news().events).toMatchObject([
      { code: 79, jobs: ['slurm:1', 'slurm:2'] },
      { code: 79, jobs: [] },
    ]);
  });

  it('is not looked for on a node without GPUs', () => {
    expect(news({ ...reading, facts: [], processes: [] })).toEqual({});
    expect(news().events).toHaveLength(1);
  });

  it('warns of a new library before programs fail, and takes the warning back after the reboot', () => {
    expect(news().warnings).toBeUndefined();
    installLibrary('560.35.03');
    nowMs += minute;
    expect(news().warnings).toMatchObject([
      {
        code: 'driver-mismatch',
        message: expect.stringMatching(/module is version 550\.54\.15, the library on disk 560\.35\.03/),
      },
    ]);
    nowMs += minute;
    expect(news().warnings).toBeUndefined();
    writeFileSync(
      join(root, 'proc/driver/nvidia/version'),
      'NVRM version: NVIDIA UNIX x86_64 Kernel Module  560.35.03  Fri Aug 16 21:39:15 UTC 2024\n',
    );
    nowMs += minute;
    expect(news().warnings).toEqual([]);
  });
});
