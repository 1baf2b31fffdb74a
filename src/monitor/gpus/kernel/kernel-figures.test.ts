import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixturesFolder } from '../../../../test/fixtures.ts';
import { createFakeTree, type FakeTree, under } from '../../../../test/support/fake-tree.ts';
import { noGpuFigures } from '../../../protocol/absent.ts';
import { createLeash } from '../../leash.ts';
import { createSystem, type System } from '../../system.ts';
import { createAmdProvider } from '../amd/amd.ts';
import { createIntelProvider } from '../intel/intel.ts';
import { createJetsonProvider } from '../jetson/jetson.ts';

/** What the kernel tells of GPUs where no tool is installed. */

const GIBIBYTE = 1024 ** 3;

const cardFiles = (card: string, address: string, driver: string, files: Record<string, string | number>) =>
  under(`/sys/class/drm/${card}/device`, { uevent: `DRIVER=${driver}\nPCI_SLOT_NAME=${address}`, ...files });

const amdFiles = (card: string, address: string) =>
  cardFiles(card, address, 'amdgpu', {
    vendor: '0x1002',
    device: '0x740f',
    revision: '0x02',
    unique_id: `ab${card}`,
    gpu_busy_percent: 61,
    mem_busy_percent: 7,
    mem_info_vram_total: 64 * GIBIBYTE,
    mem_info_vram_used: 4 * GIBIBYTE,
    current_link_speed: '16.0 GT/s PCIe',
    current_link_width: 16,
    max_link_speed: '32.0 GT/s PCIe',
    max_link_width: 16,
    pp_dpm_sclk: '0: 500Mhz\n1: 800Mhz *\n2: 1700Mhz',
    pp_dpm_mclk: '0: 400Mhz\n1: 1600Mhz *',
    'hwmon/hwmon3/temp1_label': 'edge',
    'hwmon/hwmon3/temp1_input': 41000,
    'hwmon/hwmon3/temp2_label': 'junction',
    'hwmon/hwmon3/temp2_input': 47000,
    'hwmon/hwmon3/temp2_crit': 100000,
    'hwmon/hwmon3/temp2_emergency': 105000,
    'hwmon/hwmon3/temp3_label': 'mem',
    'hwmon/hwmon3/temp3_input': 53000,
    'hwmon/hwmon3/power1_average': 89_500_000,
    'hwmon/hwmon3/power1_cap': 300_000_000,
    'hwmon/hwmon3/pwm1': 51,
    'hwmon/hwmon3/pwm1_max': 255,
    'ras/umc_err_count': 'ue: 1\nce: 12',
    'ras/gfx_err_count': 'ue: 0\nce: 3',
  });

