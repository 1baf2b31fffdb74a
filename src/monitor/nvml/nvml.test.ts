import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canCompile, compileNvml, writeNvmlScenario } from '../../../test/support/nvml-stand-in.ts';
import { noGpuFigures } from '../../protocol/absent.ts';
import { MAX_GPU_PROCESSES } from '../../protocol/constants.ts';
import { createCounterRate } from './counter-rate.ts';
import { describeCode, type ForeignFunctions } from './library.ts';
import { createNvmlReader } from './reader.ts';
import { describeThrottleReasons } from './throttle-reasons.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

const full = {
  vbios: '96.00.74.00.01',
  bar1: `${128 * GIB} ${3 * MIB}`,
  encoder: '5 167000',
  decoder: '7 167000',
  energy: '123456789',
  fan: '41',
  'max-clocks': '1980 1980 2619',
  reasons: '0x24',
  pcie: '4 8 5 16',
  'pcie-bytes': '4294967000 1000',
  nvlink: '17 18 1000 2000',
  'memory-temperature': '55',
  thresholds: '95 90 88',
  'ecc-mode': '1 1',
  ecc: '3 0 120 1',
  retired: '2 1 0',
  remapped: '4 1 1 0',
  compute: '3',
  persistence: '1',
  'mig-mode': '0 0',
};

