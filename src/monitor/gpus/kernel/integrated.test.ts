import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeTree, type FakeTree, under } from '../../../../test/support/fake-tree.ts';
import { createLeash } from '../../leash.ts';
import { createSystem, type System } from '../../system.ts';
import { createAmdProvider } from '../amd/amd.ts';
import { createKfdProcesses } from '../amd/kfd-processes.ts';
import { createIntelProvider } from '../intel/intel.ts';

/** Which GPUs within a CPU, or on the bus of one, are GPUs for a job. */

const GIBIBYTE = 1024 ** 3;
let tree: FakeTree;
let system: System;
beforeEach(() => {
  tree = createFakeTree();
  system = { ...createSystem({ root: tree.root }), findProgram: () => null };
});
afterEach(() => tree.remove());

const cardFiles = (card: string, address: string, driver: string, files: Record<string, string | number>) =>
  under(`/sys/class/drm/${card}/device`, { uevent: `DRIVER=${driver}\nPCI_SLOT_NAME=${address}`, ...files });

describe('AMD’s GPUs', () => {
  interface Apu {
    memoryBytes: number;
    /** Version of the layout of `gpu_metrics`. */
    layout?: number;
    topology?: { simds: number; perUnit: number; cpuCores: number };
  }

  function addressesWith({ memoryBytes, layout, topology }: Apu): (string | null)[] {
    tree.write(
      cardFiles('card0', '0000:7d:00.0', 'amdgpu', { gpu_busy_percent: 0, mem_info_vram_total: memoryBytes }),
    );
    if (layout !== undefined) {
      const header = Buffer.from([0xa0, 0x81, layout, 3, 0, 0]);
      writeFileSync(join(tree.root, '/sys/class/drm/card0/device/gpu_metrics'), header);
    }
    if (topology !== undefined)
      tree.write(
        under('/sys/class/kfd/kfd/topology/nodes/1', {
          gpu_id: 111,
          properties: `cpu_cores_count ${topology.cpuCores}\nsimd_count ${topology.simds}\nsimd_per_cu ${topology.perUnit}\nlocation_id ${0x7d << 8}\ndomain 0`,
        }),
      );
    tree.write(cardFiles('card1', '0000:83:00.0', 'amdgpu', { mem_info_vram_total: 64 * GIBIBYTE }));
    const provider = createAmdProvider(system, createLeash(system));
    return provider.read().facts.map(({ pciAddress }) => pciAddress);
  }

  const both = ['00000000:7d:00.0', '00000000:83:00.0'];
  const cardAlone = ['00000000:83:00.0'];

  it.each<[string, Apu]>([
    ['little memory, and nothing else is known', { memoryBytes: GIBIBYTE / 2 }],
    ['the metrics of an APU', { memoryBytes: 2 * GIBIBYTE, layout: 2 }],
    [
      'cores of the CPU beside two units',
      { memoryBytes: 2 * GIBIBYTE, topology: { simds: 4, perUnit: 2, cpuCores: 16 } },
    ],
  ])('that only draw are left out: %s', (_what, apu) => {
    expect(addressesWith(apu)).toEqual(cardAlone);
  });

  it.each<[string, Apu]>([
    [
      'an MI300A, which has no memory of its own',
      { memoryBytes: 0, layout: 1, topology: { simds: 912, perUnit: 4, cpuCores: 24 } },
    ],
    [
      'a Strix Halo with little memory set apart',
      { memoryBytes: GIBIBYTE / 2, layout: 3, topology: { simds: 80, perUnit: 2, cpuCores: 32 } },
    ],
    ['an APU that was given memory', { memoryBytes: 16 * GIBIBYTE, layout: 2 }],
    ['a card with little memory', { memoryBytes: GIBIBYTE, layout: 1 }],
    ['a card of 2 GiB of which nothing else is known', { memoryBytes: 2 * GIBIBYTE }],
  ])('that people compute on stay: %s', (_what, apu) => {
    expect(addressesWith(apu)).toEqual(both);
  });

  it('are none where the only one draws', () => {
    tree.write(cardFiles('card0', '0000:7d:00.0', 'amdgpu', { mem_info_vram_total: GIBIBYTE / 2 }));
    expect(createAmdProvider(system, createLeash(system)).read()).toMatchObject({ facts: [], gpus: [] });
  });

  it('have their own processes where partitions share an address', () => {
    const node = (at: number, id: number) =>
      under('/sys/class/kfd/kfd', {
        [`topology/nodes/${at}/gpu_id`]: id,
        [`topology/nodes/${at}/properties`]: 'location_id 3072\ndomain 0',
      });
    tree.write({ ...node(1, 11), ...node(2, 22), ...node(10, 33) });
    tree.write(under('/sys/class/kfd/kfd/proc', { '70/vram_11': 5, '71/vram_22': 6, '72/vram_33': 7 }));
    const rows = createKfdProcesses(system).read(new Map([['00000000:0c:00.0', [0, 1, 2]]]));
    expect(rows.map(({ pid, gpuIndex }) => [pid, gpuIndex])).toEqual([
      [70, 0],
      [71, 1],
      [72, 2],
    ]);
  });
});

describe('Intel’s GPUs', () => {
  function addressesWith(files: Record<string, string | number>): (string | null)[] {
    tree.write(files);
    const provider = createIntelProvider(system, createLeash(system));
    return provider.read().facts.map(({ pciAddress }) => pciAddress);
  }
  const xe = (address: string, more: Record<string, string | number> = {}) =>
    cardFiles('card0', address, 'xe', { vendor: '0x8086', device: '0x56c0', ...more });

  it.each([
    ['with local memory', xe('0000:00:06.0', { lmem_total_bytes: 17179869184 })],
    [
      'with local memory, as xe tells it',
      xe('0000:00:10.0', { 'tile0/physical_vram_size_bytes': '0x400000000' }),
    ],
    ['with sensors of its own', xe('0000:00:02.0', { 'hwmon/hwmon2/energy1_input': 5 })],
    ['on another bus', xe('0000:03:00.0')],
  ])('are cards also on bus 0, as in guests: %s', (_what, files) => {
    expect(addressesWith(files)).toHaveLength(1);
  });

  it('are not woken to say what they could tell', () => {
    const read: string[] = [];
    const files = xe('0000:03:00.0', { lmem_total_bytes: 17179869184, 'power/runtime_status': 'suspended' });
    tree.write({ ...files, '/sys/class/drm/card0/device/hwmon/hwmon2/power1_max': 5 });
    const noting = (path: string) => {
      read.push(path);
      return system.textReader(path);
    };
    const provider = createIntelProvider({ ...system, textReader: noting }, createLeash(system));
    expect(provider.read().facts).toMatchObject([
      { vendor: 'Intel', memoryTotalBytes: null, powerLimitWatts: null },
    ]);
    expect(read).toEqual([]);
    tree.write({ '/sys/class/drm/card0/device/power/runtime_status': 'active' });
    expect(provider.read().facts).toMatchObject([{ memoryTotalBytes: 17179869184 }]);
  });

  it('are left out within the CPU, which has no memory for them', () => {
    expect(addressesWith(xe('0000:00:02.0'))).toEqual([]);
    expect(addressesWith(xe('0000:00:02.0', { lmem_total_bytes: 0 }))).toEqual([]);
  });
});