describe('figures of the kernel', () => {
  let tree: FakeTree;
  let system: System;
  let nowMs = 0;
  const create = (make: typeof createAmdProvider) => make(system, createLeash(system));

  beforeEach(() => {
    nowMs = 0;
    tree = createFakeTree();
    system = { ...createSystem({ root: tree.root }), monotonicMs: () => nowMs, findProgram: () => null };
  });
  afterEach(() => tree.remove());

  it('tells AMD’s GPUs in PCI order, without any tool', () => {
    tree.write({ ...amdFiles('card1', '0000:c3:00.0'), ...amdFiles('card2', '0000:83:00.0') });
    tree.write({ '/usr/share/libdrm/amdgpu.ids': '740F,\t02,\tAMD Instinct MI210' });
    const provider = create(createAmdProvider);
    expect(provider.isPresent()).toBe(true);
    provider.start(1_000);
    const reading = provider.read();
    expect(reading).toMatchObject({ known: true, error: null, processes: [] });
    expect(reading.facts.map(({ pciAddress }) => pciAddress)).toEqual([
      '00000000:83:00.0',
      '00000000:c3:00.0',
    ]);
    expect(reading.facts[1]).toMatchObject({
      index: 1,
      vendor: 'AMD',
      name: 'AMD Instinct MI210',
      uuid: 'abcard1',
      memoryTotalBytes: 64 * GIBIBYTE,
      powerLimitWatts: 300,
      slowdownCelsius: 100,
      shutdownCelsius: 105,
      smClockMaxMHz: 1700,
      memoryClockMaxMHz: 1600,
      pcieGenerationMax: 5,
      pcieWidthMax: 16,
      eccVolatileCorrected: 15,
      eccVolatileUncorrected: 1,
    });
    expect(reading.gpus[1]).toEqual({
      ...noGpuFigures,
      index: 1,
      health: 'ok',
      error: null,
      utilizationPercent: 61,
      memoryUtilizationPercent: 7,
      memoryUsedBytes: 4 * GIBIBYTE,
      memoryFreeBytes: 60 * GIBIBYTE,
      temperatureCelsius: 41,
      memoryTemperatureCelsius: 53,
      powerWatts: 89.5,
      fanPercent: 20,
      smClockMHz: 800,
      memoryClockMHz: 1600,
      pcieGeneration: 4,
      pcieWidth: 16,
    });
    tree.write(under('/sys/class/drm/card1/device', { gpu_busy_percent: 5 }));
    expect(provider.read().gpus[1]?.utilizationPercent).toBe(5);
    tree.remove('/sys/class/drm/card1');
    expect(provider.read().gpus[1]).toMatchObject({ health: 'lost', utilizationPercent: null });
    expect(provider.read().gpus[0]?.health).toBe('ok');
  });

  it('does not wake a GPU that the kernel put to sleep', () => {
    tree.write(amdFiles('card0', '0000:03:00.0'));
    tree.write({ '/sys/class/drm/card0/device/power/runtime_status': 'suspended' });
    const opened: string[] = [];
    const textReader = (path: string) => {
      opened.push(path);
      return system.textReader(path);
    };
    const provider = createAmdProvider({ ...system, textReader }, createLeash(system));
    expect(provider.read().gpus).toEqual([{ ...noGpuFigures, index: 0, health: 'ok', error: null }]);
    expect(provider.read().facts[0]).toMatchObject({ name: 'AMD GPU 0x740f', memoryTotalBytes: null });
    expect(opened).toEqual([]);
  });

  it('tells compute processes of all users by what KFD lists', () => {
    tree.write({ ...amdFiles('card0', '0000:83:00.0'), ...amdFiles('card1', '0000:c3:00.0') });
    tree.write(
      under('/sys/class/kfd/kfd', {
        'topology/nodes/0/gpu_id': 0,
        'topology/nodes/1/gpu_id': 111,
        'topology/nodes/1/properties': 'simd_count 416\nlocation_id 33536\ndomain 0',
        'topology/nodes/2/gpu_id': 222,
        'topology/nodes/2/properties': 'location_id 49920\ndomain 0',
        'proc/4242/vram_111': 0,
        'proc/4242/vram_222': GIBIBYTE,
      }),
    );
    expect(create(createAmdProvider).read().processes).toMatchObject([
      { pid: 4242, gpuIndex: 1, type: 'C', gpuMemoryBytes: GIBIBYTE, gpuUtilizationPercent: null },
    ]);
  });

  it('tells no memory of a GPU that has none of its own', () => {
    tree.write(amdFiles('card1', '0000:c3:00.0'));
    tree.write(under('/sys/class/drm/card1/device', { mem_info_vram_total: 0, mem_info_vram_used: 0 }));
    const { facts, gpus } = create(createAmdProvider).read();
    expect(facts[0]?.memoryTotalBytes).toBeNull();
    expect(gpus[0]).toMatchObject({ utilizationPercent: 61, memoryUsedBytes: null, memoryFreeBytes: null });
  });

  it('adds up a process’s memory in partitions that are not told, and leaves out GPUs that it only has open', () => {
    tree.write({ ...amdFiles('card0', '0000:83:00.0'), ...amdFiles('card1', '0000:c3:00.0') });
    tree.write(
      under('/sys/class/kfd/kfd', {
        'topology/nodes/1/gpu_id': 111,
        'topology/nodes/1/properties': 'location_id 33536',
        'topology/nodes/2/gpu_id': 222,
        'topology/nodes/2/properties': `location_id ${2 ** 28 + 33536}`,
        'proc/77/vram_111': GIBIBYTE,
        'proc/77/vram_222': GIBIBYTE,
      }),
    );
    const fdinfo = (client: number, address: string, engine: string) =>
      `drm-pdev: ${address}\ndrm-client-id: ${client}\ndrm-memory-vram: 56 KiB\n${engine}`;
    tree.write({
      '/proc/77/fdinfo/5': fdinfo(1, '0000:83:00.0', ''),
      '/proc/77/fdinfo/6': fdinfo(2, '0000:c3:00.0', ''),
      '/proc/78/fdinfo/5': fdinfo(3, '0000:c3:00.0', ''),
    });
    for (const path of ['/proc/77/fd/5', '/proc/77/fd/6', '/proc/78/fd/5'])
      tree.link(path, '/dev/dri/renderD128');
    nowMs = 20_000;
    expect(create(createAmdProvider).read().processes).toMatchObject([
      { pid: 77, gpuIndex: 0, gpuMemoryBytes: 2 * GIBIBYTE },
      { pid: 78, gpuIndex: 1, gpuMemoryBytes: 56 * 1024 },
    ]);
  });

  it('tells Intel’s cards, their power from the energy they used, and own processes', () => {
    const hwmon = '/sys/class/drm/card1/device/hwmon/hwmon2';
    tree.write({
      ...cardFiles('card0', '0000:00:02.0', 'i915', { vendor: '0x8086', device: '0x4680' }),
      ...cardFiles('card1', '0000:03:00.0', 'i915', { vendor: '0x8086', device: '0x56c0' }),
      '/sys/class/drm/card1/gt/gt0/rps_act_freq_mhz': 1550,
      '/sys/class/drm/card1/gt/gt0/rps_RP0_freq_mhz': 2050,
      '/sys/class/drm/card1/lmem_total_bytes': 16 * GIBIBYTE,
      '/sys/class/drm/card1/lmem_avail_bytes': 15 * GIBIBYTE,
      '/usr/share/misc/pci.ids': '8086  Intel Corporation\n\t56c0  Data Center GPU Flex 170',
      [`${hwmon}/energy1_input`]: 5_000_000,
      [`${hwmon}/power1_max`]: 150_000_000,
      '/proc/77/fdinfo/5':
        'drm-pdev: 0000:03:00.0\ndrm-client-id: 1\ndrm-engine-compute: 0 ns\ndrm-resident-local0: 8 MiB',
      '/proc/77/fdinfo/6':
        'drm-pdev: 0000:03:00.0\ndrm-client-id: 1\ndrm-engine-compute: 0 ns\ndrm-resident-local0: 8 MiB',
    });
    tree.link('/proc/77/fd/5', '/dev/dri/renderD128');
    tree.link('/proc/77/fd/6', '/dev/dri/renderD128');
    tree.link('/proc/77/fd/7', '/dev/null');
    const provider = create(createIntelProvider);
    nowMs = 20_000;
    const first = provider.read();
    expect(first.facts).toMatchObject([
      {
        index: 0,
        name: 'Data Center GPU Flex 170',
        pciAddress: '00000000:03:00.0',
        memoryTotalBytes: 16 * GIBIBYTE,
        powerLimitWatts: 150,
        smClockMaxMHz: 2050,
      },
    ]);
    expect(first.gpus[0]).toMatchObject({
      powerWatts: null,
      energyJoules: 5,
      smClockMHz: 1550,
      utilizationPercent: null,
    });
    expect(first.processes).toMatchObject([
      { pid: 77, gpuIndex: 0, gpuMemoryBytes: 8 * 1024 ** 2, gpuUtilizationPercent: null },
    ]);
    nowMs += 2_000;
    tree.write({
      [`${hwmon}/energy1_input`]: 65_000_000,
      '/proc/77/fdinfo/5': 'drm-pdev: 0000:03:00.0\ndrm-client-id: 1\ndrm-engine-compute: 1000000000 ns',
    });
    tree.remove('/proc/77/fdinfo/6');
    const second = provider.read();
    expect(second.gpus[0]).toMatchObject({ powerWatts: 30, memoryUsedBytes: GIBIBYTE });
    expect(second.processes).toMatchObject([{ pid: 77, gpuUtilizationPercent: 50 }]);
  });

  it('tells a Jetson’s load where tegrastats is not installed, and says what is missing where that fails', () => {
    tree.write({
      '/etc/nv_tegra_release': '# R36 (release), REVISION: 4.3, GCID: 1',
      '/proc/device-tree/model': 'NVIDIA Jetson AGX Orin Developer Kit\0',
      '/proc/meminfo': 'MemTotal: 1000 kB\nMemAvailable: 900 kB',
      '/sys/devices/platform/bus@0/17000000.gpu/load': 345,
    });
    const reading = create(createJetsonProvider).read();
    expect(reading).toMatchObject({
      known: true,
      error: null,
      facts: [
        {
          name: 'NVIDIA Jetson AGX Orin Developer Kit',
          unifiedMemory: true,
          memoryTotalBytes: 1000 * 1024,
          driverVersion: '36.4.3',
        },
      ],
      gpus: [{ utilizationPercent: 34.5, memoryUsedBytes: 100 * 1024 }],
    });
    tree.remove('/sys');
    expect(create(createJetsonProvider).read()).toMatchObject({
      gpus: [],
      error: /tegrastats is not installed/,
    });
  });

  it.runIf(fixturesFolder)('reads what a real card printed', () => {
    const text = (name: string) =>
      readFileSync(join(fixturesFolder ?? '', `amd/sysfs/procfs-card0-${name}.txt`), 'utf8').trim();
    const names = ['vendor', 'device', 'gpu_busy_percent', 'mem_info_vram_total', 'mem_info_vram_used'];
    const more = ['pp_dpm_sclk', 'pp_dpm_mclk', 'unique_id', 'current_link_width'];
    const files = Object.fromEntries([...names, ...more].map((name) => [name, text(name)]));
    tree.write(cardFiles('card0', '0000:09:00.0', 'amdgpu', files));
    expect(create(createAmdProvider).read()).toMatchObject({
      facts: [
        {
          uuid: '0123456789abcdef',
          memoryTotalBytes: 8573157376,
          smClockMaxMHz: 1630,
          memoryClockMaxMHz: 945,
        },
      ],
      gpus: [
        {
          utilizationPercent: 4,
          memoryUsedBytes: 1490378752,
          smClockMHz: 852,
          memoryClockMHz: 167,
          pcieWidth: 16,
        },
      ],
    });
  });
});
