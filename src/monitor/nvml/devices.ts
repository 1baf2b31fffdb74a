import { FIRST_MIG_INDEX, MAX_GPUS, MIG_INDEXES_PER_GPU } from '../../protocol/constants.ts';
import { normalPciAddress } from '../gpus/kernel/pci-address.ts';
import { describeCode, type Handle, type Nvml, nvmlCodes, readText } from './library.ts';

/** One GPU, or one MIG instance of a GPU. */
export interface Device {
  /** Null for a GPU that cannot be opened. */
  handle: Handle | null;
  index: number;
  pciAddress: string | null;
  /** Of a MIG instance: its GPU. */
  parent: Device | null;
  migInstance: string | null;
  /** Why it cannot be opened. */
  trouble: { health: 'lost' | 'error'; error: string } | null;
}

/** nvmlPciInfo_t: since version 3 the whole address follows the short one, where the older has fields of the driver's own. */
const PCI_INFO_BYTES = 68;
const pciInfos = [
  { name: 'nvmlDeviceGetPciInfo_v3', start: 36, bytes: 32 },
  { name: 'nvmlDeviceGetPciInfo_v2', start: 0, bytes: 16 },
];

/** Numbers of the library's own, which name GPUs that are lost, and what was last seen under each. */
export type KnownAddresses = Map<number, string>;

/**
 * All GPUs in the order of their PCI addresses, which is the one of `CUDA_DEVICE_ORDER=PCI_BUS_ID`, each followed by
 * its MIG instances. Throws with the library's reason where it does not even count them.
 */
export function listDevices(nvml: Nvml, addresses: KnownAddresses): Device[] {
  const gpus = openGpus(nvml, addresses);
  // The library numbers them by address too; a GPU whose address was never seen keeps its place.
  if (gpus.every(({ pciAddress }) => pciAddress !== null))
    gpus.sort((a, b) => ((a.pciAddress ?? '') < (b.pciAddress ?? '') ? -1 : 1));
  gpus.forEach((gpu, rank) => {
    gpu.index = rank;
  });
  return gpus.flatMap((gpu) => [gpu, ...listMigInstances(nvml, gpu)]).slice(0, MAX_GPUS);
}

function openGpus(nvml: Nvml, addresses: KnownAddresses): Device[] {
  const count = Buffer.alloc(4);
  const code = nvml.call('nvmlDeviceGetCount_v2', ['buffer'], count);
  if (code !== nvmlCodes.success) throw new Error(describeCode(code));
  return Array.from({ length: Math.min(MAX_GPUS, count.readUInt32LE(0)) }, (_, number) => {
    const device = openGpu(nvml, number);
    if (device.pciAddress !== null) addresses.set(number, device.pciAddress);
    return { ...device, pciAddress: addresses.get(number) ?? null };
  });
}

function openGpu(nvml: Nvml, number: number): Device {
  const out = Buffer.alloc(8);
  const code = nvml.call('nvmlDeviceGetHandleByIndex_v2', ['number', 'buffer'], number, out);
  const device = { index: number, parent: null, migInstance: null };
  if (code !== nvmlCodes.success) {
    const health = code === nvmlCodes.gpuIsLost ? 'lost' : 'error';
    return { ...device, handle: null, pciAddress: null, trouble: { health, error: describeCode(code) } };
  }
  const handle = out.readBigUInt64LE(0);
  return { ...device, handle, pciAddress: readPciAddress(nvml, handle), trouble: null };
}

function readPciAddress(nvml: Nvml, handle: Handle): string | null {
  const info = Buffer.alloc(PCI_INFO_BYTES);
  for (const { name, start, bytes } of pciInfos)
    if (nvml.call(name, ['handle', 'buffer'], handle, info) === nvmlCodes.success)
      return normalPciAddress(readText(info, start, bytes));
  return null;
}

function listMigInstances(nvml: Nvml, gpu: Device): Device[] {
  if (gpu.handle === null || !isMigEnabled(nvml, gpu.handle)) return [];
  const most = Math.min(MIG_INDEXES_PER_GPU, nvml.number('nvmlDeviceGetMaxMigDeviceCount', gpu.handle) ?? 0);
  const found: Device[] = [];
  const out = Buffer.alloc(8);
  for (let at = 0; at < most; at++) {
    const code = nvml.call(
      'nvmlDeviceGetMigDeviceHandleByIndex',
      ['handle', 'number', 'buffer'],
      gpu.handle,
      at,
      out,
    );
    if (code !== nvmlCodes.success) continue;
    const handle = out.readBigUInt64LE(0);
    found.push({
      handle,
      index: FIRST_MIG_INDEX + gpu.index * MIG_INDEXES_PER_GPU + at,
      pciAddress: gpu.pciAddress,
      parent: gpu,
      migInstance: readInstance(nvml, handle),
      trouble: null,
    });
  }
  return found;
}

/** Of `[current, pending]` modes the current one. */
export function isMigEnabled(nvml: Nvml, handle: Handle): boolean | null {
  const modes = nvml.pair('nvmlDeviceGetMigMode', handle);
  return modes && modes[0] === 1;
}

function readInstance(nvml: Nvml, handle: Handle): string | null {
  const gpuInstance = nvml.number('nvmlDeviceGetGpuInstanceId', handle);
  const computeInstance = nvml.number('nvmlDeviceGetComputeInstanceId', handle);
  return gpuInstance === null || computeInstance === null ? null : `${gpuInstance}/${computeInstance}`;
}
