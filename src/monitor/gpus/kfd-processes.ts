import { noGpuProcessFigures } from '../../protocol/absent.ts';
import { MAX_GPU_PROCESSES } from '../../protocol/constants.ts';
import type { System } from '../system.ts';
import { normalPciAddress } from './pci-address.ts';
import { listOf } from './pci-devices.ts';
import type { GpuProcessReading } from './provider.ts';

const KFD = '/sys/class/kfd/kfd';

/** Compute processes of all users as AMD's kernel driver lists them; without a process and without root. */
export interface KfdProcesses {
  /** Whether the driver is there at all: if not, a tool may know more. */
  isPresent(): boolean;
  /** Whether the process is one of them, on whatever GPU. */
  has(pid: number): boolean;
  /** `indexes`: the GPUs' rows by PCI address. */
  read(indexes: ReadonlyMap<string, number>): GpuProcessReading[];
}

/**
 * The GPU of a topology node, from its `properties`: `location_id` is bus, device and function in 16 bits. The number of
 * a partition stands in its four highest bits, in some drivers in place of the function, and `amd-smi` prints it there.
 */
export function parseTopologyAddress(text: string): string | null {
  const field = (name: string) => {
    const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
    return found === undefined ? null : Number(found);
  };
  const location = field('location_id');
  if (!location) return null;
  const hex = (value: number, length: number) => value.toString(16).padStart(length, '0');
  const bus = hex((location >> 8) & 0xff, 2);
  const device = hex((location >> 3) & 0x1f, 2);
  const func = location >>> 28 || location & 7;
  return normalPciAddress(`${hex(field('domain') ?? 0, 4)}:${bus}:${device}.${func}`);
}

export function createKfdProcesses(system: System): KfdProcesses {
  let addresses: Map<string, string> | null = null;

  /** The driver's number of a GPU and its address; a reset of the driver gives new ones. */
  function readAddresses(): Map<string, string> {
    const nodes = listOf(system, `${KFD}/topology/nodes`);
    const pairs = nodes.flatMap((node): [string, string][] => {
      const path = `${KFD}/topology/nodes/${node}`;
      const id = system.tryReadText(`${path}/gpu_id`)?.trim() ?? '0';
      const address =
        id === '0' ? null : parseTopologyAddress(system.tryReadText(`${path}/properties`) ?? '');
      return address === null ? [] : [[id, address]];
    });
    return new Map(pairs);
  }

  function indexOf(id: string, indexes: ReadonlyMap<string, number>): number | undefined {
    if (addresses?.get(id) === undefined) addresses = readAddresses();
    const address = addresses.get(id) ?? '';
    // A partition that no tool tells is within its card's row.
    return indexes.get(address) ?? indexes.get(address.replace(/\.\d$/, '.0'));
  }

  function readProcess(pid: string, indexes: ReadonlyMap<string, number>): GpuProcessReading[] {
    const files = listOf(system, `${KFD}/proc/${pid}`).filter((name) => /^vram_\d+$/.test(name));
    const held = new Map<number, number>();
    for (const name of files) {
      const gpuIndex = indexOf(name.slice('vram_'.length), indexes);
      const text = system.tryReadText(`${KFD}/proc/${pid}/${name}`)?.trim() ?? '';
      // Every compute process has all GPUs open: one without memory there does not use that GPU.
      if (gpuIndex === undefined || !/^\d+$/.test(text) || text === '0') continue;
      held.set(gpuIndex, (held.get(gpuIndex) ?? 0) + Number(text));
    }
    return Array.from(held, ([gpuIndex, gpuMemoryBytes]) => ({
      ...noGpuProcessFigures,
      pid: Number(pid),
      gpuIndex,
      type: 'C',
      gpuMemoryBytes,
    }));
  }

  return {
    isPresent: () => system.exists(`${KFD}/proc`),
    has: (pid) => system.exists(`${KFD}/proc/${pid}`),
    read(indexes) {
      const pids = listOf(system, `${KFD}/proc`).filter((name) => /^[1-9]\d{0,9}$/.test(name));
      return pids.slice(0, MAX_GPU_PROCESSES).flatMap((pid) => readProcess(pid, indexes));
    },
  };
}
