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
const VERSION_2 = BigInt(VERSION_2_BYTES | (2 << 24));

const buffer = Buffer.alloc(VERSION_2_BYTES);
/** The same memory; see library.ts for why. */
const words = new BigUint64Array(buffer.buffer, buffer.byteOffset, VERSION_2_BYTES / 8);
const at = (place: number) => Number(words[place]);

/** Null where the device has no memory of its own, as in GB10, or does not tell. */
export function readMemory(nvml: Nvml, device: Handle): DeviceMemory | null {
  words.fill(0n);
  words[0] = VERSION_2;
  if (nvml.call('nvmlDeviceGetMemoryInfo_v2', ['handle', 'buffer'], device, buffer) === nvmlCodes.success)
    return { totalBytes: at(1), reservedBytes: at(2), freeBytes: at(3), usedBytes: at(4) };
  words.fill(0n);
  if (nvml.call('nvmlDeviceGetMemoryInfo', ['handle', 'buffer'], device, buffer) === nvmlCodes.success)
    return { totalBytes: at(0), reservedBytes: null, freeBytes: at(1), usedBytes: at(2) };
  return null;
}

/** Of the window through which the processor reaches the GPU's memory. */
export function readBar1(nvml: Nvml, device: Handle): { totalBytes: number; usedBytes: number } | null {
  words.fill(0n);
  const code = nvml.call('nvmlDeviceGetBAR1MemoryInfo', ['handle', 'buffer'], device, buffer);
  return code === nvmlCodes.success ? { totalBytes: at(0), usedBytes: at(2) } : null;
}
