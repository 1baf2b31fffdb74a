import { type Handle, type Nvml, nvmlCodes } from './library.ts';

export interface DeviceMemory {
  totalBytes: number;
  /** What the driver keeps for itself; null where the library does not tell it apart, and counts it as used. */
  reservedBytes: number | null;
  freeBytes: number;
  usedBytes: number;
}

/** nvmlMemory_v2_t: version, total, reserved, free, used. */
const VERSION_2_BYTES = 40;
const VERSION_2 = VERSION_2_BYTES | (2 << 24);

const buffer = Buffer.alloc(VERSION_2_BYTES);
const at = (offset: number) => Number(buffer.readBigUInt64LE(offset));

/** Null where the device has no memory of its own, as in GB10, or does not tell. */
export function readMemory(nvml: Nvml, device: Handle): DeviceMemory | null {
  buffer.fill(0);
  buffer.writeUInt32LE(VERSION_2, 0);
  if (nvml.call('nvmlDeviceGetMemoryInfo_v2', ['handle', 'buffer'], device, buffer) === nvmlCodes.success)
    return { totalBytes: at(8), reservedBytes: at(16), freeBytes: at(24), usedBytes: at(32) };
  buffer.fill(0);
  if (nvml.call('nvmlDeviceGetMemoryInfo', ['handle', 'buffer'], device, buffer) === nvmlCodes.success)
    return { totalBytes: at(0), reservedBytes: null, freeBytes: at(8), usedBytes: at(16) };
  return null;
}

/** Of the window through which the processor reaches the GPU's memory. */
export function readBar1(nvml: Nvml, device: Handle): { totalBytes: number; usedBytes: number } | null {
  buffer.fill(0);
  const code = nvml.call('nvmlDeviceGetBAR1MemoryInfo', ['handle', 'buffer'], device, buffer);
  return code === nvmlCodes.success ? { totalBytes: at(0), usedBytes: at(16) } : null;
}
