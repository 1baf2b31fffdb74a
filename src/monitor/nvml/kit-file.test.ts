import * as fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildKit } from '../../../test/support/nvml-stand-in.ts';
import { createSystem } from '../system.ts';
import { placeKit } from './kit-file.ts';

describe('the kit of the helper', () => {
  const system = createSystem();

  it('lies in a file without a name, without its blank parts, the program behind the addon', () => {
    const { descriptor, programAt, programBytes } = placeKit(system, buildKit());
    try {
      const content = fs.readFileSync(`/proc/self/fd/${descriptor}`);
      expect(content.length).toBe(programAt + programBytes);
      expect(content.subarray(1, 4).toString()).toBe('ELF');
      expect(content.subarray(programAt).toString()).toContain('runHelper');
      const { nlink, blocks } = fs.fstatSync(descriptor);
      expect(nlink).toBe(0);
      expect(blocks * 512).toBeLessThan(content.length * 0.7);
    } finally {
      fs.closeSync(descriptor);
    }
  });

  it('that is damaged, or that no folder takes, is refused with the reason', () => {
    expect(() => placeKit(system, Buffer.from('no kit'))).toThrow(/ecompress/);
    const full = { ...system, files: { ...fs, openSync: () => fail('no space left') } };
    expect(() => placeKit(full, buildKit())).toThrow(/\/dev\/shm: no space left; /);
  });
});

function fail(message: string): never {
  throw new Error(message);
}
