import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noGpuFacts, noGpuFigures, noGpuProcessFigures } from '../../../protocol/absent.ts';
import { createSystem } from '../../system.ts';
import type { GpuReading } from '../provider.ts';
import { createDeviceHolders } from './device-holders.ts';

const GIB = 1024 ** 3;

describe('holders of a device', () => {
  let root = '';
  let nowMs = 0;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'holders-'));
    // The GPU with index 0 has the device file 1, and the other way round.
    for (const index of [0, 1]) {
      const place = join(root, `proc/driver/nvidia/gpus/0000:4${index}:00.0`);
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'information'), `Model: \t H100\nDevice Minor: \t ${1 - index}\n`);
    }
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function addProcess(pid: number, ...files: string[]): void {
    const folder = join(root, `proc/${pid}/fd`);
    mkdirSync(folder, { recursive: true });
    files.forEach((file, at) => {
      symlinkSync(file, join(folder, String(at)));
    });
  }

  const reading = (usedBytes: number, held: { pid: number; bytes: number | null }[] = []): GpuReading => ({
    known: true,
    error: null,
    facts: [0, 1].map((index) => ({
      ...noGpuFacts,
      index,
      vendor: 'NVIDIA',
      pciAddress: `00000000:4${index}:00.0`,
    })),
    gpus: [0, 1].map((index) => ({
      ...noGpuFigures,
      index,
      health: 'ok',
      error: null,
      memoryUsedBytes: index === 0 ? usedBytes : 0,
    })),
    processes: held.map(({ pid, bytes }) => ({
      ...noGpuProcessFigures,
      pid,
      gpuIndex: 0,
      gpuMemoryBytes: bytes,
    })),
  });
  const open = () => createDeviceHolders({ ...createSystem({ root }), monotonicMs: () => nowMs });

  it('are found by the device file of the GPU whose memory is missing', () => {
    addProcess(10, '/dev/null', '/dev/nvidia1', '/dev/nvidia1', '/dev/nvidiactl');
    addProcess(11, '/dev/nvidia0');
    addProcess(12, '/dev/nvidia1');
    expect(open().find(reading(8 * GIB, [{ pid: 12, bytes: GIB }]), [10, 11, 12, 13])).toEqual([
      { gpuIndex: 0, pid: 10 },
    ]);
  });

  it('are not looked for where all memory is explained, or a process’s is not told', () => {
    addProcess(10, '/dev/nvidia1');
    expect(open().find(reading(8 * GIB, [{ pid: 12, bytes: 8 * GIB }]), [10])).toEqual([]);
    expect(open().find(reading(8 * GIB, [{ pid: 12, bytes: null }]), [10])).toEqual([]);
  });

  it('are looked for seldom', () => {
    addProcess(10, '/dev/nvidia1');
    const holders = open();
    expect(holders.find(reading(8 * GIB), [10])).toHaveLength(1);
    addProcess(11, '/dev/nvidia1');
    nowMs += 59_000;
    expect(holders.find(reading(8 * GIB), [10, 11])).toHaveLength(1);
    nowMs += 1_000;
    expect(holders.find(reading(8 * GIB), [10, 11])).toHaveLength(2);
    expect(holders.find(reading(0), [10, 11])).toEqual([]);
  });
});
