import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeTree, type FakeTree } from '../../../test/support/fake-tree.ts';
import { hostMemoryText, vendorScenarios } from '../../../test/support/vendor-texts.ts';
import { createLeash, type Leash } from '../leash.ts';
import { createSystem, type System } from '../system.ts';
import { createGpuCollector, type GpuCollector } from './gpu-collector.ts';
import { noneHere } from './kernel/elsewhere.ts';
import { createNvidiaSmiProvider } from './nvidia/nvidia-smi.ts';
import { createGpuProviders, withoutIntegrated } from './providers.ts';

/** Whole nodes: the real list of providers over stand-ins for the tools. */

const standInOf = (name: string) =>
  fileURLToPath(new URL(`../../../test/stand-ins/${name}`, import.meta.url));
const POLL = { timeout: 15_000, interval: 50 };
const GIBIBYTE = 1024 ** 3;

describe('a node with two vendors', () => {
  let tree: FakeTree;
  let system: System;
  let leash: Leash;
  let collector: GpuCollector;

  function install(tool: string, standIn: string, scenario: object): void {
    tree.write({ [`${tool}/scenario.json`]: JSON.stringify(scenario) });
    copyFileSync(standInOf(standIn), join(tree.root, tool, tool));
  }

  function installVendor(tool: string, more: object = {}): void {
    const found = vendorScenarios.find((vendor) => vendor.tool === tool);
    install(tool, 'vendor-tool', { ...found?.scenario(77), ...more });
  }

  function start(...tools: string[]): void {
    const programFolders = tools.map((tool) => join(tree.root, tool));
    system = createSystem({ root: tree.root, programFolders });
    leash = createLeash(system);
    collector = createGpuCollector(
      createGpuProviders(system, leash, createNvidiaSmiProvider(system, leash)),
      500,
    );
    collector.setInterval(500, true);
  }

  beforeEach(() => {
    tree = createFakeTree();
    tree.write({ '/proc/meminfo': hostMemoryText });
  });
  afterEach(() => {
    collector.stop();
    leash.release();
    tree.remove();
  });

  it('shows both, one with the host’s memory', async () => {
    const gb10 = {
      index: 0,
      uuid: 'GPU-0',
      'pci.bus_id': '0000000F:01:00.0',
      name: 'NVIDIA GB10',
      'memory.total': '[N/A]',
      'memory.used': '[N/A]',
      'memory.free': '[N/A]',
      'utilization.gpu': 33,
    };
    install('nvidia-smi', 'nvidia-smi', { gpus: [gb10] });
    installVendor('npu-smi');
    start('nvidia-smi', 'npu-smi');
    await expect.poll(() => collector.read().gpus.length, POLL).toBe(3);
    const { known, facts, gpus, processes, error } = collector.read();
    expect([known, error]).toEqual([true, null]);
    expect(facts).toMatchObject([
      { index: 0, vendor: 'NVIDIA', unifiedMemory: true, memoryTotalBytes: 16 * GIBIBYTE },
      { index: 1, vendor: 'Huawei', unifiedMemory: false },
      { index: 2, vendor: 'Huawei' },
    ]);
    expect(gpus.map((gpu) => [gpu.index, gpu.utilizationPercent, gpu.health])).toEqual([
      [0, 33, 'ok'],
      [1, 77, 'ok'],
      [2, 0, 'error'],
    ]);
    expect(gpus[0]?.memoryUsedBytes).toBe(6 * GIBIBYTE);
    expect(processes).toMatchObject([{ pid: 4242, gpuIndex: 1 }]);
  });

  it('shows one where the other’s tool fails, and says why', async () => {
    installVendor('amd-smi', { mode: 'die', error: 'libamd_smi.so: cannot open shared object file' });
    installVendor('hl-smi');
    start('amd-smi', 'hl-smi');
    await expect.poll(() => collector.read().gpus[0]?.utilizationPercent, POLL).toBe(77);
    await expect.poll(() => collector.read().error, POLL).toContain('libamd_smi.so: cannot open');
    expect(collector.read()).toMatchObject({
      known: true,
      facts: [{ vendor: 'Habana' }, { vendor: 'Habana' }],
    });
  });

  it('shows a Jetson’s GPU once, though nvidia-smi knows it too', async () => {
    install('nvidia-smi', 'nvidia-smi', {
      gpus: [{ index: 0, uuid: 'x', 'pci.bus_id': '[N/A]', name: 'Orin (nvgpu)' }],
    });
    installVendor('tegrastats');
    start('nvidia-smi', 'tegrastats');
    await expect.poll(() => collector.read().gpus[0]?.utilizationPercent, POLL).toBe(77);
    await expect.poll(() => collector.read().known, POLL).toBe(true);
    expect(collector.read().facts).toMatchObject([{ index: 0, unifiedMemory: true }]);
  });

  it('adds to a Thor’s GPU what only the driver knows: its load and its processes', async () => {
    install('nvidia-smi', 'nvidia-smi', {
      gpus: [
        {
          index: 0,
          uuid: 'GPU-0',
          'pci.bus_id': '00000000:01:00.0',
          name: 'NVIDIA Thor',
          'utilization.gpu': 85,
        },
      ],
      processes: [{ gpu: 0, pid: 4242, memoryMiB: 512 }],
    });
    installVendor('tegrastats', {
      lines: 'RAM 4096/16384MB GR3D_FREQ @[1574,1574,1574] gpu@48C VDD_GPU 9000mW/8000mW/9000mW',
    });
    start('nvidia-smi', 'tegrastats');
    await expect.poll(() => collector.read().gpus[0]?.smClockMHz, POLL).toBe(1574);
    await expect.poll(() => collector.read().processes.length, POLL).toBe(1);
    expect(collector.read()).toMatchObject({
      error: null,
      facts: [{ index: 0, uuid: 'GPU-0', unifiedMemory: true, memoryTotalBytes: 16 * GIBIBYTE }],
      gpus: [{ index: 0, utilizationPercent: 85, powerWatts: 9, memoryUsedBytes: 6 * GIBIBYTE }],
      processes: [{ pid: 4242, gpuIndex: 0, gpuMemoryBytes: GIBIBYTE / 2 }],
    });
  });
});

describe('withoutIntegrated', () => {
  it('leaves a card in a Jetson’s slot as it is', () => {
    const reading = { ...noneHere, error: 'pmon failed' };
    const provider = withoutIntegrated({
      vendor: 'NVIDIA',
      isPresent: () => true,
      start: () => undefined,
      setInterval: () => undefined,
      read: () => reading,
      stop: () => undefined,
    });
    expect(provider.read()).toEqual(reading);
  });
});
