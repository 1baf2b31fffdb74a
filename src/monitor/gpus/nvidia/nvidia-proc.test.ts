import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystem } from '../../system.ts';
import { listNvidiaGpus } from './nvidia-proc.ts';

describe('what the kernel module lists', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'nvidia-proc-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(address: string, minor: number, isExcluded: boolean): void {
    const folder = join(root, 'proc/driver/nvidia/gpus', address);
    mkdirSync(folder, { recursive: true });
    const lines = [
      'Model: \t\t NVIDIA A100-SXM4-80GB',
      `GPU UUID: \t GPU-${minor}`,
      'Video BIOS: \t ??.??.??.??.??',
      `Device Minor: \t ${minor}`,
      `GPU Excluded:\t ${isExcluded ? 'Yes' : 'No'}`,
    ];
    writeFileSync(join(folder, 'information'), `${lines.join('\n')}\n`);
  }

  it('is in the order of addresses, without what is excluded or withheld', () => {
    write('0000:c1:00.0', 0, false);
    write('0000:81:00.0', 1, true);
    write('0000:41:00.0', 2, false);
    write('0000:01:00.0', 3, false);
    const real = createSystem({ root });
    const system = { ...real, isWithheld: (path: string) => path === '/dev/nvidia3' };
    expect(listNvidiaGpus(system)).toEqual([
      { pciAddress: '00000000:41:00.0', name: 'NVIDIA A100-SXM4-80GB', uuid: 'GPU-2', deviceMinor: 2 },
      { pciAddress: '00000000:c1:00.0', name: 'NVIDIA A100-SXM4-80GB', uuid: 'GPU-0', deviceMinor: 0 },
    ]);
    // A file that is not there is withheld from nobody.
    expect(real.isWithheld('/dev/nvidia3')).toBe(false);
  });
});
