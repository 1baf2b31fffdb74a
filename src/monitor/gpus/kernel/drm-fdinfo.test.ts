import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capture, fixturesFolder } from '../../../../test/fixtures.ts';
import { clientUtilization, parseDrmFdinfo } from './drm-fdinfo.ts';

const amdClient = (gfxNs: number) =>
  parseDrmFdinfo(
    `pos:\t0\nflags:\t02100002\ndrm-driver:\tamdgpu\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t27\n` +
      `drm-memory-vram:\t48596 KiB\ndrm-memory-gtt:\t100 KiB\ndrm-engine-gfx:\t${gfxNs} ns\ndrm-engine-dec:\t5 ns\n`,
  );

describe('fdinfo', () => {
  it('reads amdgpu, i915 and xe', () => {
    expect(amdClient(1000)).toMatchObject({
      pciAddress: '00000000:03:00.0',
      clientId: '27',
      memoryBytes: 48596 * 1024,
    });
    const intel = parseDrmFdinfo(
      'drm-driver:\ti915\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t7\ndrm-total-system0:\t8 MiB\n' +
        'drm-total-local0:\t4 GiB\ndrm-resident-local0:\t3 GiB\ndrm-engine-compute:\t9 ns\ndrm-engine-capacity-compute:\t4\n',
    );
    expect(intel?.memoryBytes).toBe(3 * 1024 ** 3);
    expect(intel?.engines.get('compute')).toEqual({ busyNs: 9, capacity: 4 });
    const xe = parseDrmFdinfo(
      'drm-pdev:\t0000:03:00.0\ndrm-client-id:\t3\ndrm-total-gtt:\t192 KiB\ndrm-total-vram0:\t23992 KiB\n' +
        'drm-cycles-ccs:\t50\ndrm-total-cycles-ccs:\t1000\n',
    );
    expect(xe?.memoryBytes).toBe(23992 * 1024);
    expect(xe?.cycles.get('ccs')).toEqual({ busy: 50, total: 1000, capacity: 1 });
  });

  it('tells how busy a client was between two looks', () => {
    const [before, now] = [amdClient(1e9), amdClient(1.25e9)];
    if (!before || !now) throw new Error('no client');
    expect(clientUtilization(before, now, 1_000)).toBe(25);
    expect(clientUtilization(now, before, 1_000)).toBe(0);
    expect(clientUtilization(before, now, 0)).toBeNull();
    expect(clientUtilization(before, now, 1_000, /^nothing/)).toBeNull();
  });

  it('takes an ordinary descriptor for none', () => {
    expect(parseDrmFdinfo('pos:\t0\nflags:\t02004002\nmnt_id:\t9\n')).toBeNull();
    if (fixturesFolder) expect(parseDrmFdinfo(capture('linux/pid-fdinfo/jc-pid_fdinfo.txt'))).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => parseDrmFdinfo(text) === null));
  });
});
