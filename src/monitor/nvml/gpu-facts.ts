import { noGpuFacts } from '../../protocol/absent.ts';
import type { GpuFacts } from '../../protocol/gpu-facts.ts';
import { type Device, isMigEnabled } from './devices.ts';
import { type Handle, type Nvml, nvmlCodes, readText } from './library.ts';
import { readBar1, readMemory } from './memory.ts';

/** What stays the same on the whole node. */
export interface DriverFacts {
  driverVersion: string | null;
  cudaVersion: string | null;
}

/** Null for what the library does not tell. */
export function readDriverFacts(nvml: Nvml): DriverFacts {
  const version = Buffer.alloc(80);
  const code = nvml.call('nvmlSystemGetDriverVersion', ['buffer', 'number'], version, version.length);
  return {
    driverVersion: code === nvmlCodes.success ? readText(version, 0, version.length) : null,
    cudaVersion: readCudaVersion(nvml),
  };
}

function readCudaVersion(nvml: Nvml): string | null {
  const out = Buffer.alloc(4);
  for (const name of ['nvmlSystemGetCudaDriverVersion_v2', 'nvmlSystemGetCudaDriverVersion']) {
    if (nvml.call(name, ['buffer'], out) !== nvmlCodes.success) continue;
    const version = out.readInt32LE(0);
    return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
  }
  return null;
}

/** nvml.h: thresholds, clocks, kinds of errors and counters, causes of retired pages, compute modes. */
const SHUTDOWN = 0;
const SLOWDOWN = 1;
const MEMORY_MAX = 2;
const SM_CLOCK = 1;
const MEMORY_CLOCK = 2;
const CORRECTED = 0;
const UNCORRECTED = 1;
const VOLATILE = 0;
const AGGREGATE = 1;
const SINGLE_BIT = 0;
const DOUBLE_BIT = 1;
const computeModes = ['Default', 'Exclusive_Thread', 'Prohibited', 'Exclusive_Process'];
const MAX_NVLINKS = 18;

const watts = (milliwatts: number | null | undefined) =>
  milliwatts === null || milliwatts === undefined ? null : milliwatts / 1000;
const isOn = (value: number | null) => (value === null ? null : value !== 0);

/** What changes seldom, of one GPU or MIG instance. */
export function readGpuFacts(nvml: Nvml, driver: DriverFacts, device: Device): GpuFacts {
  const { index, pciAddress, migInstance, handle } = device;
  const place = { index, pciAddress, migInstance, parentIndex: device.parent?.index ?? null };
  const facts = { ...noGpuFacts, ...place, ...driver, vendor: 'NVIDIA' };
  if (handle === null) return facts;
  const memory = readMemory(nvml, handle);
  Object.assign(facts, {
    uuid: nvml.text('nvmlDeviceGetUUID', handle, 96),
    name: nvml.text('nvmlDeviceGetName', handle, 96),
    memoryTotalBytes: memory?.totalBytes ?? null,
    memoryReservedBytes: memory?.reservedBytes ?? null,
  });
  if (device.parent !== null) return facts;
  return {
    ...facts,
    ...readLimits(nvml, handle),
    ...readErrorCounts(nvml, handle),
    ...readModes(nvml, handle),
    ...countNvlinks(nvml, handle),
  };
}

function readLimits(nvml: Nvml, handle: Handle) {
  return {
    bar1TotalBytes: readBar1(nvml, handle)?.totalBytes ?? null,
    powerLimitWatts: watts(
      nvml.number('nvmlDeviceGetEnforcedPowerLimit', handle) ??
        nvml.number('nvmlDeviceGetPowerManagementLimit', handle),
    ),
    powerLimitDefaultWatts: watts(nvml.number('nvmlDeviceGetPowerManagementDefaultLimit', handle)),
    powerLimitMaxWatts: watts(nvml.pair('nvmlDeviceGetPowerManagementLimitConstraints', handle)?.[1]),
    shutdownCelsius: nvml.number('nvmlDeviceGetTemperatureThreshold', handle, SHUTDOWN),
    slowdownCelsius: nvml.number('nvmlDeviceGetTemperatureThreshold', handle, SLOWDOWN),
    memoryLimitCelsius: nvml.number('nvmlDeviceGetTemperatureThreshold', handle, MEMORY_MAX),
    smClockMaxMHz: nvml.number('nvmlDeviceGetMaxClockInfo', handle, SM_CLOCK),
    memoryClockMaxMHz: nvml.number('nvmlDeviceGetMaxClockInfo', handle, MEMORY_CLOCK),
    pcieGenerationMax: nvml.number('nvmlDeviceGetMaxPcieLinkGeneration', handle),
    pcieWidthMax: nvml.number('nvmlDeviceGetMaxPcieLinkWidth', handle),
  };
}

