import { noGpuFigures } from '../../protocol/absent.ts';
import type { GpuSample } from '../../protocol/sample.ts';
import { createCounterRate } from './counter-rate.ts';
import type { Device } from './devices.ts';
import { readFieldValues } from './field-values.ts';
import { type Handle, type Nvml, nvmlCodes } from './library.ts';
import { readBar1, readMemory } from './memory.ts';
import { createPcieTraffic } from './pcie-traffic.ts';
import { describeThrottleReasons } from './throttle-reasons.ts';

type Figures = Omit<GpuSample, 'index' | 'health' | 'error'>;

/** nvml.h: kinds of clocks and sensors. */
const SM_CLOCK = 1;
const MEMORY_CLOCK = 2;
const GPU_SENSOR = 0;
const UNKNOWN_STATE = 32;
const SELDOM_MS = 5_000;

const thousandth = (value: number | null) => (value === null ? null : value / 1000);
const percent = (value: number | null | undefined) =>
  value === undefined || value === null || value > 100 ? null : value;

/** What changes with every sample, of one GPU. A function that the driver lacks gives null. */
export interface GpuFigureReader {
  read(device: Device, nowMs: number): Figures;
  /** Call a moment before `read` where the traffic over PCIe is to be measured; its last figures stand otherwise. */
  beginTraffic(device: Device): void;
}

const trafficFields = [
  'memoryTemperatureCelsius',
  'nvlinkTransmitKibibytes',
  'nvlinkReceiveKibibytes',
] as const;

/** One for each device, because rates need its last counters. */
export function createGpuFigureReader(nvml: Nvml, monotonicMs: () => number): GpuFigureReader {
  const nvlinkReceive = createCounterRate();
  const nvlinkTransmit = createCounterRate();
  const pcie = createPcieTraffic(nvml, monotonicMs);
  let seldom: { figures: ReturnType<typeof readSeldom>; atMs: number } | null = null;

  function seldomFigures(handle: Handle, nowMs: number) {
    if (seldom === null || nowMs - seldom.atMs >= SELDOM_MS)
      seldom = { figures: readSeldom(nvml, handle), atMs: nowMs };
    return seldom.figures;
  }

  function readTraffic(handle: Handle, nowMs: number) {
    const fields = readFieldValues(nvml, handle, trafficFields);
    const kibibytes = (value: number | null) => (value === null ? null : value * 1024);
    return {
      memoryTemperatureCelsius: fields.memoryTemperatureCelsius,
      nvlinkReceiveBytesPerSecond: nvlinkReceive.rate(kibibytes(fields.nvlinkReceiveKibibytes), nowMs),
      nvlinkTransmitBytesPerSecond: nvlinkTransmit.rate(kibibytes(fields.nvlinkTransmitKibibytes), nowMs),
      ...pcie.read(handle),
    };
  }

  return {
    beginTraffic({ handle, parent }) {
      if (handle !== null && parent === null) pcie.begin(handle);
    },
    read(device, nowMs) {
      if (device.handle === null) return noGpuFigures;
      const memory = readMemory(nvml, device.handle);
      const held = { memoryUsedBytes: memory?.usedBytes ?? null, memoryFreeBytes: memory?.freeBytes ?? null };
      // The driver answers for a MIG instance's memory; all else it has of the whole GPU only.
      if (device.parent !== null) return { ...noGpuFigures, ...held };
      return {
        ...noGpuFigures,
        ...held,
        ...readUse(nvml, device.handle),
        ...readPhysics(nvml, device.handle),
        ...seldomFigures(device.handle, nowMs),
        ...readTraffic(device.handle, nowMs),
      };
    },
  };
}

/** nvmlUtilization_t: GPU, memory. */
const use = new Uint32Array(2);
const useBuffer = Buffer.from(use.buffer);

function readUse(nvml: Nvml, handle: Handle) {
  const isKnown =
    nvml.call('nvmlDeviceGetUtilizationRates', ['handle', 'buffer'], handle, useBuffer) === nvmlCodes.success;
  return {
    utilizationPercent: isKnown ? percent(use[0]) : null,
    memoryUtilizationPercent: isKnown ? percent(use[1]) : null,
  };
}

/** Each question to the driver costs the node some microseconds: what moves slowly is asked less often. */
function readSeldom(nvml: Nvml, handle: Handle) {
  return {
    encoderPercent: percent(nvml.pair('nvmlDeviceGetEncoderUtilization', handle)?.[0]),
    decoderPercent: percent(nvml.pair('nvmlDeviceGetDecoderUtilization', handle)?.[0]),
    bar1UsedBytes: readBar1(nvml, handle)?.usedBytes ?? null,
    energyJoules: thousandth(nvml.large('nvmlDeviceGetTotalEnergyConsumption', handle)),
    fanPercent: nvml.number('nvmlDeviceGetFanSpeed', handle),
    pcieGeneration: nvml.number('nvmlDeviceGetCurrPcieLinkGeneration', handle),
    pcieWidth: nvml.number('nvmlDeviceGetCurrPcieLinkWidth', handle),
  };
}

function readPhysics(nvml: Nvml, handle: Handle) {
  const state = nvml.number('nvmlDeviceGetPerformanceState', handle);
  return {
    temperatureCelsius: nvml.number('nvmlDeviceGetTemperature', handle, GPU_SENSOR),
    powerWatts: thousandth(nvml.number('nvmlDeviceGetPowerUsage', handle)),
    smClockMHz: nvml.number('nvmlDeviceGetClockInfo', handle, SM_CLOCK),
    memoryClockMHz: nvml.number('nvmlDeviceGetClockInfo', handle, MEMORY_CLOCK),
    performanceState: state === null || state === UNKNOWN_STATE ? null : `P${state}`,
    throttleReasons: readThrottleReasons(nvml, handle),
  };
}

/** Drivers before 535 know only the older name. */
function readThrottleReasons(nvml: Nvml, handle: Handle): string | null {
  const bits =
    nvml.large('nvmlDeviceGetCurrentClocksEventReasons', handle) ??
    nvml.large('nvmlDeviceGetCurrentClocksThrottleReasons', handle);
  return bits === null ? null : describeThrottleReasons(BigInt(bits));
}
