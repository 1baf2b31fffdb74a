import { describe, expect, it } from 'vitest';
import { fullCard, nvmlCard, useNvmlReaders } from '../../../test/support/nvml-reader.ts';
import { canCompile } from '../../../test/support/nvml-stand-in.ts';
import { noGpuFigures } from '../../protocol/absent.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

describe.runIf(canCompile)('a reader of NVML', () => {
  const nvml = useNvmlReaders();

  it('reads every figure with its unit', () => {
    nvml.write({ gpus: [nvmlCard(0, fullCard)] });
    const { facts, gpus } = nvml.open().read();
    expect(facts).toEqual([
      {
        index: 0,
        uuid: 'GPU-0',
        name: 'NVIDIA H100 80GB HBM3',
        vendor: 'NVIDIA',
        pciAddress: '00000000:10:00.0',
        parentIndex: null,
        migInstance: null,
        unifiedMemory: false,
        memoryTotalBytes: 81_559 * MIB,
        memoryReservedBytes: 550 * MIB,
        bar1TotalBytes: 128 * GIB,
        powerLimitWatts: 700,
        powerLimitDefaultWatts: 700,
        powerLimitMaxWatts: 700,
        shutdownCelsius: 95,
        slowdownCelsius: 90,
        memoryLimitCelsius: 88,
        smClockMaxMHz: 1980,
        memoryClockMaxMHz: 2619,
        pcieGenerationMax: 5,
        pcieWidthMax: 16,
        nvlinksActive: 17,
        nvlinksTotal: 18,
        eccEnabled: true,
        eccVolatileCorrected: 3,
        eccVolatileUncorrected: 0,
        eccAggregateCorrected: 120,
        eccAggregateUncorrected: 1,
        retiredPagesSingleBit: 2,
        retiredPagesDoubleBit: 1,
        retiredPagesPending: false,
        remappedRowsCorrectable: 4,
        remappedRowsUncorrectable: 1,
        remappedRowsPending: true,
        remappedRowsFailed: false,
        computeMode: 'Exclusive_Process',
        persistenceEnabled: true,
        migEnabled: false,
        driverVersion: '580.105.08',
        cudaVersion: '13.0',
        vbiosVersion: '96.00.74.00.01',
      },
    ]);
    expect(gpus).toEqual([
      {
        index: 0,
        health: 'ok',
        error: null,
        utilizationPercent: 0,
        memoryUtilizationPercent: 0,
        encoderPercent: 5,
        decoderPercent: 7,
        memoryUsedBytes: 4 * MIB,
        memoryFreeBytes: (81_559 - 550 - 4) * MIB,
        bar1UsedBytes: 3 * MIB,
        temperatureCelsius: 30,
        memoryTemperatureCelsius: 55,
        powerWatts: 70.5,
        energyJoules: 123_456.789,
        fanPercent: 41,
        smClockMHz: 345,
        memoryClockMHz: 2619,
        performanceState: 'P0',
        throttleReasons: 'sw_power_cap,sw_thermal_slowdown',
        pcieGeneration: 4,
        pcieWidth: 8,
        pcieReceiveBytesPerSecond: null,
        pcieTransmitBytesPerSecond: null,
        nvlinkReceiveBytesPerSecond: null,
        nvlinkTransmitBytesPerSecond: null,
      },
    ]);
  });

  it('makes rates of counters', () => {
    nvml.write({ gpus: [nvmlCard(0, fullCard)] });
    const reader = nvml.open();
    reader.read();
    nvml.pass(2_000);
    const later = { ...fullCard, nvlink: '17 18 3000 2500' };
    nvml.write({ gpus: [nvmlCard(0, later)] });
    expect(reader.read().gpus[0]).toMatchObject({
      nvlinkTransmitBytesPerSecond: 1000 * 1024,
      nvlinkReceiveBytesPerSecond: 250 * 1024,
    });
  });

  it('gives null for what a driver lacks, and all the rest', () => {
    nvml.write({
      gpus: [nvmlCard(0, fullCard)],
      processes: [{ gpu: 0, pid: 7, memoryMiB: 9 }],
      lines: ['code nvmlDeviceGetPowerUsage 3', 'code nvmlDeviceGetBAR1MemoryInfo 999'],
    });
    const { facts, gpus, processes } = nvml.open({ flags: ['-DOLD_DRIVER'] }).read();
    // Before driver 510 the reserved memory counts as used.
    expect(facts?.[0]).toMatchObject({ memoryReservedBytes: null, bar1TotalBytes: null, uuid: 'GPU-0' });
    expect(gpus[0]).toMatchObject({
      health: 'ok',
      memoryUsedBytes: 554 * MIB,
      powerWatts: null,
      bar1UsedBytes: null,
      temperatureCelsius: 30,
      throttleReasons: 'sw_power_cap,sw_thermal_slowdown',
    });
    expect(processes).toMatchObject([{ pid: 7, type: 'C', gpuMemoryBytes: 9 * MIB }]);
  });

  it('numbers GPUs by their addresses, as CUDA_DEVICE_ORDER=PCI_BUS_ID does', () => {
    const swapped = [nvmlCard(5), nvmlCard(2)];
    nvml.write({ gpus: swapped, processes: [{ gpu: 0, pid: 7, memoryMiB: 9 }] });
    const { facts, processes } = nvml.open().read();
    expect(facts?.map(({ index, uuid }) => [index, uuid])).toEqual([
      [0, 'GPU-2'],
      [1, 'GPU-5'],
    ]);
    expect(processes).toMatchObject([{ pid: 7, gpuIndex: 1 }]);
  });

  it('tells MIG instances as rows of their own, with their processes', () => {
    nvml.write({
      gpus: [nvmlCard(0), nvmlCard(1, { 'mig-mode': '1 1', 'mig-count': '7' })],
      lines: [
        'mig 1 0 uuid MIG-a',
        'mig 1 0 name NVIDIA H100 80GB HBM3 MIG 3g.40gb',
        'mig 1 0 instance 2 0',
        `mig 1 0 memory ${40 * GIB} 0 ${5 * GIB} ${35 * GIB}`,
        'mig 1 3 uuid MIG-b',
        'mig 1 3 instance 9 1',
        `process 1/3 77 ${GIB} C 0 0 0 0`,
        `process 1 77 ${GIB} C 0 0 0 0`,
      ],
    });
    const { facts, gpus, processes } = nvml.open().read();
    expect(facts).toMatchObject([
      { index: 0, parentIndex: null, migEnabled: null },
      { index: 1, parentIndex: null, migEnabled: true },
      { index: 1056, parentIndex: 1, migInstance: '2/0', uuid: 'MIG-a', memoryTotalBytes: 40 * GIB },
      { index: 1059, parentIndex: 1, migInstance: '9/1', uuid: 'MIG-b', memoryTotalBytes: null },
    ]);
    expect(gpus[2]).toEqual({
      ...noGpuFigures,
      index: 1056,
      health: 'ok',
      error: null,
      memoryUsedBytes: 5 * GIB,
      memoryFreeBytes: 35 * GIB,
    });
    expect(processes.map(({ pid, gpuIndex }) => [pid, gpuIndex])).toEqual([[77, 1059]]);
  });
});