describe.runIf(canCompile)('a reader of NVML', () => {
  let folder = '';
  let scenario = '';
  let foreign: ForeignFunctions;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nvml-'));
    compileNvml(folder);
    compileNvml(join(folder, 'old'), ['-DOLD_DRIVER']);
    compileNvml(join(folder, 'long'), ['-DLONG_ROWS']);
    scenario = join(folder, 'scenario');
    process.env.NVML_SCENARIO = scenario;
    const addon = createRequire(import.meta.url).resolve(`@koromix/koffi-linux-${process.arch}`);
    foreign = createRequire(import.meta.url)(join(addon, '..', `linux_${process.arch}`, 'koffi.node'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let nowMs = 0;
  const noPause = () => undefined;
  const open = (library = join(folder, 'libnvidia-ml.so.1'), pause: (ms: number) => void = noPause) =>
    createNvmlReader(foreign, library, () => nowMs, pause);
  const card = (index: number, more: Record<string, string> = {}) => ({
    uuid: `GPU-${index}`,
    pciAddress: `00000000:${10 + index}:00.0`,
    name: 'NVIDIA H100 80GB HBM3',
    more,
  });

  it('reads every figure with its unit', () => {
    writeNvmlScenario(scenario, { gpus: [card(0, full)] });
    const { facts, gpus } = open().read();
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
    writeNvmlScenario(scenario, { gpus: [card(0, full)] });
    const reader = open();
    reader.read();
    nowMs += 2_000;
    const later = { ...full, nvlink: '17 18 3000 2500' };
    writeNvmlScenario(scenario, { gpus: [card(0, later)] });
    expect(reader.read().gpus[0]).toMatchObject({
      nvlinkTransmitBytesPerSecond: 1000 * 1024,
      nvlinkReceiveBytesPerSecond: 250 * 1024,
    });
  });

  it('measures the traffic over PCIe within a moment, as its counters start anew many times a second', () => {
    writeNvmlScenario(scenario, { gpus: [card(0, full)] });
    let pauses = 0;
    const reader = open(undefined, (ms) => {
      pauses++;
      nowMs += ms;
      // 4,294,967,000 + 4,000 is 3,704 beyond 2^32.
      writeNvmlScenario(scenario, { gpus: [card(0, { ...full, 'pcie-bytes': '3704 1000001000' })] });
    });
    const measured = { pcieTransmitBytesPerSecond: 200_000, pcieReceiveBytesPerSecond: 50_000_000_000 };
    expect(reader.read().gpus[0]).toMatchObject(measured);
    nowMs += 1_000;
    expect(reader.read().gpus[0]).toMatchObject(measured);
    expect(pauses).toBe(1);
    nowMs += 5_000;
    expect(reader.read().gpus[0]).toMatchObject({ pcieTransmitBytesPerSecond: 0 });
    nowMs += 5_000;
    const late = open(undefined, () => {
      nowMs += 40;
    });
    expect(late.read().gpus[0]).toMatchObject({ pcieTransmitBytesPerSecond: null });
  });

  it('takes PCIe’s throughput as the driver measures it where there are no counters', () => {
    const { 'pcie-bytes': _counters, ...older } = full;
    writeNvmlScenario(scenario, { gpus: [card(0, { ...older, 'pcie-throughput': '1500 2500' })] });
    const reader = open();
    const pcie = { pcieTransmitBytesPerSecond: 1_500_000, pcieReceiveBytesPerSecond: 2_500_000 };
    expect(reader.read().gpus[0]).toMatchObject(pcie);
    nowMs += 1_000;
    writeNvmlScenario(scenario, {
      gpus: [card(0, { ...older, 'pcie-throughput': '7 8', temperature: '44' })],
    });
    // It takes the driver 20 ms and more: asked seldom, unlike the temperature.
    expect(reader.read().gpus[0]).toMatchObject({ ...pcie, temperatureCelsius: 44 });
    nowMs += 5_000;
    expect(reader.read().gpus[0]).toMatchObject({ pcieTransmitBytesPerSecond: 7_000 });
  });

  it('counts the wait for PCIe into the time of the other counters', () => {
    writeNvmlScenario(scenario, { gpus: [card(0, full)] });
    const reader = open(undefined, (ms) => {
      nowMs += ms;
    });
    reader.read();
    nowMs += 4_900;
    reader.read();
    nowMs += 180;
    writeNvmlScenario(scenario, { gpus: [card(0, { ...full, nvlink: '17 18 1200 2000' })] });
    // 20 ms of the 200 passed within the look.
    expect(reader.read().gpus[0]?.nvlinkTransmitBytesPerSecond).toBe(1000 * 1024);
  });

  it('gives null for what a driver lacks, and all the rest', () => {
    writeNvmlScenario(scenario, {
      gpus: [card(0, full)],
      processes: [{ gpu: 0, pid: 7, memoryMiB: 9 }],
      lines: ['code nvmlDeviceGetPowerUsage 3', 'code nvmlDeviceGetBAR1MemoryInfo 999'],
    });
    const { facts, gpus, processes } = open(join(folder, 'old', 'libnvidia-ml.so.1')).read();
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
    const swapped = [card(5), card(2)];
    writeNvmlScenario(scenario, { gpus: swapped, processes: [{ gpu: 0, pid: 7, memoryMiB: 9 }] });
    const { facts, processes } = open().read();
    expect(facts?.map(({ index, uuid }) => [index, uuid])).toEqual([
      [0, 'GPU-2'],
      [1, 'GPU-5'],
    ]);
    expect(processes).toMatchObject([{ pid: 7, gpuIndex: 1 }]);
  });

  it('tells MIG instances as rows of their own, with their processes', () => {
    writeNvmlScenario(scenario, {
      gpus: [card(0), card(1, { 'mig-mode': '1 1', 'mig-count': '7' })],
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
    const { facts, gpus, processes } = open().read();
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

  it.each([
    ['24 bytes', '.'],
    ['32 bytes, as drivers of release 535 do', 'long'],
  ])('reads processes in rows of %s', (_length, place) => {
    const library = join(folder, place, 'libnvidia-ml.so.1');
    const listed = [621, 623, 625].map((pid, at) => ({ gpu: 0, pid, memoryMiB: 10_000 + at }));
    const draws = { gpu: 1, pid: 700, memoryMiB: 3, type: 'G' as const };
    const processesOf = (processes: typeof listed) => {
      writeNvmlScenario(scenario, { gpus: [card(0), card(1)], processes: [...processes, draws] });
      return reader.read().processes.map(({ pid, gpuMemoryBytes }) => [pid, gpuMemoryBytes]);
    };
    writeNvmlScenario(scenario, { gpus: [card(0)] });
    const reader = open(library);
    const told = (processes: typeof listed) => [
      ...processes.map(({ pid, memoryMiB }) => [pid, memoryMiB * MIB]),
      [700, 3 * MIB],
    ];
    expect(processesOf([])).toEqual(told([]));
    nowMs += 10_000;
    expect(processesOf(listed)).toEqual(told(listed));
    expect(processesOf(listed.slice(0, 1))).toEqual(told(listed.slice(0, 1)));
    expect(processesOf(listed)).toEqual(told(listed));
  });

  it('merges a process that computes and draws, and makes room for many', () => {
    const many = Array.from({ length: 150 }, (_, at) => ({ gpu: 0, pid: 100 + at, memoryMiB: 1, sm: 2 }));
    writeNvmlScenario(scenario, {
      gpus: [card(0)],
      processes: [...many, { gpu: 0, pid: 100, memoryMiB: 1, type: 'G' as const }],
      lines: [],
    });
    const { processes } = open().read();
    expect(processes).toHaveLength(150);
    expect(processes[0]).toMatchObject({ pid: 100, type: 'C+G' });
    expect(processes[149]).toMatchObject({ pid: 249, type: 'C', gpuUtilizationPercent: 2 });
  });

  it('looks at once who computes, and within 5 s who draws; who stops is gone at once', () => {
    const computes = { gpu: 0, pid: 100, memoryMiB: 1 };
    const draws = { gpu: 0, pid: 200, memoryMiB: 1, type: 'G' as const };
    const reader = open();
    const pidsAfter = (ms: number, processes: (typeof computes)[]) => {
      nowMs += ms;
      writeNvmlScenario(scenario, { gpus: [card(0)], processes });
      return reader.read().processes.map(({ pid }) => pid);
    };
    expect(pidsAfter(0, [])).toEqual([]);
    expect(pidsAfter(1_000, [computes, draws])).toEqual([100]);
    expect(pidsAfter(4_000, [computes, draws])).toEqual([100, 200]);
    expect(pidsAfter(1_000, [draws])).toEqual([200]);
    expect(pidsAfter(1_000, [computes])).toEqual([100]);
  });

  it('takes memory and utilization out of their range for absent', () => {
    writeNvmlScenario(scenario, {
      gpus: [card(0, { utilization: '255 3' })],
      lines: ['process 0 7 18446744073709551615 C 4000000 3 0 0'],
    });
    const { gpus, processes } = open().read();
    expect(gpus[0]).toMatchObject({ utilizationPercent: null, memoryUtilizationPercent: 3 });
    expect(processes).toMatchObject([
      { gpuMemoryBytes: null, gpuUtilizationPercent: null, gpuMemoryUtilizationPercent: 3 },
    ]);
  });

  it('tells a GPU that needs a reset from one that is lost', () => {
    writeNvmlScenario(scenario, { gpus: [card(0)], lines: ['code nvmlDeviceGetUtilizationRates 16'] });
    expect(open().read().gpus[0]).toMatchObject({ health: 'error', error: 'GPU requires a reset' });
    writeNvmlScenario(scenario, { gpus: [card(0)], lines: ['code nvmlDeviceGetHandleByIndex_v2 15'] });
    expect(open().read().gpus[0]).toMatchObject({ health: 'lost', utilizationPercent: null });
  });

  it('tells a GPU that has only unknown errors', () => {
    const silent = ['MemoryInfo_v2', 'MemoryInfo', 'Temperature', 'UtilizationRates', 'PowerUsage'];
    const lines = silent.map((name) => `code nvmlDeviceGet${name} 999`);
    writeNvmlScenario(scenario, { gpus: [card(0)], lines });
    expect(open().read().gpus[0]).toMatchObject({ health: 'error', error: 'unknown error of the driver' });
  });

  it('keeps the name of a GPU that gets lost, and finds it again', () => {
    writeNvmlScenario(scenario, { gpus: [card(0), card(1)] });
    const reader = open();
    reader.read();
    nowMs += 10_000;
    writeNvmlScenario(scenario, { gpus: [card(0), card(1, { lost: '1' })] });
    const lost = reader.read();
    expect(lost.facts?.[1]).toMatchObject({ index: 1, uuid: 'GPU-1', name: 'NVIDIA H100 80GB HBM3' });
    expect(lost.gpus).toMatchObject([{ health: 'ok' }, { index: 1, health: 'lost', memoryUsedBytes: null }]);
    nowMs += 1_000;
    writeNvmlScenario(scenario, { gpus: [card(0), card(1)] });
    reader.read();
    expect(reader.read()).toMatchObject({
      gpus: [{ health: 'ok' }, { health: 'ok', temperatureCelsius: 30 }],
    });
  });

  it('says no more than fits into a message, however many processes there are', () => {
    const gpus = [card(0), card(1), card(2)];
    const processes = Array.from({ length: 2_400 }, (_, at) => ({
      gpu: at % 3,
      pid: 100 + at,
      memoryMiB: 1,
    }));
    writeNvmlScenario(scenario, { gpus, processes });
    expect(open().read().processes).toHaveLength(MAX_GPU_PROCESSES);
  });

  it.each([
    [4, 'insufficient permissions'],
    [9, 'driver not loaded'],
    [18, 'driver/library version mismatch'],
    [999, 'unknown error of the driver'],
    [777, 'NVML error 777'],
  ])('names the library’s code %i', (code, text) => {
    writeNvmlScenario(scenario, { gpus: [], lines: [`init ${code}`] });
    expect(open).toThrow(text);
    expect(describeCode(code)).toBe(text);
  });

  it('throws where there is no library', () => {
    expect(() => open(join(folder, 'none.so'))).toThrow(/load/);
  });
});

describe('throttle reasons', () => {
  it('are told in words, and unknown bits as their number', () => {
    expect(describeThrottleReasons(0n)).toBe('');
    expect(describeThrottleReasons(0x1n)).toBe('gpu_idle');
    expect(describeThrottleReasons(0x8000_0000_0000_0048n)).toBe(
      'hw_slowdown,hw_thermal_slowdown,0x8000000000000000',
    );
  });
});

describe('a counter’s rate', () => {
  it('is null at first, after a gap, and where the counter fell', () => {
    const counter = createCounterRate();
    expect(counter.rate(1000, 0)).toBeNull();
    expect(counter.rate(3000, 1000)).toBe(2000);
    expect(counter.rate(10, 2000)).toBeNull();
    expect(counter.rate(null, 3000)).toBeNull();
    expect(counter.rate(50, 4000)).toBeNull();
    expect(counter.rate(60, 5000)).toBe(10);
    expect(counter.rate(60, 5000)).toBeNull();
  });
});