function readErrorCounts(nvml: Nvml, handle: Handle) {
  const [remappedCorrectable, remappedUncorrectable, pending, failed] = readRemappedRows(nvml, handle);
  return {
    eccEnabled: isOn(nvml.pair('nvmlDeviceGetEccMode', handle)?.[0] ?? null),
    eccVolatileCorrected: readEccCount(nvml, handle, CORRECTED, VOLATILE),
    eccVolatileUncorrected: readEccCount(nvml, handle, UNCORRECTED, VOLATILE),
    eccAggregateCorrected: readEccCount(nvml, handle, CORRECTED, AGGREGATE),
    eccAggregateUncorrected: readEccCount(nvml, handle, UNCORRECTED, AGGREGATE),
    retiredPagesSingleBit: countRetiredPages(nvml, handle, SINGLE_BIT),
    retiredPagesDoubleBit: countRetiredPages(nvml, handle, DOUBLE_BIT),
    retiredPagesPending: isOn(nvml.number('nvmlDeviceGetRetiredPagesPendingStatus', handle)),
    remappedRowsCorrectable: remappedCorrectable ?? null,
    remappedRowsUncorrectable: remappedUncorrectable ?? null,
    remappedRowsPending: isOn(pending ?? null),
    remappedRowsFailed: isOn(failed ?? null),
  };
}

function readEccCount(nvml: Nvml, handle: Handle, kind: number, counter: number): number | null {
  const out = Buffer.alloc(8);
  const code = nvml.call(
    'nvmlDeviceGetTotalEccErrors',
    ['handle', 'number', 'number', 'buffer'],
    handle,
    kind,
    counter,
    out,
  );
  return code === nvmlCodes.success ? Number(out.readBigUInt64LE(0)) : null;
}

/** Asked without room for the addresses, the library says how many there are. */
function countRetiredPages(nvml: Nvml, handle: Handle, cause: number): number | null {
  const count = Buffer.alloc(4);
  const code = nvml.call(
    'nvmlDeviceGetRetiredPages',
    ['handle', 'number', 'buffer', 'buffer'],
    handle,
    cause,
    count,
    null,
  );
  return code === nvmlCodes.success || code === nvmlCodes.insufficientSize ? count.readUInt32LE(0) : null;
}

function readRemappedRows(nvml: Nvml, handle: Handle): number[] {
  const out = Buffer.alloc(16);
  const parts = [0, 4, 8, 12].map((start) => out.subarray(start, start + 4));
  const code = nvml.call(
    'nvmlDeviceGetRemappedRows',
    ['handle', 'buffer', 'buffer', 'buffer', 'buffer'],
    handle,
    ...parts,
  );
  return code === nvmlCodes.success ? parts.map((part) => part.readUInt32LE(0)) : [];
}

function readModes(nvml: Nvml, handle: Handle) {
  const mode = nvml.number('nvmlDeviceGetComputeMode', handle);
  return {
    computeMode: mode === null ? null : (computeModes[mode] ?? String(mode)),
    persistenceEnabled: isOn(nvml.number('nvmlDeviceGetPersistenceMode', handle)),
    migEnabled: isMigEnabled(nvml, handle),
    vbiosVersion: nvml.text('nvmlDeviceGetVbiosVersion', handle, 32),
  };
}

/** Links that the library knows, and those of them that are up. */
function countNvlinks(nvml: Nvml, handle: Handle) {
  let total = 0;
  let active = 0;
  for (let link = 0; link < MAX_NVLINKS; link++) {
    const state = nvml.number('nvmlDeviceGetNvLinkState', handle, link);
    // Boards that have bridges for some links only leave gaps.
    if (state === null) continue;
    total++;
    if (state === 1) active++;
  }
  return total === 0 ? {} : { nvlinksTotal: total, nvlinksActive: active };
}
